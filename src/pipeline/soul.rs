//! `SOUL.md`: what the assistant is like, in the words of whoever owns the workspace.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt};

/// The file's name.
pub const SOUL_FILE: &str = "SOUL.md";

/// Bytes that are read of it; what comes after them is left out, with a warning.
pub const SOUL_BYTES: usize = 32 * 1024;

/// The places where it is looked for, beneath the workspace.
const PLACES: [&str; 2] = ["SOUL.md", ".weft/SOUL.md"];

/// Reads the file again when it has changed. Links that lead out of the workspace are not followed.
pub(super) struct Soul {
    workspace: PathBuf,
    read: Mutex<Option<Known>>,
}

struct Known {
    stamp: Stamp,
    text: Arc<str>,
}

/// What tells one state of the file from another.
#[derive(PartialEq, Eq)]
struct Stamp {
    place: &'static str,
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    fn new(place: &'static str, metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
        Self { place, modified, bytes: metadata.len(), inode: metadata.ino() }
    }
}

impl Soul {
    pub(super) fn new(workspace: &Path) -> Self {
        Self { workspace: workspace.to_owned(), read: Mutex::default() }
    }

    /// The text as it is now; `None` where there is no such file.
    pub(super) fn text(&self) -> Option<Arc<str>> {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let workspace = Dir::open_ambient_dir(&self.workspace, ambient_authority()).ok()?;
        let found = PLACES.iter().find_map(|place| {
            let metadata = workspace.metadata(place).ok().filter(Metadata::is_file)?;
            Some(Stamp::new(place, &metadata))
        });
        let Some(stamp) = found else {
            *known = None;
            return None;
        };
        if let Some(known) = known.as_ref().filter(|known| known.stamp == stamp) {
            return Some(Arc::clone(&known.text));
        }
        let text: Arc<str> = read(&workspace, stamp.place)?.into();
        *known = Some(Known { stamp, text: Arc::clone(&text) });
        Some(text)
    }
}

fn read(workspace: &Dir, place: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let opened = workspace
        .open(place)
        .and_then(|file| file.take(SOUL_BYTES as u64 + 1).read_to_end(&mut bytes));
    if let Err(error) = opened {
        log::warn!("{place} can't be read: {error}");
        return None;
    }
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // A letter that the limit has cut is no fault of the file.
        Err(error) if error.utf8_error().valid_up_to() + 4 > SOUL_BYTES => {
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
        Err(_) => {
            log::warn!("{place} is not UTF-8, so it is left out");
            return None;
        }
    };
    if text.len() > SOUL_BYTES {
        log::warn!("{place} is over {SOUL_BYTES} bytes, and what comes after them is left out");
        text.truncate(text.floor_char_boundary(SOUL_BYTES));
    }
    Some(text.trim().to_owned())
}
