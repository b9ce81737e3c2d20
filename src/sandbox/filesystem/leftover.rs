//! Temporary files of interrupted writes. Opening a grant removes them.

use std::time::Duration;

use cap_std::fs::Dir;
use cap_std::time::SystemClock;
use cap_std::{ambient_authority, fs::DirEntry};

use super::reserved::is_reserved;

/// A write takes moments, so an older file has no owner any more.
const AGE: Duration = Duration::from_secs(3_600);
/// Entries that are examined for one grant.
const MAX_ENTRIES: usize = 512;

/// The name of the temporary file with this number, in this process.
pub(super) fn name(number: u64) -> String {
    format!(".weft-{}-{number}.tmp", std::process::id())
}

/// Removes the temporary files of earlier processes from the folder, and from the folders directly in it.
pub(super) fn clear(folder: &Dir) {
    let mut left = MAX_ENTRIES;
    for inner in clear_one(folder, &mut left) {
        if let Ok(folder) = inner.open_dir() {
            clear_one(&folder, &mut left);
        }
    }
}

/// Clears one folder and returns the folders in it.
fn clear_one(folder: &Dir, left: &mut usize) -> Vec<DirEntry> {
    let mut inner = Vec::new();
    let entries = folder.entries().into_iter().flatten().flatten();
    for entry in entries.take(*left) {
        *left -= 1;
        let name = entry.file_name();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !is_reserved(&name) => inner.push(entry),
            Ok(kind) if kind.is_file() && is_ours(&name.to_string_lossy()) && is_old(&entry) => {
                // Another process may be faster. A file that can't be removed stays for the next time.
                let _ = entry.remove_file();
            }
            _ => {}
        }
    }
    inner
}

/// Whether [`name`] has made this name, in any process.
fn is_ours(name: &str) -> bool {
    let numbers = name.strip_prefix(".weft-").and_then(|rest| rest.strip_suffix(".tmp"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    numbers
        .and_then(|it| it.split_once('-'))
        .is_some_and(|(process, number)| is_number(process) && is_number(number))
}

/// Whether it is older than any write takes.
fn is_old(entry: &DirEntry) -> bool {
    let now = SystemClock::new(ambient_authority()).now();
    let modified = entry.metadata().and_then(|it| it.modified());
    modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > AGE))
}
