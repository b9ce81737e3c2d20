//! An exact sliding window: at most so many events within any minute.
//!
//! Only accepted events count. So a guest that goes on trying while it is refused succeeds again as soon as its
//! oldest accepted event is a minute old, and the window never holds more entries than its limit.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time span of the rates in the security rules.
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// The times of the events accepted within the last minute.
#[derive(Debug)]
pub(super) struct SlidingWindow {
    limit: usize,
    accepted: VecDeque<Instant>,
}

impl SlidingWindow {
    /// A window that accepts `limit` events within any minute.
    pub(super) fn new(limit: u32) -> Self {
        // A limit that doesn't fit is one that no guest can reach.
        Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), accepted: VecDeque::new() }
    }

    /// Whether one more event fits at `now`; if so, it is counted.
    pub(super) fn accept(&mut self, now: Instant) -> bool {
        while self.accepted.front().is_some_and(|&oldest| now.duration_since(oldest) >= MINUTE) {
            self.accepted.pop_front();
        }
        let fits = self.accepted.len() < self.limit;
        if fits {
            self.accepted.push_back(now);
        }
        fits
    }
}
