//! What the server has done since it was started, in numbers that only rise.
//!
//! They are read without a lock while calls are counted, so two of them may be a call apart.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::contract::{CallError, CallOutcome};

/// Counters of all connections together.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// Calls of guests that have ended, failed ones included. A call that was cancelled is counted
    /// nowhere.
    calls: AtomicU64,
    /// Calls that failed; one that asks for input has not.
    errors: AtomicU64,
    /// Fuel that ended calls have used, in the engine's units.
    fuel: AtomicU64,
    /// Time that ended calls have taken, in microseconds.
    duration_us: AtomicU64,
}

/// The counters at one moment.
#[cfg(feature = "serve")]
#[derive(Debug, Clone, Copy)]
pub(super) struct CounterValues {
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) fuel: u64,
    pub(super) duration_us: u64,
}

impl Metrics {
    /// Reads every counter.
    #[cfg(feature = "serve")]
    pub(super) fn counted(&self) -> CounterValues {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CounterValues {
            calls: load(&self.calls),
            errors: load(&self.errors),
            fuel: load(&self.fuel),
            duration_us: load(&self.duration_us),
        }
    }

    /// Counts a call that has ended.
    pub(super) fn count(&self, outcome: &CallOutcome) {
        let micros = u64::try_from(outcome.usage.duration.as_micros()).unwrap_or(u64::MAX);
        let add = |counter: &AtomicU64, amount| counter.fetch_add(amount, Ordering::Relaxed);
        add(&self.calls, 1);
        // Who is asked for something has not failed.
        let failed = |error: &CallError| !matches!(error, CallError::InputRequired(_));
        add(&self.errors, u64::from(outcome.result.as_ref().is_err_and(failed)));
        add(&self.fuel, outcome.usage.fuel);
        add(&self.duration_us, micros);
    }
}
