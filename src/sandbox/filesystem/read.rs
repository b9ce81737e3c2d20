//! The effect of `read-file`. It blocks, and so runs on the pool of blocking threads.

use std::io::{self, Read};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{File, OpenOptions};
use rustix::fs::FileType;

use super::FileError;
use super::permit::{Access, FilePermit};
use super::walk::walk;
use crate::contract::limits;

/// The whole text of a file.
///
/// # Errors
///
/// `symlink points outside sandbox` (T17), a refusal of the places that no grant opens, `not a regular file`,
/// `file too large` over [`limits::FILE_READ_BYTES`] (T20), `file is not valid UTF-8`, and the operating
/// system's errors: not found, permission denied, other.
pub(in crate::sandbox) fn read(permit: &FilePermit) -> Result<String, FileError> {
    let file = open(permit)?;
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

/// The file of a permit, opened and then checked as the handle that it is (T17).
fn open(permit: &FilePermit) -> Result<File, FileError> {
    let found = walk(permit, Access::Read)?;
    found.check()?;
    let fail = |error| FileError::from_io(permit.asked(), error);
    match found.kind() {
        None => return Err(fail(io::ErrorKind::NotFound.into())),
        // The kind is checked before the file is opened, because opening a device can have an effect. The file
        // is opened without waiting, because a pipe may have replaced it since.
        Some(FileType::RegularFile) => {}
        Some(_) => return Err(FileError::NotRegular),
    }
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true).follow(FollowSymlinks::No);
    let file = found.folder().open_with(found.name(), &options).map_err(fail)?;
    found.check_opened(&file)?;
    Ok(file)
}
