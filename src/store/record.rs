//! The format of a store's file: a header, then one record for each change, each with a checksum.
//!
//! ```text
//! header   magic 8, salt 8, length of the name 2, name, CRC-32 of all before it
//! record   mark 4, CRC-32 4, length of the key 2, kind 2, length of the value 4, key, value
//! ```
//!
//! All numbers are little-endian. The mark is the first half of the file's salt, and the checksum begins with the
//! whole salt. The salt is random, so what a plugin stores can't look like a record.

use std::io;

use crc32fast::Hasher;

use crate::contract::limits::{self, KB, MB};

/// The start of every file, with the version of the format.
const MAGIC: &[u8; 8] = b"weft-kv1";
/// Bytes of a header before the name.
const HEADER_START: usize = 18;
/// Bytes of a checksum.
const CHECKSUM: usize = 4;
/// Bytes of a record before its key.
pub(super) const RECORD_START: usize = 16;
/// The ceilings of the format. What a plugin may store is less, and can change without a change of the format.
const MAX_NAME: usize = 16 * KB;
const MAX_KEY: usize = 4 * KB;
const MAX_VALUE: usize = 16 * MB;
const _: () = assert!(limits::STORE_KEY_BYTES <= MAX_KEY && limits::STORE_VALUE_BYTES <= MAX_VALUE);
/// The most bytes of a header.
pub(super) const MAX_HEADER: usize = HEADER_START + MAX_NAME + CHECKSUM;

/// The kinds of records.
const SET: u16 = 1;
const REMOVAL: u16 = 2;

/// What makes the records of one file its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Salt([u8; 8]);

impl Salt {
    /// A new one.
    pub(super) fn random() -> io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// The first bytes of each record.
    pub(super) fn mark(self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.0;
        [a, b, c, d]
    }
}

/// The header of a file.
#[derive(Debug)]
pub(super) struct Header {
    /// The namespace.
    pub(super) name: String,
    pub(super) salt: Salt,
    /// Bytes of the header.
    pub(super) length: usize,
}

/// The bytes of a header.
///
/// # Errors
///
/// If the name is beyond the format.
pub(super) fn header(name: &str, salt: Salt) -> io::Result<Vec<u8>> {
    let length: u16 = length(name.len(), MAX_NAME, "name")?;
    let mut bytes = [MAGIC.as_slice(), &salt.0, &length.to_le_bytes(), name.as_bytes()].concat();
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    Ok(bytes)
}

/// A length as it is written.
fn length<T: TryFrom<usize>>(bytes: usize, most: usize, what: &str) -> io::Result<T> {
    T::try_from(bytes)
        .ok()
        .filter(|_| bytes <= most)
        .ok_or_else(|| io::Error::other(format!("the {what} is over {most} bytes")))
}

/// The header at the start of these bytes; `None` for any other content.
pub(super) fn parse_header(bytes: &[u8]) -> Option<Header> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (salt, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let name = std::str::from_utf8(rest.get(..length)?).ok()?.to_owned();
    let before = HEADER_START + length;
    let checksum = bytes.get(before..)?.first_chunk()?;
    let is_whole = crc32fast::hash(&bytes[..before]) == u32::from_le_bytes(*checksum);
    is_whole.then_some(Header { name, salt: Salt(*salt), length: before + CHECKSUM })
}

/// The start of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordStart {
    pub(super) key_bytes: usize,
    pub(super) value_bytes: usize,
    pub(super) is_removal: bool,
    /// Of the record as a whole.
    checksum: u32,
    /// Of what has been read of it.
    of_start: u32,
}

