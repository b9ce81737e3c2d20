//! The effect of `write-file`: a new file takes the old one's place, whole or not at all.
//!
//! It blocks, and so runs on the pool of blocking threads. The old content is never touched: what
//! fails, or a power cut, leaves it as it was.

use std::borrow::Cow;
use std::io::{self, Write};
use std::os::unix::fs::fchown;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{
    Dir, File, MetadataExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt,
};

use super::FileError;
use super::permit::{FilePermit, Links};
use crate::contract::limits;

/// Links in a row that are followed at the end of a path.
const MAX_LINKS: usize = 8;
/// Names tried for the temporary file: more than one only where an earlier process left its own.
const MAX_NAMES: usize = 64;

/// Writes `content` as the whole file, and creates missing folders beneath the grant.
///
/// A link at the path that stays inside the sandbox is followed, and the file that it names is
/// replaced. An existing file keeps its permission bits, and its owner where the host may set it.
///
/// # Errors
///
/// `write content too large` over [`limits::FILE_WRITE_BYTES`], before anything is touched;
/// `symlink points outside sandbox` (T22), `not a regular file`, and what the operating system
/// says: permission denied (also for a file that is read-only), no space left, other.
pub(in crate::sandbox) fn write(permit: &FilePermit, content: &str) -> Result<(), FileError> {
    if content.len() > limits::FILE_WRITE_BYTES {
        return Err(FileError::ContentTooLarge);
    }
    let fail = |error| FileError::from_io(permit.asked(), error);
    let path = target(permit)?;
    let Some(name) = path.file_name().map(Path::new) else { return Err(FileError::NotRegular) };
    let folder = open_folder(permit, path.parent().unwrap_or(Path::new("")))?;
    let old = match folder.symlink_metadata(name) {
        Ok(found) if found.is_file() => Some(open_old(&folder, name).map_err(fail)?),
        Ok(_) => return Err(FileError::NotRegular),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(fail(error)),
    };
    replace(&folder, name, old.as_ref(), content).map_err(fail)
}

/// Where the permit's path leads, beneath its folder. Nothing depends on its being right still:
/// the folder's handle holds whatever is done with it later beneath the folder.
fn target(permit: &FilePermit) -> Result<Cow<'_, Path>, FileError> {
    let mut path = Cow::Borrowed(permit.path());
    for _ in 0..MAX_LINKS {
        if path.as_os_str().is_empty() {
            return Err(FileError::NotRegular);
        }
        let link: PathBuf = match permit.folder().read_link(&path) {
            Ok(_) if permit.links() == Links::Refuse => {
                return Err(FileError::symlink(permit.asked()));
            }
            Ok(link) => link,
            // Not a link, or not there yet.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
                ) =>
            {
                return Ok(path);
            }
            Err(error) => return Err(FileError::from_io(permit.asked(), error)),
        };
        path = Cow::Owned(path.parent().unwrap_or(Path::new("")).join(link));
    }
    Err(FileError::symlink(permit.asked()))
}

/// The folder at `path`, which is made where it is missing, in a folder that is open to the plugin.
fn open_folder(permit: &FilePermit, path: &Path) -> Result<Dir, FileError> {
    let fail = |error| FileError::from_io(permit.asked(), error);
    let open = |path: &Path| {
        permit.folder().open_dir(if path.as_os_str().is_empty() { Path::new(".") } else { path })
    };
    for there in path.ancestors() {
        let folder = match open(there) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.map_err(fail)?,
        };
        permit.check_opened(&folder)?;
        let missing = path.strip_prefix(there).unwrap_or(Path::new(""));
        if missing.as_os_str().is_empty() {
            return Ok(folder);
        }
        return folder
            .create_dir_all(missing)
            .and_then(|()| folder.open_dir(missing))
            .map_err(fail);
    }
    // The grant's own folder was taken away.
    Err(fail(io::ErrorKind::NotFound.into()))
}

/// Opens the file that will be replaced, as if to write to it: a rename would ask only for rights
/// on the folder, and a read-only file is not to be replaced.
fn open_old(folder: &Dir, name: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).nonblock(true).follow(FollowSymlinks::No);
    folder.open_with(name, &options)
}

fn replace(folder: &Dir, name: &Path, old: Option<&File>, content: &str) -> io::Result<()> {
    let (mut file, temporary) = create_temporary(folder, old)?;
    let written =
        fill(&mut file, old, content).and_then(|()| folder.rename(&temporary, folder, name));
    if let Err(error) = written {
        // The first error is the one to tell; a file that can't be removed changes nothing for it.
        let _ = folder.remove_file(&temporary);
        return Err(error);
    }
    sync_folder(folder)
}

fn create_temporary(folder: &Dir, old: Option<&File>) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // What may have been private is so from the first moment; a new file gets the usual mode,
    // less the umask.
    let mode = if old.is_some() { 0o600 } else { 0o666 };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut taken = None;
    for _ in 0..MAX_NAMES {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = PathBuf::from(format!(".weft-{}-{number}.tmp", std::process::id()));
        match folder.open_with(&name, &options) {
            Ok(file) => return Ok((file, name)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(taken.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()))
}

fn fill(file: &mut File, old: Option<&File>, content: &str) -> io::Result<()> {
    file.write_all(content.as_bytes())?;
    if let Some(old) = old {
        let kept = old.metadata()?;
        // Only root may give files away; for others the new file is theirs, as with any editor
        // that replaces files. Before the mode, because a change of owner can clear bits of it.
        let _ = fchown(&*file, Some(kept.uid()), None);
        // What a group was allowed is not for another group.
        let same_group = fchown(&*file, None, Some(kept.gid())).is_ok();
        let bits = if same_group { 0o777 } else { 0o707 };
        file.set_permissions(Permissions::from_mode(kept.mode() & bits))?;
    }
    file.sync_all()
}

/// Makes the rename durable, where the folder can be opened to do so and its file system knows how.
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
