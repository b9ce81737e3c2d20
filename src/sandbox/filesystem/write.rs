//! The effect of `write-file`: a new file replaces the old one, whole or not at all.
//!
//! It blocks, and so runs on the pool of blocking threads. The old content is never touched: an error or a
//! power cut leaves it as it was.

use std::io::{self, Write};
use std::os::unix::fs::fchown;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{
    Dir, File, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt,
};
use rustix::fs::FileType;

use super::permit::{Access, FilePermit};
use super::walk::walk;
use super::{FileError, leftover};
use crate::contract::limits;

/// Names to try for the temporary file: the first is free unless an earlier process left its own.
const MAX_NAMES: usize = 64;

/// Writes `content` as the whole file, and creates missing folders beneath the grant.
///
/// A link at the path that stays inside the sandbox is followed, and the file that it names is
/// replaced. An existing file keeps its permission bits, and its owner where the host may set it.
///
/// # Errors
///
/// `write content too large` over [`limits::FILE_WRITE_BYTES`], before anything is touched;
/// `symlink points outside sandbox` (T22), `not a regular file`, and the operating system's errors: permission
/// denied (also for a file that is read-only), no space left, other.
pub(in crate::sandbox) fn write(permit: &FilePermit, content: &str) -> Result<(), FileError> {
    if content.len() > limits::FILE_WRITE_BYTES {
        return Err(FileError::ContentTooLarge);
    }
    let fail = |error| FileError::from_io(permit.asked(), error);
    let mut found = walk(permit, Access::Write)?;
    found.check()?;
    let old = match found.kind() {
        Some(FileType::RegularFile) => {
            let old = open_old(found.folder(), found.name()).map_err(fail)?;
            found.check_opened(&old)?;
            Some(old)
        }
        Some(_) => return Err(FileError::NotRegular),
        None => None,
    };
    if let Some(room) = permit.data() {
        let before = old.as_ref().map(File::metadata).transpose().map_err(fail)?;
        let before = before.map(|it| it.len());
        room.reserve(before, content.len(), found.new_folders())?;
    }
    found.make_folders()?;
    let (folder, name) = (found.folder(), found.name());
    replace(folder, name, old.as_ref(), content).map_err(fail)
}

/// Opens the file that will be replaced, as if to write to it: a rename would ask only for rights
/// on the folder, and a read-only file is not to be replaced.
fn open_old(folder: &Dir, name: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).nonblock(true).follow(FollowSymlinks::No);
    folder.open_with(name, &options)
}

/// Writes a temporary file beside the old one, syncs it and renames it. A reader sees the old content or the
/// new, and never a part.
fn replace(folder: &Dir, name: &Path, old: Option<&File>, content: &str) -> io::Result<()> {
    let (mut file, temporary) = create_temporary(folder, old)?;
    let written =
        fill(&mut file, old, content).and_then(|()| folder.rename(&temporary, folder, name));
    if let Err(error) = written {
        // The first error is the one to report; a file that can't be removed changes nothing for it.
        let _ = folder.remove_file(&temporary);
        return Err(error);
    }
    sync_folder(folder)
}

/// Creates a temporary file in the folder, under a name that is not in use. Returns it with its name.
fn create_temporary(folder: &Dir, old: Option<&File>) -> io::Result<(File, PathBuf)> {
    /// The number of the next temporary file, so that two writes at once don't meet.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Content that may have been private stays private from the first moment. A new file gets the usual
    // mode, less the umask.
    let mode = if old.is_some() { 0o600 } else { 0o666 };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut taken = None;
    for _ in 0..MAX_NAMES {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = PathBuf::from(leftover::name(number));
        match folder.open_with(&name, &options) {
            Ok(file) => return Ok((file, name)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(taken.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()))
}

/// Writes the content with the old file's owner and permission bits, and syncs it before the rename.
fn fill(file: &mut File, old: Option<&File>, content: &str) -> io::Result<()> {
    file.write_all(content.as_bytes())?;
    if let Some(old) = old {
        let kept = old.metadata()?;
        // Only root may give files away; for others the new file is theirs, as with any editor
        // that replaces files. Before the mode, because a change of owner can clear bits of it.
        let _ = fchown(&*file, Some(kept.uid()), None);
        // The permissions of the old file's group are not for another group.
        let same_group = fchown(&*file, None, Some(kept.gid())).is_ok();
        let bits = if same_group { 0o777 } else { 0o707 };
        file.set_permissions(Permissions::from_mode(kept.mode() & bits))?;
    }
    file.sync_all()
}

/// Makes the rename durable, if the folder can be opened to do so and its file system supports it.
fn sync_folder(folder: &Dir) -> io::Result<()> {
    let Ok(handle) = folder.open(".") else { return Ok(()) };
    match handle.sync_all() {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        synced => synced,
    }
}
