//! What the server has done since it was started, in numbers that only rise.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::contract::CallOutcome;

/// Counters of all connections together.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    calls: AtomicU64,
    errors: AtomicU64,
    fuel: AtomicU64,
    duration_us: AtomicU64,
}

impl Metrics {
    /// Counts a call that has ended.
    pub(super) fn count(&self, outcome: &CallOutcome) {
        let micros = u64::try_from(outcome.usage.duration.as_micros()).unwrap_or(u64::MAX);
        let add = |counter: &AtomicU64, amount| counter.fetch_add(amount, Ordering::Relaxed);
        add(&self.calls, 1);
        add(&self.errors, u64::from(outcome.result.is_err()));
        add(&self.fuel, outcome.usage.fuel);
        add(&self.duration_us, micros);
    }
}
