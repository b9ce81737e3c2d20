//! The audit log on disk: JSON lines, rotated by size, written off the executor.
//!
//! A host call hands its record to a bounded queue and goes on; a task on the blocking pool writes
//! what has gathered and ends. When the queue or the disk is full, records are lost with one warning:
//! a tool call never waits for the log and never fails because of it.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_channel::{Receiver, Sender};
use serde_json::Value;

use super::{AuditLog, AuditRecord};
use crate::sandbox::LOG_TARGET;

/// Records that wait for the disk.
const QUEUE: usize = 1_024;

/// A file of JSON lines, of which the one before is kept as `<name>.1`: together they hold at most
/// twice the size at which they are rotated.
pub struct FileAudit {
    queue: Sender<AuditRecord>,
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Receiver<AuditRecord>,
    /// Whether a task is writing, or about to look whether there is something to write.
    writing: AtomicBool,
    /// Records that found the queue full since the last warning.
    lost: AtomicU64,
    file: Mutex<Output>,
}

struct Output {
    path: PathBuf,
    rotate_bytes: u64,
    open: Option<File>,
    /// Whether the last write failed, so that its warning is not given again and again.
    failing: bool,
}

impl FileAudit {
    /// Appends to the file at `path`, which is made when the first record comes, readable by its
    /// owner only. It is rotated before it grows beyond `rotate_bytes`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, rotate_bytes: u64) -> Self {
        let (queue, waiting) = async_channel::bounded(QUEUE);
        let file = Output { path: path.into(), rotate_bytes, open: None, failing: false };
        let shared = Shared {
            waiting,
            writing: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            file: Mutex::new(file),
        };
        Self { queue, shared: Arc::new(shared) }
    }

    /// The name of the file that rotation keeps.
    #[must_use]
    pub fn rotated(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".1");
        name.into()
    }
}

impl AuditLog for FileAudit {
    fn record(&self, record: AuditRecord) {
        if self.queue.try_send(record).is_err() {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
        if !self.shared.writing.swap(true, Ordering::AcqRel) {
            let shared = Arc::clone(&self.shared);
            blocking::unblock(move || shared.write_while_waiting()).detach();
        }
    }

    fn flush(&self) {
        self.shared.write_waiting();
    }

    fn recent(&self, count: usize) -> Vec<Value> {
        self.flush();
        let path = {
            let output = self.shared.file.lock().unwrap_or_else(PoisonError::into_inner);
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

/// The last records of a file; lines that a power cut or a full disk has cut are none.
fn last_records(path: &Path, count: usize) -> Vec<Value> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let mut last = VecDeque::with_capacity(count.min(QUEUE));
    for line in BufReader::new(file).lines().map_while(Result::ok) {
        if last.len() == count {
            last.pop_front();
        }
        last.push_back(line);
    }
    last.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Drop for FileAudit {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Shared {
    fn write_while_waiting(&self) {
        loop {
            self.write_waiting();
            self.writing.store(false, Ordering::Release);
            // A record that came between the last look and that store found `writing` set.
            let more = !self.waiting.is_empty() && !self.writing.swap(true, Ordering::AcqRel);
            if !more {
                return;
            }
        }
    }

    fn write_waiting(&self) {
        let mut output = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.waiting.is_empty() {
            let mut lines = Vec::new();
            // At most one queue full at a time, so that what is held stays bounded.
            for record in std::iter::from_fn(|| self.waiting.try_recv().ok()).take(QUEUE) {
                if serde_json::to_writer(&mut lines, &record).is_ok() {
                    lines.push(b'\n');
                }
            }
            output.append(&lines);
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            log::warn!(target: LOG_TARGET, "audit records lost: {lost} (the disk is too slow)");
        }
    }
}

impl Output {
    fn append(&mut self, mut lines: &[u8]) {
        match self.try_append(&mut lines) {
            Ok(()) => self.failing = false,
            Err(error) => {
                // What was written of a line is ended by the next one that can be written.
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

    /// Writes whole lines for as long as it can, and leaves in `lines` what it could not write.
    fn try_append(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        let mut after_failure = self.failing;
        while !lines.is_empty() {
            let mut file = self.current()?;
            let length = file.metadata()?.len();
            let room = self.rotate_bytes.saturating_sub(length + u64::from(after_failure));
            let mut fitting = whole_lines(lines, usize::try_from(room).unwrap_or(usize::MAX));
            if fitting == 0 && length > 0 {
                self.open = None;
                fs::rename(&self.path, FileAudit::rotated(&self.path))?;
                continue;
            }
            if fitting == 0 {
                // A line that is longer than a file may be has a file of its own.
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

    /// The open file, opened anew where another process has rotated it away.
    fn current(&mut self) -> io::Result<File> {
        let open = self.open.take().filter(|file| is_at(file, &self.path));
        let file = match open {
            Some(file) => file,
            None => {
                if let Some(folder) = self.path.parent() {
                    fs::create_dir_all(folder)?;
                }
                OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?
            }
        };
        let another = file.try_clone()?;
        self.open = Some(file);
        Ok(another)
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// The length of the lines at the beginning that are whole within `room` bytes.
fn whole_lines(lines: &[u8], room: usize) -> usize {
    let within = lines.get(..room).unwrap_or(lines);
    within.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}
