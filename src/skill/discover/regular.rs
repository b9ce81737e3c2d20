//! Opens files whose place a stranger may have filled with something else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Take};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// What `source` begins with. Whatever it is, it is read by the one copy of the code for that.
pub(crate) fn at_most(source: &mut dyn Read, bytes: u64) -> Take<&mut dyn Read> {
    source.take(bytes)
}

/// Opens the file at `path` for reading, if it is a regular one. A pipe there is not waited for.
///
/// # Errors
///
/// What the operating system says, and whatever is no regular file.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}
