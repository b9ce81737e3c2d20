//! Time as a dependency: the sandbox never asks the system what time it is.
//!
//! Rates and durations use the monotonic side, the audit log the wall side. Tests advance a
//! [`ManualClock`] and never sleep.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Where the sandbox takes the time from.
pub trait Clock: Send + Sync {
    /// Monotonic time, for rates and durations.
    fn now(&self) -> Instant;
    /// The date and time, for the audit log.
    fn wall(&self) -> SystemTime;
}

/// The time of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that stands still until it is told to move: for tests.
///
/// ```
/// use std::time::Duration;
/// use weft_lite::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now() - before, Duration::from_secs(60));
/// ```
#[derive(Debug)]
pub struct ManualClock {
    start: Instant,
    wall_start: SystemTime,
    elapsed: Mutex<Duration>,
}

impl ManualClock {
    /// A clock that shows the moment of its making.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// A clock whose wall side shows `wall`.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { start: Instant::now(), wall_start: wall, elapsed: Mutex::default() }
    }

    /// Moves both sides forward.
    pub fn advance(&self, by: Duration) {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + self.elapsed()
    }

    fn wall(&self) -> SystemTime {
        self.wall_start + self.elapsed()
    }
}
