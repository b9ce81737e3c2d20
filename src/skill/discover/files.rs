//! The files of one skill's folder: listed and read beneath it, whatever links lie there.
//!
//! Names that begin with a dot, links, ignored folders, what editors leave behind and weft-lite's own
//! records are not files of the skill: they are neither listed nor read. Only `SKILL.md` may be a link,
//! to a file in the same folder. Nothing is kept open or in memory between two questions.

use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use crate::contract::sort_by;
use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};

use super::ignored::{CACHE_TAG, is_cache_tag, is_ignored_name, is_leftover};
use super::regular::at_most;

/// Files of one skill (SEP-2640, limits).
pub(crate) const SKILL_FILES: usize = 512;
/// Bytes of all files of one skill (SEP-2640, limits).
pub(crate) const SKILL_TOTAL_BYTES: u64 = 16 << 20;
/// The file that makes a folder a skill.
pub(crate) const SKILL_FILE: &str = "SKILL.md";
/// The records that installing leaves beside the skill's own files.
const RECORDS: [&str; 2] = ["install.json", "weft.signature.json"];
/// Folders within folders.
const DEPTH: usize = 16;

/// A file of a skill, with its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkillFile {
    /// Its path from the skill's folder, with `/`.
    pub(crate) path: String,
    /// Its length in bytes.
    pub(crate) bytes: u64,
    /// When it was last written.
    pub(crate) modified: Option<SystemTime>,
}

/// A skill's folder as a handle.
#[derive(Debug)]
pub(crate) struct OpenSkill(Dir);

impl OpenSkill {
    /// Opens a skill's folder.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Dir::open_ambient_dir(folder, ambient_authority()).map(Self)
    }

    /// All its files, in the order of their paths.
    ///
    /// # Errors
    ///
    /// The system's, and [`io::ErrorKind::FileTooLarge`] for more than [`SKILL_FILES`] files or
    /// [`SKILL_TOTAL_BYTES`].
    pub(crate) fn files(&self) -> io::Result<Vec<SkillFile>> {
        let mut files = Vec::new();
        collect(&self.0, "", 0, &mut files)?;
        if let Ok(link) = self.0.symlink_metadata(SKILL_FILE)
            && link.is_symlink()
            && let Ok(metadata) = self.0.metadata(SKILL_FILE)
            && metadata.is_file()
        {
            files.push(file(SKILL_FILE.to_owned(), &metadata));
        }
        sort_by(&mut files, |one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// What is in a file of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// The system's; [`io::ErrorKind::NotFound`] for a path that [`files`](Self::files) would not
    /// give, [`io::ErrorKind::FileTooLarge`] for one over the limit.
    pub(crate) fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        let parts: Vec<&str> = path.split('/').collect();
        let Some((name, folders)) = parts.split_last() else { return Err(not_found()) };
        let is_record = parts.len() == 1 && RECORDS.contains(name);
        if parts.len() > DEPTH
            || is_record
            || is_leftover(name)
            || folders.iter().any(|part| is_ignored_name(part))
            || !parts.iter().all(|part| is_offered(part))
        {
            return Err(not_found());
        }
        let mut folder = self.0.try_clone()?;
        for part in folders {
            folder = folder.open_dir_nofollow(part)?;
            if is_cache(&folder) {
                return Err(not_found());
            }
        }
        let mut options = OpenOptions::new();
        // Opening a pipe would wait for its writer otherwise.
        // The handle keeps what it leads to within the folder.
        let follow = if path == SKILL_FILE { FollowSymlinks::Yes } else { FollowSymlinks::No };
        options.read(true).nonblock(true).follow(follow);
        let mut file = folder.open_with(name, &options)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(not_found());
        }
        let over = |bytes: u64| {
            let message = format!("the file has {bytes} bytes, and {limit} is the most");
            io::Error::new(io::ErrorKind::FileTooLarge, message)
        };
        if metadata.len() > limit {
            return Err(over(metadata.len()));
        }
        // One byte more, so that the end is found without growing.
        let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
        at_most(&mut file, limit + 1).read_to_end(&mut content)?;
        match content.len() as u64 > limit {
            true => Err(over(content.len() as u64)),
            false => Ok(content),
        }
    }
}

/// Adds the files in a folder and below it. The limits are checked as it goes, so that a huge folder is not
/// listed to its end.
fn collect(folder: &Dir, prefix: &str, depth: usize, files: &mut Vec<SkillFile>) -> io::Result<()> {
    if depth >= DEPTH {
        return Err(too_large());
    }
    for entry in folder.entries()? {
        let entry = entry?;
        // A name that is not UTF-8 has no URI.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !is_offered(&name) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if is_ignored_name(&name) {
                continue;
            }
            let inner = entry.open_dir()?;
            if !is_cache(&inner) {
                collect(&inner, &format!("{prefix}{name}/"), depth + 1, files)?;
            }
        } else if kind.is_file() && !is_leftover(&name) {
            if depth == 0 && RECORDS.contains(&name.as_str()) {
                continue;
            }
            files.push(file(format!("{prefix}{name}"), &entry.metadata()?));
            let total = files.iter().map(|file| file.bytes).sum::<u64>();
            if files.len() > SKILL_FILES || total > SKILL_TOTAL_BYTES {
                return Err(too_large());
            }
        }
    }
    Ok(())
}

/// A file by its path and metadata.
fn file(path: String, metadata: &Metadata) -> SkillFile {
    let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
    SkillFile { path, bytes: metadata.len(), modified }
}

/// Whether the folder is marked as one whose content can be made again.
fn is_cache(folder: &Dir) -> bool {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true).follow(FollowSymlinks::No);
    folder.open_with(CACHE_TAG, &options).is_ok_and(is_cache_tag)
}

/// Whether a name can be a part of a file's path. A backslash would separate folders on other systems.
fn is_offered(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains('\\')
}

/// The error for a path that is not offered. It is the same whether the file exists or not.
fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

/// The error for a skill beyond one of the limits.
fn too_large() -> io::Error {
    let message = format!(
        "the skill has more than {SKILL_FILES} files, {SKILL_TOTAL_BYTES} bytes or {DEPTH} levels"
    );
    io::Error::new(io::ErrorKind::FileTooLarge, message)
}
