//! The effect of `read-file`. It blocks, and so runs on the pool of blocking threads.

use std::io::Read;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{File, OpenOptions};

use super::FileError;
use super::permit::{FilePermit, Links};
use crate::contract::limits;

/// The whole text of a file.
///
/// # Errors
///
/// `symlink points outside sandbox` (T17), `path outside sandbox` for the runtime's own folder, `not a regular file`, `file too large` over
/// [`limits::FILE_READ_BYTES`] (T20), `file is not valid UTF-8`, and what the operating system
/// says: not found, permission denied, other.
pub(in crate::sandbox) fn read(permit: &FilePermit) -> Result<String, FileError> {
    let file = open(permit)?;
    permit.check_opened(&file)?;
    let metadata = file.metadata().map_err(|error| FileError::from_io(permit.asked(), error))?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular);
    }
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if size > limits::FILE_READ_BYTES {
        return Err(FileError::TooLarge);
    }
    // The size is a hint: files of /proc say 0, and a log may grow while it is read.
    let mut bytes = Vec::with_capacity(size);
    let limit = limits::FILE_READ_BYTES as u64 + 1;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| FileError::from_io(permit.asked(), error))?;
    if bytes.len() > limits::FILE_READ_BYTES {
        return Err(FileError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|_| FileError::NotUtf8)
}

fn open(permit: &FilePermit) -> Result<File, FileError> {
    let (folder, path, asked) = (permit.folder(), permit.path(), permit.asked());
    if path.as_os_str().is_empty() {
        return Err(FileError::NotRegular);
    }
    let (found, follow) = match permit.links() {
        Links::Follow => (folder.metadata(path), FollowSymlinks::Yes),
        Links::Refuse => (folder.symlink_metadata(path), FollowSymlinks::No),
    };
    let found = found.map_err(|error| FileError::from_io(asked, error))?;
    if found.is_symlink() {
        return Err(FileError::symlink(asked));
    }
    // Looked at before it is opened, because opening a device can do something; and opened without
    // waiting, because a pipe may have taken the file's place since.
    if !found.is_file() {
        return Err(FileError::NotRegular);
    }
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true).follow(follow);
    folder.open_with(path, &options).map_err(|error| FileError::from_io(asked, error))
}
