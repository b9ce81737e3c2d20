//! The audit log on disk: JSON lines, rotated by size, written off the executor.
//!
//! Rotation keeps a share of the records of each plugin (`keep`), so that no plugin can hide its calls by
//! flooding the log.
//!
//! A host call puts its record into a bounded queue and goes on; a task on the blocking pool writes the queued
//! records and ends. When the queue or the disk is full, records are lost with one warning: no host call
//! fails because of the log, and a call that waits for [`room`](AuditLog::room) holds no thread.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::mem;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::keep::keep;
use super::{AuditLog, AuditRecord};
use crate::contract::{BoxFuture, Cancellation, CancellationSource, SortedMap};
use crate::sandbox::log::LOG_TARGET;
use crate::task::{Held, Lock};

/// Records that wait for the disk.
const QUEUE: usize = 1_024;
/// Up to this many waiting records, every plugin has room.
const BUSY: usize = QUEUE / 2;
/// From this many waiting records on, no plugin has room.
const HIGH_WATER: usize = QUEUE / 8 * 7;
/// Records that each plugin has room for between the two: a plugin that floods the log waits, and its
/// neighbours do not.
const SHARE: usize = 32;

/// A file of JSON lines, and `<name>.1` with the records that rotation has kept: together they hold at most
/// twice the size at which the file is rotated.
///
/// Rotation shares the room evenly between the plugins, and for each plugin between its functions and
/// outcomes. A record with `left_out` counts the records that had no room any more.
pub struct FileAudit {
    shared: Arc<AuditWriter>,
}

/// The queue and the file. Whoever locks both locks the file first.
struct AuditWriter {
    /// Locked for a moment only, never while the disk is written.
    queue: Lock<Queue>,
    file: Lock<AuditFile>,
}

/// Records that are not on disk yet, in the order in which their calls ended.
#[derive(Default)]
struct Queue {
    /// At most [`QUEUE`].
    records: Vec<AuditRecord>,
    /// The number of records by plugin.
    by_plugin: SortedMap<String, usize>,
    /// Whether a task is writing, or about to check the queue.
    writing: bool,
    /// Records that found the queue full since the last warning.
    lost: u64,
    /// Fires when the queue is emptied. It exists while somebody waits for it.
    emptied: Option<CancellationSource>,
}

/// The file, which is opened with the first record.
struct AuditFile {
    path: PathBuf,
    rotate_bytes: u64,
    open: Option<File>,
    /// Whether the last write failed, so that the warning is not repeated.
    failing: bool,
}

impl FileAudit {
    /// Appends to the file at `path`, which is created with the first record, readable by its owner only. The
    /// file is rotated before it grows beyond `rotate_bytes`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, rotate_bytes: u64) -> Self {
        let file = AuditFile { path: path.into(), rotate_bytes, open: None, failing: false };
        let shared = AuditWriter { queue: Lock::default(), file: Lock::new(file) };
        Self { shared: Arc::new(shared) }
    }

    /// The path of the file with the records that rotation keeps.
    #[must_use]
    pub fn rotated(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".1");
        name.into()
    }
}

impl AuditLog for FileAudit {
    fn record(&self, record: AuditRecord) {
        let mut queue = self.shared.queue();
        queue.push(record);
        if !mem::replace(&mut queue.writing, true) {
            drop(queue);
            let shared = Arc::clone(&self.shared);
            crate::task::in_background(Box::new(move || {
                shared.write_while_waiting();
            }))
            .detach();
        }
    }

    fn room<'a>(&'a self, plugin: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            loop {
                let Some(emptied) = self.shared.queue().backpressure(plugin) else { return };
                emptied.cancelled().await;
            }
        })
    }

    fn flush(&self) {
        self.shared.write_waiting();
    }

    fn recent(&self, count: usize) -> Vec<Value> {
        self.flush();
        let path = {
            let output = self.shared.file.lock();
            output.path.clone()
        };
        let mut records = last_records(&path, count);
        if records.len() < count {
            let mut older = last_records(&Self::rotated(&path), count - records.len());
            older.append(&mut records);
            records = older;
        }
        records
    }
}

/// The last records of a file. Lines that a power cut or a full disk has cut don't count.
fn last_records(path: &Path, count: usize) -> Vec<Value> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let mut last = VecDeque::with_capacity(count.min(QUEUE));
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    // A line that was cut is no record, and takes no place of one.
    for record in lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()) {
        if last.len() == count {
            last.pop_front();
        }
        last.push_back(record);
    }
    last.into()
}

impl Drop for FileAudit {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Queue {
    /// Adds a record, or counts it as lost.
    fn push(&mut self, record: AuditRecord) {
        let waiting = self.records.len();
        // The last room of a crowded queue is not for the plugins that crowd it.
        if waiting >= QUEUE || (waiting >= HIGH_WATER && self.own(&record.plugin) >= SHARE) {
            self.lost += 1;
            return;
        }
        match self.by_plugin.get_mut(&record.plugin) {
            Some(count) => *count += 1,
            None => {
                self.by_plugin.insert(record.plugin.clone(), 1);
            }
        }
        self.records.push(record);
    }

