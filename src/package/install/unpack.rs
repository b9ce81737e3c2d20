//! Unpacking: `.tar.gz` and `.zip` into a staged package. Nothing that an archive says is trusted.
//!
//! Both are accepted as other programs make them: with one folder around the package, and with what macOS
//! puts beside its files.

use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use super::error::InstallError;
use super::staging::StagedPackage;
use super::zip::{self, ZipKind};
use crate::contract::limits;
use crate::package::archive::{LINK, NOT_FILE_OR_FOLDER, PackError, paths};
use crate::skill::{at_most, open_regular};

/// Bytes of an unpacked archive around a file's content: its header, its padding, a long name.
const ENTRY_OVERHEAD_BYTES: u64 = 4096;

/// What an archive may unpack to at most, headers included.
const UNPACKED_BYTES: u64 =
    limits::PACKAGE_BYTES + limits::PACKAGE_ENTRIES as u64 * ENTRY_OVERHEAD_BYTES;

/// How other formats begin, at which byte, and what they are called.
const NOT_TAKEN: [(usize, &[u8], &str); 12] = [
    (0, b"\xfd7zXZ\0", "a .tar.xz archive"),
    (0, b"BZh", "a .tar.bz2 archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a .7z archive"),
    (0, b"Rar!", "a .rar archive"),
    (0, b"\x28\xb5\x2f\xfd", "a .tar.zst archive"),
    (257, b"ustar", "a .tar archive without compression"),
    (0, b"\0asm", "a WebAssembly module without a package around it"),
    (0, b"MZ", "a program for Windows"),
    (0, b"\x7fELF", "a program for Linux"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<!doctype", "a web page"),
    (0, b"<html", "a web page"),
];

/// How what gzip makes begins.
const GZIP: &[u8] = b"\x1f\x8b";

/// Reads an archive of at most the size that a package may have.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, PackError> {
    let mut bytes = Vec::new();
    let limit = limits::PACKAGE_BYTES;
    open_regular(path)
        .and_then(|mut file| at_most(&mut file, limit + 1).read_to_end(&mut bytes))
        .map_err(|error| PackError::unreadable(path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(PackError::too_large());
    }
    Ok(bytes)
}

/// Unpacks an archive, which messages call `name`.
pub(super) fn unpack(
    archive: &[u8],
    name: &str,
    staged: &mut StagedPackage<'_>,
) -> Result<(), InstallError> {
    let failed = |problem| PackError::Source { source: name.to_owned(), problem };
    let begins = |(at, magic, _): &&(usize, &[u8], &str)| {
        archive.get(*at..).is_some_and(|rest| rest.starts_with(magic))
    };
    if let Some((_, _, what)) = NOT_TAKEN.iter().find(begins) {
        return Err(failed(format!("it is {what}; only .tar.gz and .zip are accepted")).into());
    }
    if archive.starts_with(b"PK") {
        unpack_zip(archive, staged, &|error| failed(format!("it is no usable .zip ({error})")))?;
        return staged.take_wrapping_folder_off();
    }
    if !archive.starts_with(GZIP) {
        let what = if archive.is_empty() { "empty" } else { "no archive" };
        return Err(failed(format!("it is {what}; only .tar.gz and .zip are accepted")).into());
    }
    let damaged = |error: io::Error| match error.kind() {
        // What comes out is not as the reader of .tar wants it.
        io::ErrorKind::Other => failed("what is compressed in it is no .tar archive".into()),
        _ => failed(format!("it is not a whole .tar.gz archive ({error})")),
    };
    let unpacked = Bounded { inner: GzDecoder::new(archive), left: UNPACKED_BYTES, over: false };
    let mut archive = Archive::new(unpacked);
    let result = unpack_entries(&mut archive, staged, &damaged);
    // The archive's reader hides why it could not go on.
    if archive.into_inner().over
        && !matches!(result, Err(InstallError::Pack(PackError::TooManyEntries { .. })))
    {
        return Err(PackError::too_large().into());
    }
    result.and_then(|()| staged.take_wrapping_folder_off())
}

fn unpack_zip(
    archive: &[u8],
    staged: &mut StagedPackage<'_>,
    damaged: &dyn Fn(io::Error) -> PackError,
) -> Result<(), InstallError> {
    for entry in zip::entries(archive).map_err(damaged)? {
        let path = utf8(entry.name)?;
        match entry.kind {
            ZipKind::Folder => staged.folder(path)?,
            ZipKind::File { executable } => {
                if u64::from(entry.bytes) > limits::PACKAGE_BYTES {
                    return Err(PackError::too_large().into());
                }
                let content = entry.content().map_err(damaged)?;
                staged.file(path, executable, &mut content.as_slice(), damaged)?;
            }
            ZipKind::Link => paths::refused(path, LINK)?,
            ZipKind::Other => paths::refused(path, NOT_FILE_OR_FOLDER)?,
        }
    }
    Ok(())
}

fn utf8(path: &[u8]) -> Result<&str, PackError> {
    std::str::from_utf8(path)
        .or_else(|_| paths::refused(&String::from_utf8_lossy(path), "its name is not UTF-8"))
}

fn unpack_entries<R: Read>(
    archive: &mut Archive<R>,
    staged: &mut StagedPackage<'_>,
    damaged: &dyn Fn(io::Error) -> PackError,
) -> Result<(), InstallError> {
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path_bytes();
        let path = utf8(&path)?.to_owned();
        match entry.header().entry_type() {
            EntryType::Directory => staged.folder(&path)?,
            EntryType::Regular => {
                let size = entry.size();
                if size > limits::PACKAGE_BYTES {
                    return Err(PackError::too_large().into());
                }
                let executable = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
                let written = staged.file(&path, executable, &mut entry, damaged)?;
                if written.is_some_and(|bytes| bytes != size) {
                    return Err(damaged(io::ErrorKind::UnexpectedEof.into()).into());
                }
            }
            // What git says of the commit, before the files.
            EntryType::XGlobalHeader => {}
            EntryType::Link | EntryType::Symlink => paths::refused(&path, LINK)?,
            _ => paths::refused(&path, NOT_FILE_OR_FOLDER)?,
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
