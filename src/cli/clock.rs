//! The system's clock, as records on the disk have it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970; zero if the clock was never set.
pub(super) fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