    /// The signal for trying again, if this plugin has no room now.
    fn backpressure(&mut self, plugin: &str) -> Option<Cancellation> {
        let waiting = self.records.len();
        let has_room = waiting <= BUSY || (waiting < HIGH_WATER && self.own(plugin) < SHARE);
        (!has_room).then(|| self.emptied.get_or_insert_default().token())
    }

    /// How many records of this plugin wait.
    fn own(&self, plugin: &str) -> usize {
        self.by_plugin.get(plugin).copied().unwrap_or_default()
    }

    /// Takes all waiting records out of the queue, which makes room.
    fn take(&mut self) -> Vec<AuditRecord> {
        self.by_plugin.clear();
        self.emptied = None;
        mem::take(&mut self.records)
    }
}

impl AuditWriter {
    /// The queue, locked.
    fn queue(&self) -> Held<'_, Queue> {
        self.queue.lock()
    }

    /// Writes until the queue is empty. It notes that under the lock, so a record that comes a moment later starts
    /// the next task.
    fn write_while_waiting(&self) {
        loop {
            self.write_waiting();
            let mut queue = self.queue();
            if queue.records.is_empty() {
                queue.writing = false;
                return;
            }
        }
    }

    /// Writes all records that wait now, and warns of those that were lost.
    fn write_waiting(&self) {
        let mut output = self.file.lock();
        loop {
            let records = self.queue().take();
            if records.is_empty() {
                break;
            }
            let mut lines = Vec::new();
            for record in &records {
                if serde_json::to_writer(&mut lines, record).is_ok() {
                    lines.push(b'\n');
                }
            }
            output.append(&lines);
        }
        let lost = mem::take(&mut self.queue().lost);
        if lost > 0 {
            log::warn!(target: LOG_TARGET, "audit records lost: {lost} (the disk is too slow)");
        }
    }
}

impl AuditFile {
    /// Writes lines, or warns once that they are lost. The next attempt opens the file again.
    fn append(&mut self, mut lines: &[u8]) {
        match self.try_append(&mut lines) {
            Ok(()) => self.failing = false,
            Err(error) => {
                // The next successful write ends the line that this one may have begun.
                self.open = None;
                if !self.failing {
                    let count = lines.iter().filter(|byte| **byte == b'\n').count();
                    let path = self.path.display();
                    log::warn!(
                        target: LOG_TARGET,
                        "audit records lost: {count}, and more until {path} can be written: {error}"
                    );
                }
                self.failing = true;
            }
        }
    }

    /// Writes whole lines until one fails, and leaves the rest in `lines`.
    fn try_append(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        let mut after_failure = self.failing;
        let _lock = self.lock()?;
        while !lines.is_empty() {
            let mut file = self.current()?;
            let length = file.metadata()?.len();
            let room = self.rotate_bytes.saturating_sub(length + u64::from(after_failure));
            let mut fitting = whole_lines(lines, usize::try_from(room).unwrap_or(usize::MAX));
            if fitting == 0 && length > 0 {
                self.open = None;
                self.rotate()?;
                continue;
            }
            if fitting == 0 {
                // A line longer than a whole file gets a file of its own.
                fitting =
                    lines.iter().position(|byte| *byte == b'\n').map_or(lines.len(), |at| at + 1);
            }
            if after_failure {
                file.write_all(b"\n")?;
                after_failure = false;
            }
            let (now, later) = lines.split_at(fitting);
            file.write_all(now)?;
            *lines = later;
        }
        Ok(())
    }

    /// Locks the file against other processes until the result is dropped.
    fn lock(&self) -> io::Result<File> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let folder = File::open(folder)?;
        // On a file system without locks, two processes may lose each other's lines.
        let _ = folder.lock();
        Ok(folder)
    }

    /// Moves the records to keep, of the file and of those before it, to the kept file, and removes the file.
    fn rotate(&self) -> io::Result<()> {
        let kept = FileAudit::rotated(&self.path);
        let new = kept.with_extension("1.new");
        let moved = self.keep_in(&new, &kept).and_then(|()| fs::rename(&new, &kept));
        if moved.is_err() {
            let _ = fs::remove_file(&new);
        }
        moved.and_then(|()| fs::remove_file(&self.path))
    }

    /// Writes the records to keep to a new file, so that an error leaves the kept file as it was.
    fn keep_in(&self, new: &Path, kept: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).mode(0o600).open(new)?;
        let mut to = BufWriter::new(file);
        let lines = || -> io::Result<Box<dyn BufRead>> {
            let now = File::open(&self.path)?;
            Ok(match File::open(kept) {
                Ok(before) => Box::new(BufReader::new(before.chain(now))),
                Err(_) => Box::new(BufReader::new(now)),
            })
        };
        let room = usize::try_from(self.rotate_bytes).unwrap_or(usize::MAX);
        keep(&lines, room, &mut to)?;
        to.flush()
    }

    /// The open file. It is opened again if another process has rotated it away.
    fn current(&mut self) -> io::Result<File> {
        let open = self.open.take().filter(|file| is_at(file, &self.path));
        let file = match open {
            Some(file) => file,
            None => OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?,
        };
        let another = file.try_clone()?;
        self.open = Some(file);
        Ok(another)
    }
}

/// Whether the open file is still the one at this path.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// The length of the leading lines that fit whole into `room` bytes.
fn whole_lines(lines: &[u8], room: usize) -> usize {
    let within = lines.get(..room).unwrap_or(lines);
    within.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}
