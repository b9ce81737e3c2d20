//! Detects whether files have changed since they were read, from their metadata alone.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A file that changed so shortly before it was read may change again with the same times:
/// kernels count them in ticks of up to 10 ms.
const UNSETTLED: Duration = Duration::from_millis(50);

/// The metadata of some files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint {
    stamps: Vec<Option<FileStamp>>,
    settled: bool,
}

/// Length, times and identity of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// When the name, the content or the permissions changed, in seconds and nanoseconds: unlike
    /// `modified` nobody can set it back.
    changed: (i64, i64),
    inode: u64,
}

impl Fingerprint {
    /// The metadata of these files. Links are followed, and a missing file counts too. Call this
    /// before the files are read, so that a change in between is noticed.
    #[must_use]
    pub fn of<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Self {
        let now = SystemTime::now();
        let mut settled = true;
        let stamps = paths.into_iter().map(|path| {
            let metadata = fs::metadata(path).ok()?;
            let modified = metadata.modified().ok();
            let age = modified.and_then(|modified| now.duration_since(modified).ok());
            settled &= age.is_some_and(|age| age > UNSETTLED);
            let (changed, inode) = identity(&metadata);
            Some(FileStamp { bytes: metadata.len(), modified, changed, inode })
        });
        Self { stamps: stamps.collect(), settled }
    }

    /// Whether the files are certainly unchanged since `earlier`.
    #[must_use]
    pub fn is_same_as(&self, earlier: &Self) -> bool {
        earlier.settled && self.stamps == earlier.stamps
    }
}

/// When the file last changed in any way, and its number on the file system.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> ((i64, i64), u64) {
    use std::os::unix::fs::MetadataExt;
    ((metadata.ctime(), metadata.ctime_nsec()), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> ((i64, i64), u64) {
    ((0, 0), 0)
}