impl RecordStart {
    /// Parses what may be the start of a record; `None` if it is not.
    pub(super) fn parse(bytes: &[u8; RECORD_START], salt: Salt) -> Option<Self> {
        let [_, _, _, _, c0, c1, c2, c3, k0, k1, kind0, kind1, v0, v1, v2, v3] = *bytes;
        let kind = u16::from_le_bytes([kind0, kind1]);
        let start = Self {
            key_bytes: usize::from(u16::from_le_bytes([k0, k1])),
            value_bytes: usize::try_from(u32::from_le_bytes([v0, v1, v2, v3])).ok()?,
            is_removal: kind == REMOVAL,
            checksum: u32::from_le_bytes([c0, c1, c2, c3]),
            of_start: checksum_of_start(&bytes[8..], salt),
        };
        let is_one = bytes.starts_with(&salt.mark())
            && start.key_bytes <= MAX_KEY
            && start.value_bytes <= MAX_VALUE
            && (kind == SET || (kind == REMOVAL && start.value_bytes == 0));
        is_one.then_some(start)
    }

    /// Bytes of the whole record.
    pub(super) fn length(&self) -> usize {
        RECORD_START + self.key_bytes + self.value_bytes
    }

    /// Whether the checksum is that of these bytes: the key, followed by the value.
    pub(super) fn matches<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> bool {
        let mut hasher = Hasher::new_with_initial(self.of_start);
        parts.into_iter().for_each(|part| hasher.update(part));
        hasher.finalize() == self.checksum
    }
}

/// The checksum of the salt and of a start behind its checksum.
fn checksum_of_start(lengths: &[u8], salt: Salt) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&salt.0);
    hasher.update(lengths);
    hasher.finalize()
}

/// The bytes of a record that sets a key, or that removes it.
///
/// # Errors
///
/// If the key or the value is beyond the format.
pub(super) fn record(key: &str, value: Option<&[u8]>, salt: Salt) -> io::Result<Vec<u8>> {
    let kind = if value.is_some() { SET } else { REMOVAL };
    let value = value.unwrap_or_default();
    let key_bytes: u16 = length(key.len(), MAX_KEY, "key")?;
    let value_bytes: u32 = length(value.len(), MAX_VALUE, "value")?;
    let mut bytes = Vec::with_capacity(RECORD_START + key.len() + value.len());
    bytes.extend(salt.mark());
    bytes.extend([0; CHECKSUM]);
    bytes.extend(key_bytes.to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend(value_bytes.to_le_bytes());
    let mut hasher = Hasher::new_with_initial(checksum_of_start(&bytes[8..], salt));
    hasher.update(key.as_bytes());
    hasher.update(value);
    bytes[4..8].copy_from_slice(&hasher.finalize().to_le_bytes());
    bytes.extend(key.as_bytes());
    bytes.extend(value);
    Ok(bytes)
}

/// The value in the bytes of a whole record of `key`; `None` if they are no such record.
pub(super) fn value_of(mut bytes: Vec<u8>, key: &str, salt: Salt) -> Option<Vec<u8>> {
    let (start, rest) = bytes.split_first_chunk()?;
    let start = RecordStart::parse(start, salt)?;
    let is_it = !start.is_removal
        && bytes.len() == start.length()
        && rest.starts_with(key.as_bytes())
        && start.key_bytes == key.len()
        && start.matches([rest]);
    is_it.then(|| {
        bytes.drain(..RECORD_START + key.len());
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_the_format_are_no_record() {
        let salt = Salt([7; 8]);
        let start = |value_bytes: usize| {
            let mut start = *record("key", Some(&[1]), salt).unwrap().first_chunk().unwrap();
            start[12..].copy_from_slice(&u32::try_from(value_bytes).unwrap().to_le_bytes());
            RecordStart::parse(&start, salt).map(|start| start.value_bytes)
        };
        // What a plugin may store can become less: the file is as good as before.
        assert_eq!(start(limits::STORE_VALUE_BYTES + 1), Some(limits::STORE_VALUE_BYTES + 1));
        assert_eq!((start(MAX_VALUE), start(MAX_VALUE + 1)), (Some(MAX_VALUE), None));
        assert!(record(&"k".repeat(MAX_KEY + 1), None, salt).is_err());
        assert!(record("key", Some(&vec![0; MAX_VALUE + 1]), salt).is_err());
        assert!(header(&"n".repeat(MAX_NAME), salt).unwrap().len() == MAX_HEADER);
        assert!(header(&"n".repeat(MAX_NAME + 1), salt).is_err());
    }
}
