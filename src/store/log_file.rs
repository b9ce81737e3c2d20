//! One namespace's file with its index: opening, making and compacting. All of it blocks.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use super::error::StoreError;
use super::file_lock::FileLock;
use super::index::{Index, KeyChange, RecordPlace};
use super::record::{self, RECORD_START, Salt};
use super::scan::{LogScan, header, scan};
use super::tail::{LogIdentity, Tail, folder_of, sync_folder};
use crate::contract::limits::KB;

/// A file is compacted when it has so many bytes more than twice its current records.
const SLACK: u64 = 64 * KB as u64;
/// The lock of the folder, under which files are made.
const FOLDER_LOCK: &str = ".lock";

/// What an operation is going to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenFor {
    Read,
    Write,
}

/// An open file with its index.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) tail: Tail,
    pub(super) index: Index,
}

/// A file that is open and locked, and what is in it.
#[derive(Debug)]
pub(super) struct OpenedLog {
    pub(super) tail: Tail,
    pub(super) scan: LogScan,
    pub(super) name: String,
    pub(super) lock: FileLock,
}

/// Opens and locks the file at `path` and reads all of it. Returns `None` if there is none. The scan says whether
/// there is damage behind the header. Without a `name`, that of the header is accepted.
///
/// # Errors
///
/// [`StoreError::Damaged`] if the header is damaged or has another name, [`StoreError::Io`], [`StoreError::Busy`].
pub(super) fn open(
    path: &Path,
    name: Option<&str>,
    access: OpenFor,
) -> Result<Option<OpenedLog>, StoreError> {
    let io = |error: io::Error| StoreError::io(path, &error);
    loop {
        let Some((file, is_writable)) = open_file(path, access).map_err(io)? else {
            return Ok(None);
        };
        let lock = FileLock::acquire(Arc::clone(&file), path)?;
        let identity = LogIdentity::of(&file.metadata().map_err(io)?);
        if identity_at(path).map_err(io)? != Some(identity) {
            // Meanwhile another process has replaced or removed it.
            continue;
        }
        let header = header(&file).map_err(io)?;
        let header = header.filter(|it| name.is_none_or(|name| it.name == name));
        let header = header.ok_or_else(|| StoreError::Damaged {
            name: name.map(str::to_owned),
            path: path.to_owned(),
            at: 0,
        })?;
        let scan = scan(&file, header.length as u64, header.salt).map_err(io)?;
        let tail = Tail::new(file, header.salt, &scan, is_writable).map_err(io)?;
        return Ok(Some(OpenedLog { tail, scan, name: header.name, lock }));
    }
}

/// Makes the file of a namespace, and the folder, unless they are there.
pub(super) fn create(path: &Path, name: &str) -> Result<(), StoreError> {
    let io = |error: io::Error| StoreError::io(path, &error);
    let folder = folder_of(path);
    make_folder(folder).map_err(|error| StoreError::io(folder, &error))?;
    let lock_path = folder.join(FOLDER_LOCK);
    let lock_file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_path)
        .map_err(|error| StoreError::io(&lock_path, &error))?;
    let _lock = FileLock::acquire(Arc::new(lock_file), &lock_path)?;
    if identity_at(path).map_err(io)?.is_some() {
        return Ok(());
    }
    let made = new_file(path, name, |_, _| Ok(()));
    made.and_then(|_| sync_folder(path)).map_err(io)
}

/// Makes a folder and those above it, unless they are there, and waits until the disk has their names.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    if above != folder {
        make_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made.and_then(|()| sync_folder(folder)),
    }
}

/// Replaces the file by one without its outdated records. The caller holds its lock.
pub(super) fn compact(
    path: &Path,
    name: &str,
    old: &Tail,
    mut entries: Vec<KeyChange>,
) -> io::Result<LogFile> {
    let (file, salt, scan) = new_file(path, name, |file, salt| {
        for (key, place) in &mut entries {
            let Some(place) = place else { continue };
            let value = read(&old.file, key, *place, old.salt)?;
            let value = value.ok_or_else(|| io::Error::other("a record is damaged"))?;
            place.at = file.scan.end;
            file.write(&record::record(key, Some(&value), salt)?)?;
        }
        Ok(())
    })?;
    let tail = Tail::new(file, salt, &scan, true)?;
    Ok(LogFile { tail, index: Index::of(entries) })
}

/// A file that is being written.
struct NewFile<'a> {
    writer: BufWriter<&'a File>,
    /// Where it ends.
    scan: LogScan,
}

impl NewFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.scan.last = self.scan.end;
        self.scan.end += bytes.len() as u64;
        self.writer.write_all(bytes)
    }
}

/// Writes a file with a header and what `fill` adds, which has its name only when it is whole on the disk. The
/// folder has to be synced before anything is added to it.
fn new_file(
    path: &Path,
    name: &str,
    fill: impl FnOnce(&mut NewFile<'_>, Salt) -> io::Result<()>,
) -> io::Result<(Arc<File>, Salt, LogScan)> {
    let unfinished = unfinished(path);
    let salt = Salt::random()?;
    let write = || {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&unfinished)?;
        let mut new = NewFile { writer: BufWriter::new(&file), scan: LogScan::default() };
        new.write(&record::header(name, salt)?)?;
        fill(&mut new, salt)?;
        new.writer.flush()?;
        let scan = std::mem::take(&mut new.scan);
        drop(new);
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        Ok((Arc::new(file), salt, scan))
    };
    let written = write();
    if written.is_err() {
        // What can't be removed now is overwritten by the next one.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Where a file is until it is whole.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// The file, for reading and writing if that is possible; a reader is content with less.
fn open_file(path: &Path, access: OpenFor) -> io::Result<Option<(Arc<File>, bool)>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let open = |write| OpenOptions::new().read(true).write(write).custom_flags(flags).open(path);
    let opened = match open(true) {
        Err(error) if access == OpenFor::Read && is_read_only(&error) => {
            open(false).map(|file| (file, false))
        }
        opened => opened.map(|file| (file, true)),
    };
    match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok((file, _)) if !file.metadata()?.is_file() => {
            Err(io::Error::other("it is not a regular file"))
        }
        opened => opened.map(|(file, is_writable)| Some((Arc::new(file), is_writable))),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Which file has the path now.
pub(super) fn identity_at(path: &Path) -> io::Result<Option<LogIdentity>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(LogIdentity::of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The value of a key; `None` if the record there is damaged.
pub(super) fn read(
    file: &File,
    key: &str,
    place: RecordPlace,
    salt: Salt,
) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; RECORD_START + key.len() + place.value_bytes];
    match file.read_exact_at(&mut bytes, place.at) {
        Ok(()) => Ok(record::value_of(bytes, key, salt)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

impl LogFile {
    /// Whether more than half of the file is outdated.
    pub(super) fn is_worth_compacting(&self) -> bool {
        let end = self.tail.end;
        end > 2 * self.index.record_bytes() + SLACK && end >= self.tail.no_compaction_before
    }

    /// Postpones the next attempt until the file has grown.
    pub(super) fn put_off_compaction(&mut self) {
        self.tail.no_compaction_before = self.tail.end + self.index.record_bytes() + SLACK;
    }
}
