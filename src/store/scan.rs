//! Reading all records of a store's file, from the first to the last whole one.
//!
//! Only the last record can be torn, because each is on the disk before the next is written. So what follows the
//! last whole record is the rest of an interrupted write, and ignored. What stands between two whole records is
//! damage.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use memchr::memmem;

use super::index::{KeyChange, RecordPlace};
use super::record::{self, Header, MAX_HEADER, RECORD_START, RecordStart, Salt};

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// What a part of a file has in it.
#[derive(Debug, Default)]
pub(super) struct LogScan {
    /// The changes, in their order.
    pub(super) changes: Vec<KeyChange>,
    /// Where the last whole record begins; 0 if there is none.
    pub(super) last: u64,
    /// The end of the last whole record.
    pub(super) end: u64,
    /// Whether more than zeros follow the end.
    pub(super) has_rest: bool,
    /// Where the first damage is.
    pub(super) damage: Option<u64>,
}

/// The header of a file; `None` if it has none that is whole.
pub(super) fn header(file: &File) -> io::Result<Option<Header>> {
    let mut bytes = Vec::new();
    let mut file = file;
    file.seek(SeekFrom::Start(0))?;
    file.take(MAX_HEADER as u64).read_to_end(&mut bytes)?;
    Ok(record::parse_header(&bytes))
}

/// Reads the records from `at` on, also those behind damage. Nobody else may write meanwhile.
pub(super) fn scan(file: &File, at: u64, salt: Salt) -> io::Result<LogScan> {
    let mut scan = LogScan { end: at, ..LogScan::default() };
    loop {
        let mut reader = BufReader::with_capacity(CHUNK, file);
        reader.seek(SeekFrom::Start(scan.end))?;
        while let Some((change, length)) = next(&mut reader, scan.end, salt)? {
            scan.changes.push(change);
            scan.last = scan.end;
            scan.end += length;
        }
        match find(file, scan.end, salt, &mut scan.has_rest)? {
            Some(behind) => {
                scan.damage.get_or_insert(scan.end);
                scan.end = behind;
            }
            None => return Ok(scan),
        }
    }
}

/// The record at `at`, where the reader is, and its length; `None` if there is no whole one.
fn next(
    reader: &mut BufReader<&File>,
    at: u64,
    salt: Salt,
) -> io::Result<Option<(KeyChange, u64)>> {
    let mut start = [0; RECORD_START];
    if !read_whole(reader, &mut start)? {
        return Ok(None);
    }
    let Some(start) = RecordStart::parse(&start, salt) else { return Ok(None) };
    let mut bytes = vec![0; start.key_bytes + start.value_bytes];
    if !read_whole(reader, &mut bytes)? || !start.matches([bytes.as_slice()]) {
        return Ok(None);
    }
    bytes.truncate(start.key_bytes);
    let Ok(key) = String::from_utf8(bytes) else { return Ok(None) };
    let place = RecordPlace { at, value_bytes: start.value_bytes };
    let change = (key, (!start.is_removal).then_some(place));
    Ok(Some((change, start.length() as u64)))
}

/// Fills the buffer; `false` if the file ends before.
fn read_whole(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The next whole record behind `from`. Notes whether there is more than zeros.
fn find(file: &File, from: u64, salt: Salt, has_rest: &mut bool) -> io::Result<Option<u64>> {
    let mark = salt.mark();
    let mut reader = BufReader::with_capacity(CHUNK, file);
    reader.seek(SeekFrom::Start(from))?;
    // What has been read and not been searched whole: a mark may begin there.
    let mut carried: Vec<u8> = Vec::new();
    let mut carried_at = from;
    *has_rest = false;
    loop {
        let chunk = reader.fill_buf()?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let length = chunk.len();
        *has_rest = *has_rest || chunk.iter().any(|byte| *byte != 0);
        carried.extend(chunk);
        reader.consume(length);
        for found in memmem::find_iter(&carried, &mark) {
            let at = carried_at + found as u64;
            let mut candidate = BufReader::new(file);
            candidate.seek(SeekFrom::Start(at))?;
            if at > from && next(&mut candidate, at, salt)?.is_some() {
                return Ok(Some(at));
            }
            // The handle's place is shared.
            reader.seek(SeekFrom::Start(carried_at + carried.len() as u64))?;
        }
        let searched = carried.len().saturating_sub(mark.len() - 1);
        carried.drain(..searched);
        carried_at += searched as u64;
    }
}
