//! Archives: a package as one file, `.tar.gz`. Reading one trusts nothing that it says.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, EntryType, Header};

use super::files;
use super::install_error::InstallError;
use super::paths;
use super::staging::StagedPackage;
use crate::contract::limits;

/// Bytes of an unpacked archive around a file's content: its header, its padding, a long name.
const ENTRY_OVERHEAD_BYTES: u64 = 4096;

/// What an archive may unpack to at most, headers included.
const UNPACKED_BYTES: u64 =
    limits::PACKAGE_BYTES + limits::PACKAGE_ENTRIES as u64 * ENTRY_OVERHEAD_BYTES;

/// The package in `folder` as an archive. The same files always give the same bytes. Histories and
/// builds are left out, see [`left_out_of_package`](crate::left_out_of_package).
///
/// # Errors
///
/// [`InstallError`] for what no package may hold, for a package over its limits and for files that
/// can't be read.
pub fn pack_folder(folder: &Path) -> Result<Vec<u8>, InstallError> {
    let failed = |place: &Path, error: io::Error| InstallError::Source {
        source: place.display().to_string(),
        problem: error.to_string(),
    };
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for file in files::to_pack(folder)? {
        let content = fs::read(&file.place).map_err(|error| failed(&file.place, error))?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive
            .append_data(&mut header, &file.path, content.as_slice())
            .map_err(|error| failed(&file.place, error))?;
    }
    let packed = archive.into_inner().and_then(GzEncoder::finish);
    packed.map_err(|error| failed(folder, error))
}

/// Reads an archive of at most the size that a package may have.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    let mut bytes = Vec::new();
    let limit_bytes = limits::PACKAGE_BYTES;
    fs::File::open(path)
        .and_then(|file| file.take(limit_bytes + 1).read_to_end(&mut bytes))
        .map_err(|error| InstallError::Source {
            source: path.display().to_string(),
            problem: error.to_string(),
        })?;
    if bytes.len() as u64 > limit_bytes {
        return Err(InstallError::TooLarge { limit_bytes });
    }
    Ok(bytes)
}

/// Unpacks an archive, which messages call `name`.
pub(super) fn unpack(
    archive: &[u8],
    name: &str,
    staged: &mut StagedPackage<'_>,
) -> Result<(), InstallError> {
    let damaged = |error: io::Error| InstallError::Source {
        source: name.to_owned(),
        problem: format!("it is not a whole .tar.gz archive ({error})"),
    };
    let unpacked = Bounded { inner: GzDecoder::new(archive), left: UNPACKED_BYTES, over: false };
    let mut archive = Archive::new(unpacked);
    let result = unpack_entries(&mut archive, staged, damaged);
    // The archive's reader hides why it could not go on.
    if archive.into_inner().over && !matches!(result, Err(InstallError::TooManyEntries { .. })) {
        return Err(InstallError::TooLarge { limit_bytes: limits::PACKAGE_BYTES });
    }
    result
}

fn unpack_entries<R: Read>(
    archive: &mut Archive<R>,
    staged: &mut StagedPackage<'_>,
    damaged: impl Fn(io::Error) -> InstallError + Copy,
) -> Result<(), InstallError> {
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let path = entry.path_bytes();
        let Ok(path) = std::str::from_utf8(&path).map(str::to_owned) else {
            return paths::refused(&String::from_utf8_lossy(&path), "its name is not UTF-8");
        };
        match entry.header().entry_type() {
            EntryType::Directory => staged.folder(&path)?,
            EntryType::Regular => {
                let size = entry.size();
                if size > limits::PACKAGE_BYTES {
                    return Err(InstallError::TooLarge { limit_bytes: limits::PACKAGE_BYTES });
                }
                let written = staged.file(&path, entry, damaged)?;
                if written.is_some_and(|bytes| bytes != size) {
                    return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
                }
            }
            EntryType::Link | EntryType::Symlink => return paths::refused(&path, "it is a link"),
            _ => return paths::refused(&path, "it is neither a file nor a folder"),
        }
    }
    Ok(())
}

/// A reader that refuses to give more than it may, and remembers that.
struct Bounded<R> {
    inner: R,
    left: u64,
    over: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.over = true;
                return Err(io::Error::other("too large"));
            }
        }
        Ok(read)
    }
}
