//! Reading `.zip` archives: stored and deflated entries, and nothing else of what the format knows.
//!
//! An archive is read by its central directory, and an entry whose own header says something else is
//! refused: two readers must not see two packages.

use std::io::{self, Read};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::skill::at_most;

/// Bytes of the record at the end, before its comment.
const END_BYTES: usize = 22;
/// Bytes of an entry of the directory, before its name.
const ENTRY_BYTES: usize = 46;
/// Bytes of the header before an entry's content, before its name.
const HEADER_BYTES: usize = 30;

/// Systems that keep a file's mode in the upper half of its attributes: Unix and macOS.
const WITH_MODES: [u8; 2] = [3, 19];

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZipKind {
    Folder,
    File { executable: bool },
    Link,
    Other,
}

/// One entry.
pub(super) struct ZipEntry<'a> {
    /// Its name as it is written.
    pub(super) name: &'a [u8],
    pub(super) kind: ZipKind,
    /// The bytes that it says to be.
    pub(super) bytes: u32,
    is_deflated: bool,
    packed: &'a [u8],
    crc: u32,
}

/// The entries of an archive, in the order of its directory.
pub(super) fn entries(archive: &[u8]) -> io::Result<Vec<ZipEntry<'_>>> {
    let end = end(archive).ok_or_else(|| odd("it has no directory"))?;
    let count = short(end, 10)?;
    let (start, disk) = (long(end, 16)?, long(end, 4)?);
    if disk != 0 || count == u16::MAX || start == u32::MAX {
        return Err(odd("it has several parts, or is a zip64"));
    }
    let mut directory = archive.get(start as usize..).unwrap_or_default();
    (0..count).map(|_| entry(archive, &mut directory)).collect()
}

/// The record at the end, which only a comment may follow.
fn end(archive: &[u8]) -> Option<&[u8]> {
    let last = archive.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().map(|at| &archive[at..]).find(|end| {
        end.starts_with(b"PK\x05\x06")
            && short(end, 20).is_ok_and(|comment| END_BYTES + usize::from(comment) == end.len())
    })
}

/// Takes one entry off the directory.
fn entry<'a>(archive: &'a [u8], directory: &mut &'a [u8]) -> io::Result<ZipEntry<'a>> {
    let head = *directory;
    if !head.starts_with(b"PK\x01\x02") {
        return Err(odd("its directory is damaged"));
    }
    let (flags, method) = (short(head, 8)?, short(head, 10)?);
    let (name_bytes, extra, comment) = (short(head, 28)?, short(head, 30)?, short(head, 32)?);
    let name = part(head, ENTRY_BYTES, usize::from(name_bytes))?;
    let next = ENTRY_BYTES + name.len() + usize::from(extra) + usize::from(comment);
    *directory = head.get(next..).unwrap_or_default();
    if flags & 1 != 0 {
        return Err(odd("it is encrypted"));
    }
    if !matches!(method, 0 | 8) {
        return Err(odd("it is compressed in an uncommon way"));
    }
    let at = long(head, 42)? as usize;
    let own = archive.get(at..).unwrap_or_default();
    let own_name = usize::from(short(own, 26)?);
    let is_same = own.starts_with(b"PK\x03\x04")
        && part(own, HEADER_BYTES, own_name)? == name
        && short(own, 8)? == method;
    if !is_same {
        return Err(odd("its directory and its entries differ"));
    }
    let content = HEADER_BYTES + own_name + usize::from(short(own, 28)?);
    let mode = match head.get(5) {
        Some(system) if WITH_MODES.contains(system) => long(head, 38)? >> 16,
        _ => 0,
    };
    let kind = match (mode & 0o170_000, name.ends_with(b"/")) {
        (0o120_000, _) => ZipKind::Link,
        (0 | 0o040_000, true) => ZipKind::Folder,
        (0 | 0o100_000, false) => ZipKind::File { executable: mode & 0o100 != 0 },
        _ => ZipKind::Other,
    };
    Ok(ZipEntry {
        name,
        kind,
        bytes: long(head, 24)?,
        is_deflated: method == 8,
        packed: part(own, content, long(head, 20)? as usize)?,
        crc: long(head, 16)?,
    })
}

impl ZipEntry<'_> {
    /// The content, which must be as long as the entry says and have its checksum. The caller has
    /// seen to it that the length is bearable.
    pub(super) fn content(&self) -> io::Result<Vec<u8>> {
        let limit = u64::from(self.bytes) + 1;
        let mut content = Vec::new();
        let (mut deflated, mut stored) = (DeflateDecoder::new(self.packed), self.packed);
        let source: &mut dyn Read = if self.is_deflated { &mut deflated } else { &mut stored };
        at_most(source, limit).read_to_end(&mut content)?;
        let mut crc = Crc::new();
        crc.update(&content);
        if content.len() as u64 != u64::from(self.bytes) || crc.sum() != self.crc {
            return Err(odd("an entry is not as the archive says"));
        }
        Ok(content)
    }
}

fn odd(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

fn part(bytes: &[u8], at: usize, length: usize) -> io::Result<&[u8]> {
    bytes.get(at..).and_then(|it| it.get(..length)).ok_or_else(|| odd("it is cut off"))
}

fn short(bytes: &[u8], at: usize) -> io::Result<u16> {
    let two = part(bytes, at, 2)?;
    Ok(u16::from_le_bytes([two[0], two[1]]))
}

fn long(bytes: &[u8], at: usize) -> io::Result<u32> {
    Ok(u32::from(short(bytes, at)?) | u32::from(short(bytes, at + 2)?) << 16)
}
