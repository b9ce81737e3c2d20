//! The two clocks that guests read, by WASI and by the door `clock`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time since 1970.
pub(super) fn wall_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The nanoseconds of a clock that never goes back.
pub(super) fn monotonic_nanoseconds() -> u64 {
    /// Counted from the first reading, so a guest doesn't learn how long the machine has been up.
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// How long it is until a moment of the monotonic clock; `None` if it has come.
pub(super) fn time_until(moment: u64) -> Option<Duration> {
    let left = moment.saturating_sub(monotonic_nanoseconds());
    (left > 0).then(|| Duration::from_nanos(left))
}
