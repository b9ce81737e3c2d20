//! The data folders of plugins, below weft-lite's own folder: one for each folder that a plugin is loaded
//! from, and of a limited size.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::FileError;
use super::authority::real;
use crate::contract::limits::MB;
use crate::contract::{percent_encoded, skill_id};
use crate::task::Lock;

/// Bytes of one part of such a path; file systems take up to 255.
const PART_BYTES: usize = 200;

/// The data folder of the plugin in `folder`. An installed plugin's is named by its kind and id. For others the
/// path is the key, so that no two share a folder and none is in another.
pub(in crate::sandbox) fn plugin_data(home: &Path, folder: &Path) -> PathBuf {
    let (home, folder) = (real(home), real(folder));
    let data = home.join("data");
    match folder.strip_prefix(&home) {
        Ok(installed) if installed.components().count() == 2 => data.join(installed),
        _ => {
            let name = escaped(&folder);
            let mut path = data.join("folders");
            // Each part is ASCII. Only the last ends in `.data`, which no other can: they are full.
            let (parts, last) = name.as_bytes().as_chunks::<PART_BYTES>();
            path.extend(parts.iter().map(|part| String::from_utf8_lossy(part).into_owned()));
            path.join(format!("{}.data", String::from_utf8_lossy(last)))
        }
    }
}

/// The name under which the plugin in `folder` keeps keys and values. As with its data folder, an installed one has
/// that of its kind and id, and others don't share one: none reads what an installed plugin of its id keeps. A
/// plugin without a folder is compiled in, and its name starts with `bundled:`: no package has it, whatever its id,
/// and removing one clears none of it.
pub(in crate::sandbox) fn store_name(
    home: Option<&Path>,
    folder: Option<&Path>,
    id: &str,
) -> String {
    let Some(folder) = folder.map(real) else { return format!("bundled:{id}") };
    // Without a `/` at the end.
    let folder = folder.components().as_path();
    let installed = home.and_then(|home| folder.strip_prefix(real(home)).ok()?.to_str());
    match installed.and_then(|path| path.split_once('/')) {
        Some(("plugins", name)) if !name.contains(['/', ':']) => name.to_owned(),
        Some(("skills", name)) if !name.contains('/') => skill_id(name),
        // A path that is not text begins with `%2f` then, and no other does.
        _ => format!("{id}@{}", folder.to_str().map_or_else(|| escaped(folder), str::to_owned)),
    }
}

/// The path as one name: letters, digits, `-` and `_` as they are, everything else as `%2f`.
fn escaped(path: &Path) -> String {
    percent_encoded(path.as_os_str().as_bytes(), |byte| {
        byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
    })
}

/// The least that a file or folder takes on disk. Sizes are rounded up to a multiple of it.
const BLOCK: u64 = 4096;

/// The size of a plugin's data, and its limit.
#[derive(Debug)]
pub(super) struct DataRoom {
    folder: PathBuf,
    limit: usize,
    /// Includes the room that concurrent calls have reserved and not used yet. Other processes may write there,
    /// too, so every call that needs more room measures the folder.
    held: Lock<Option<u64>>,
}

impl DataRoom {
    /// The room in `folder` for `limit` bytes. Nothing is measured yet.
    pub(super) fn new(folder: &Path, limit: usize) -> Self {
        Self { folder: folder.to_owned(), limit, held: Lock::default() }
    }

    /// Reserves room for a file of `new` bytes that replaces one of `old` bytes, if there is one, and for the new
    /// folders on the way to it. Blocks on the file system.
    ///
    /// # Errors
    ///
    /// [`FileError::DataFull`] if the data would exceed its limit.
    pub(super) fn reserve(
        &self,
        old: Option<u64>,
        new: usize,
        folders: usize,
    ) -> Result<(), FileError> {
        let limit = self.limit as u64;
        let (old, new) = (old.map_or(0, on_disk), on_disk(new as u64) + folders as u64 * BLOCK);
        let mut held = self.held.lock();
        let then = |held: u64| held.saturating_sub(old) + new;
        if new <= old {
            *held = held.map(then);
            return Ok(());
        }
        let there = measured(&self.folder, limit);
        let most = held.map_or(there, |held| held.max(there));
        let now = if then(most) <= limit { most } else { there };
        let fits = then(now) <= limit;
        *held = Some(if fits { then(now) } else { now });
        if fits { Ok(()) } else { Err(FileError::DataFull { limit_mb: self.limit / MB }) }
    }
}

/// The bytes that a file of this size takes. An empty one takes a block, or endless empty files would fit.
fn on_disk(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK).max(BLOCK)
}

/// The size of the folder on disk. Stops counting beyond `limit`.
fn measured(folder: &Path, limit: u64) -> u64 {
    let mut held = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            held += on_disk(found.len());
            if found.is_dir() {
                folders.push(entry.path());
            }
            if held > limit {
                return held;
            }
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn paths_that_are_no_text_have_two_stores() {
        let name = |path| store_name(None, Some(Path::new(OsStr::from_bytes(path))), "notes");
        assert_eq!(name(b"/no/such/%2f"), "notes@/no/such/%2f");
        assert_eq!(name(b"/no/such/\xff"), "notes@%2fno%2fsuch%2f%ff");
        assert_eq!(name(b"/no/such/\xfe"), "notes@%2fno%2fsuch%2f%fe");
    }
}
