//! The end of a store's file: where the next record is written.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use super::record::{self, RECORD_START, Salt};
use super::scan::LogScan;

/// A file grows by so many bytes at once, as zeros. Within them a record costs one block and no change of the
/// file's length, which saves half of what is written to the disk.
const GROWTH: usize = 32 * 1024;

/// One file of this machine, whatever its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogIdentity(u64, u64);

impl LogIdentity {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// An open file and its end. Nobody but the holder of the file's lock changes what it describes.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    pub(super) file: Arc<File>,
    pub(super) identity: LogIdentity,
    pub(super) salt: Salt,
    /// Where the last whole record begins, or the file if it has none, and the first bytes there. They have the
    /// checksum or the salt, so they differ if the file was replaced in place.
    last: (u64, [u8; RECORD_START]),
    /// The end of the last whole record.
    pub(super) end: u64,
    /// Whether the file was opened for writing.
    pub(super) is_writable: bool,
    /// Bytes of the file, with the zeros behind the end.
    length: u64,
    /// Whether more than zeros follow the end: a write was interrupted.
    has_rest: bool,
    /// Whether others wrote what may not be on the disk yet, or the file's name may not be.
    is_unsynced: bool,
    /// Before this end the file is not compacted, because that failed not long ago.
    pub(super) no_compaction_before: u64,
}

impl Tail {
    /// The end of a file that another process, or an earlier one, may have written.
    pub(super) fn new(
        file: Arc<File>,
        salt: Salt,
        scan: &LogScan,
        is_writable: bool,
    ) -> io::Result<Self> {
        let mut tail = Self {
            identity: LogIdentity::of(&file.metadata()?),
            salt,
            last: (0, [0; RECORD_START]),
            end: 0,
            is_writable,
            length: 0,
            has_rest: false,
            is_unsynced: true,
            no_compaction_before: 0,
            file,
        };
        tail.follow(scan)?;
        Ok(tail)
    }

    /// Moves behind what a scan from the end has found.
    pub(super) fn follow(&mut self, scan: &LogScan) -> io::Result<()> {
        if scan.end > self.end {
            self.is_unsynced = true;
            self.last.0 = scan.last;
            self.file.read_exact_at(&mut self.last.1, scan.last)?;
        }
        self.end = scan.end;
        self.has_rest = scan.has_rest;
        self.length = self.file.metadata()?.len();
        Ok(())
    }

    /// Whether the file is the one of its path still, and nobody has appended to it. It is also `false` if only the
    /// disk knows.
    pub(super) fn is_current(&self) -> bool {
        let mut start = [0; RECORD_START];
        let mut read = |at| read_cached(&self.file, &mut start, at).map(|read| (read, start));
        // A replaced or removed file has no links left. With several links that can't be seen, so the answer is
        // `false`.
        read(self.last.0).is_some_and(|(_, start)| start == self.last.1)
            && read(self.end).is_some_and(|(read, start)| is_empty(&start[..read]))
            && self.file.metadata().is_ok_and(|it| it.nlink() == 1)
    }

    /// Whether nobody has appended to the file, for the holder of its lock, who knows that it is that of its path.
    /// `None` if its content was replaced.
    pub(super) fn is_at_end(&self) -> io::Result<Option<bool>> {
        let mut start = [0; RECORD_START];
        self.file.read_at(&mut start, self.last.0)?;
        if start != self.last.1 {
            return Ok(None);
        }
        let read = self.file.read_at(&mut start, self.end)?;
        Ok(Some(!self.has_rest && is_empty(&start[..read])))
    }

    /// Appends a record and waits until the disk has it. Returns where it begins.
    ///
    /// # Errors
    ///
    /// Those of the system. Then the record may be there or not, and the file has to be opened again.
    pub(super) fn append(
        &mut self,
        path: &Path,
        key: &str,
        value: Option<&[u8]>,
    ) -> io::Result<u64> {
        let record = record::record(key, value, self.salt)?;
        if self.has_rest {
            self.file.set_len(self.end)?;
            (self.length, self.has_rest) = (self.end, false);
            self.is_unsynced = true;
        }
        if self.is_unsynced {
            // What was written before must not be torn once a whole record follows it.
            self.file.sync_data()?;
            sync_folder(path)?;
            self.is_unsynced = false;
        }
        let at = self.end;
        let written = self.write(record);
        if written.is_err() {
            // A record without an answer should not come back, but what can't be undone may stay.
            let _ = self.file.set_len(at);
        }
        written.map(|()| at)
    }

    fn write(&mut self, mut record: Vec<u8>) -> io::Result<()> {
        let record_bytes = record.len();
        let end = self.end + record_bytes as u64;
        if end > self.length {
            record.resize(record_bytes.next_multiple_of(GROWTH), 0);
        }
        let mut written = self.file.write_all_at(&record, self.end);
        if written.is_err() && record.len() > record_bytes {
            // The record alone may still fit on the disk.
            record.truncate(record_bytes);
            written = self.file.write_all_at(&record, self.end);
        }
        written?;
        self.file.sync_data()?;
        self.length = self.length.max(self.end + record.len() as u64);
        self.last.0 = self.end;
        self.last.1.copy_from_slice(&record[..RECORD_START]);
        self.end = end;
        Ok(())
    }
}

/// Whether no record begins with these bytes: a write begins with the mark, whenever it is interrupted.
fn is_empty(start: &[u8]) -> bool {
    start.iter().all(|byte| *byte == 0)
}

/// The folder in which a path is. That of a relative name is the current one.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Waits until the disk has the name of a file or folder.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Reads without waiting for the disk; `None` if it would have to wait, or can't know.
#[cfg(target_os = "linux")]
pub(super) fn read_cached(file: &File, buffer: &mut [u8], at: u64) -> Option<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let mut parts = [io::IoSliceMut::new(buffer)];
    preadv2(file, &mut parts, at, ReadWriteFlags::NOWAIT).ok()
}

/// Other systems can't read like that.
#[cfg(not(target_os = "linux"))]
pub(super) fn read_cached(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_relative_name_is_synced() {
        assert!(sync_folder(Path::new("a-name")).is_ok());
        assert_eq!(folder_of(Path::new("/")), Path::new("."));
        assert_eq!(folder_of(Path::new("/a")), Path::new("/"));
    }
}
