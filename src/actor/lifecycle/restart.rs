//! How long members may take, and how long a failed channel waits for its next try.

use std::time::Duration;

/// Times of the life cycle. Each limit holds for one member: members start and stop beside each
/// other, so the limits do not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifecycleOptions {
    /// How long one member may take to start. Default: 30 seconds.
    pub start_limit: Duration,
    /// How long one member may take to stop. Default: 5 seconds.
    pub stop_limit: Duration,
    /// How long a channel waits after its first failure. Each further wait is twice as long.
    /// Default: 1 second.
    pub first_restart: Duration,
    /// The longest wait. For a channel that ran as long as this, the waits start again from the
    /// first. Default: 60 seconds.
    pub longest_restart: Duration,
}

impl Default for LifecycleOptions {
    fn default() -> Self {
        Self {
            start_limit: Duration::from_secs(30),
            stop_limit: Duration::from_secs(5),
            first_restart: Duration::from_secs(1),
            longest_restart: Duration::from_secs(60),
        }
    }
}

/// The waits of one channel. They double, so that a channel whose other end is down for long does
/// not fill the log.
#[derive(Debug)]
pub(super) struct Restarts {
    options: LifecycleOptions,
    /// The next wait, not yet cut to the longest one.
    next: Duration,
}

impl Restarts {
    /// No failure yet.
    pub(super) fn new(options: LifecycleOptions) -> Self {
        Self { options, next: options.first_restart }
    }

    /// How long to wait after a failure, where the channel had run for `ran`.
    pub(super) fn after_running(&mut self, ran: Duration) -> Duration {
        let LifecycleOptions { first_restart, longest_restart, .. } = self.options;
        if ran >= longest_restart {
            self.next = first_restart;
        }
        let wait = self.next.min(longest_restart);
        self.next = wait.saturating_mul(2);
        wait
    }
}
