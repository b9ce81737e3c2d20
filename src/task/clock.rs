//! Time as a dependency, where a test would have to wait: rates, and the times in the audit log.
//!
//! Rates and durations use the monotonic side, the audit log the wall side. The deadline of an HTTP
//! request uses the system's time, because it ends a real connection. Tests advance a
//! [`ManualClock`] and never sleep.

use std::time::{Duration, Instant, SystemTime};

use async_channel::Sender;
use smol::Timer;

use super::{Held, Lock};
use crate::contract::BoxFuture;

/// A source of time.
pub trait Clock: Send + Sync {
    /// Monotonic time, for rates and durations.
    fn now(&self) -> Instant;
    /// The date and time, for the audit log.
    fn wall(&self) -> SystemTime;

    /// Resolves when so much monotonic time has passed. Default: the system's timer.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            Timer::after(duration).await;
        })
    }
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

/// A clock that moves only when a test advances it.
///
/// ```
/// use std::time::Duration;
/// use weft_lite::sandbox::{Clock, ManualClock};
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
    state: Lock<Manual>,
}

#[derive(Debug, Default)]
struct Manual {
    elapsed: Duration,
    /// When each sleeper wakes. A sleeper that was dropped has closed the other end.
    sleepers: Vec<(Duration, Sender<()>)>,
}

impl ManualClock {
    /// A clock that shows the moment of its creation.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// A clock whose wall side shows `wall`.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { start: Instant::now(), wall_start: wall, state: Lock::default() }
    }

    /// Moves both sides forward and wakes every sleeper whose time has come.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.elapsed += by;
        let now = state.elapsed;
        state.sleepers.retain(|(until, sleeper)| *until > now && !sleeper.is_closed());
    }

    /// Moves both sides to the moment when the next sleeper wakes, and wakes it. Returns how far it
    /// moved; `None` if nobody sleeps.
    pub fn advance_to_next_sleeper(&self) -> Option<Duration> {
        let by = {
            let state = self.state();
            let sleeping = state.sleepers.iter().filter(|(_, sleeper)| !sleeper.is_closed());
            sleeping.map(|(until, _)| *until).min()?.saturating_sub(state.elapsed)
        };
        self.advance(by);
        Some(by)
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    fn state(&self) -> Held<'_, Manual> {
        self.state.lock()
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

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let mut state = self.state();
        let (sleeper, awake) = async_channel::bounded(1);
        let until = state.elapsed + duration;
        state.sleepers.push((until, sleeper));
        Box::pin(async move {
            // Nothing is sent: the clock drops its end when the time has come.
            let _ = awake.recv().await;
        })
    }
}
