//! The right to write a store's file, which one process has at a time, for one operation.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::error::StoreError;

/// How long another process may keep a file. An operation takes milliseconds, rewriting a file seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pauses between two attempts.
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The lock. It ends with the process, however that ends.
#[derive(Debug)]
pub(super) struct FileLock(Arc<File>);

impl FileLock {
    /// Waits for the lock. Blocks the thread.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if another process keeps it for 10 seconds, [`StoreError::Io`].
    pub(super) fn acquire(file: Arc<File>, path: &Path) -> Result<Self, StoreError> {
        Self::within(PATIENCE, file, path)
    }

    fn within(patience: Duration, file: Arc<File>, path: &Path) -> Result<Self, StoreError> {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(error)) => return Err(StoreError::io(path, &error)),
                Err(TryLockError::WouldBlock) if begun.elapsed() > patience => {
                    return Err(StoreError::Busy { path: path.to_owned() });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(pause),
            }
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // What can't be unlocked is unlocked when it is closed.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_stays_locked_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || Arc::new(File::open(file.path()).unwrap());
        let held = FileLock::acquire(open(), file.path()).unwrap();
        let busy = StoreError::Busy { path: file.path().to_owned() };
        assert_eq!(FileLock::within(Duration::ZERO, open(), file.path()).unwrap_err(), busy);
        drop(held);
        assert!(FileLock::within(Duration::ZERO, open(), file.path()).is_ok());
    }
}
