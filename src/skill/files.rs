//! The files of one skill's folder: listed and read beneath it, whatever links lie there.
//!
//! Names that begin with a dot, and links, are not files of the skill: they are neither listed nor
//! read. Nothing is kept open or in memory between two questions.

use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use crate::contract::sort_by;
use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

/// Files of one skill (SEP-2640, limits).
pub(crate) const SKILL_FILES: usize = 512;
/// Bytes of all files of one skill (SEP-2640, limits).
pub(crate) const SKILL_TOTAL_BYTES: u64 = 16 << 20;
/// Folders within folders.
const DEPTH: usize = 16;

/// A file of a skill, as the system tells of it.
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
        sort_by(&mut files, |one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// What is in a file.
    ///
    /// # Errors
    ///
    /// The system's; [`io::ErrorKind::NotFound`] for a path that [`files`](Self::files) would not
    /// give.
    pub(crate) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let parts: Vec<&str> = path.split('/').collect();
        let Some((name, folders)) = parts.split_last() else { return Err(not_found()) };
        if parts.len() > DEPTH || !parts.iter().all(|part| is_offered(part)) {
            return Err(not_found());
        }
        let mut folder = self.0.try_clone()?;
        for part in folders {
            folder = folder.open_dir_nofollow(part)?;
        }
        let mut options = OpenOptions::new();
        // Opening a pipe would wait for its writer otherwise.
        options.read(true).nonblock(true).follow(FollowSymlinks::No);
        let file = folder.open_with(name, &options)?;
        if !file.metadata()?.is_file() {
            return Err(not_found());
        }
        let mut content = Vec::new();
        file.take(SKILL_TOTAL_BYTES + 1).read_to_end(&mut content)?;
        match content.len() as u64 > SKILL_TOTAL_BYTES {
            true => Err(too_large()),
            false => Ok(content),
        }
    }
}

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
            collect(&entry.open_dir()?, &format!("{prefix}{name}/"), depth + 1, files)?;
        } else if kind.is_file() {
            let metadata = entry.metadata()?;
            files.push(SkillFile {
                path: format!("{prefix}{name}"),
                bytes: metadata.len(),
                modified: metadata.modified().ok().map(cap_std::time::SystemTime::into_std),
            });
            let total = files.iter().map(|file| file.bytes).sum::<u64>();
            if files.len() > SKILL_FILES || total > SKILL_TOTAL_BYTES {
                return Err(too_large());
            }
        }
    }
    Ok(())
}

fn is_offered(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains('\\')
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

fn too_large() -> io::Error {
    let message = format!(
        "the skill has more than {SKILL_FILES} files, {SKILL_TOTAL_BYTES} bytes or {DEPTH} levels"
    );
    io::Error::new(io::ErrorKind::FileTooLarge, message)
}
