//! The limits of one call and its usage: fuel in slices, time and host calls.

use std::time::{Duration, Instant};

use crate::contract::{
    CallContext, CallError, Denied, Exhausted, FuelGauge, PluginResourceConfig, Usage,
};
use crate::sandbox::CallScope;
use crate::task::by_deadline;

/// Fuel between two checks of the clock and two turns of other guests: about 20 µs.
const SLICE_FUEL: u64 = 50_000;
/// The shortest slice, for guests whose instructions take much time for little fuel.
const SHORTEST_SLICE_FUEL: u64 = 500;
/// A slice that takes longer is followed by shorter ones, until they are quick again.
const SLICE_TIME: Duration = Duration::from_millis(1);
/// The longest wait of a guest for an audit log that is stuck, before records may be lost.
const AUDIT_PATIENCE: Duration = Duration::from_secs(1);

/// The limits of one call and its usage so far. Never carried over to another call.
///
/// So each call begins with all its fuel, whatever the call before has used (T45). Time passes also while the
/// guest waits for the host; fuel is used only while it computes.
#[derive(Debug)]
pub struct CallBudget {
    /// The manifest's `max_fuel`.
    fuel_limit: u64,
    pub(super) fuel_used: u64,
    /// The fuel of the next slice, within `slice_range`.
    slice: u64,
    slice_range: (u64, u64),
    slice_started: Instant,
    started: Instant,
    time_limit: Duration,
    host_call_limit: u32,
    host_calls: u32,
    pub(super) peak_memory_bytes: usize,
    /// Whether the call fails at its first host call that has a record, or output.
    pub(super) quiet: bool,
    /// Whether the guest has made a host call other than `log`.
    pub(super) asked_host: bool,
    /// The refusal of the newest host call, if it was refused.
    pub(super) denied: Option<Denied>,
    /// The missing grant because of which the newest host call failed.
    pub(super) missing_grant: Option<String>,
    /// How long the guest may wait for room in the audit log; zero once a wait was in vain.
    pub(super) audit_patience: Duration,
    /// Shows the usage to an observer, if there is one.
    gauge: Option<FuelGauge>,
    /// Whom the call works for, and what its host calls leave to the next.
    scope: CallScope,
}

impl CallBudget {
    /// A full budget whose clock starts now.
    #[must_use]
    pub fn new(resources: &PluginResourceConfig) -> Self {
        let now = Instant::now();
        Self {
            fuel_limit: resources.max_fuel,
            fuel_used: 0,
            slice: SLICE_FUEL,
            slice_range: (SHORTEST_SLICE_FUEL, SLICE_FUEL),
            slice_started: now,
            started: now,
            time_limit: resources.max_execution_time(),
            host_call_limit: resources.max_host_calls,
            host_calls: 0,
            peak_memory_bytes: 0,
            quiet: false,
            asked_host: false,
            denied: None,
            missing_grant: None,
            audit_patience: AUDIT_PATIENCE,
            gauge: None,
            scope: CallScope::default(),
        }
    }

    /// The same for a call with this context.
    #[must_use]
    pub fn with_context(mut self, context: CallContext) -> Self {
        self.scope.context = context;
        self
    }

    /// The same, which shows the used fuel in `gauge` after each slice.
    #[must_use]
    pub fn with_gauge(mut self, gauge: Option<FuelGauge>) -> Self {
        self.gauge = gauge;
        self
    }

    /// The same for a call that has waited since `began`, for an instance or code: waiting counts as time of the
    /// call.
    pub(crate) fn waiting_since(mut self, began: Instant) -> Self {
        self.started = began;
        self
    }

    /// The same for a call that fails at its first host call: the call is not served, and not recorded.
    pub(crate) fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// The same with slices of one length, in units of fuel, however long they take. Longer ones cost other
    /// guests their fair share; this is for measuring the cost of slicing.
    #[must_use]
    pub fn with_slice(mut self, fuel: u64) -> Self {
        self.slice = fuel.max(1);
        self.slice_range = (self.slice, self.slice);
        self
    }

    /// The usage until now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            fuel: self.fuel_used,
            duration: self.started.elapsed(),
            peak_memory_bytes: self.peak_memory_bytes,
            host_calls: self.host_calls,
        }
    }

    /// Whether the guest's answer may depend on more than its arguments, so that it may differ the next time.
    /// Clocks and random numbers don't count.
    pub(crate) fn has_asked_host(&self) -> bool {
        self.asked_host
    }

    /// The caller's error for an error of the guest: a refusal, if the guest's last host call was refused; a
    /// missing grant, if that call failed because of one.
    pub(super) fn guest_error(&mut self, message: String) -> CallError {
        match (self.denied.take(), self.missing_grant.take()) {
            (Some(denied), _) => CallError::Denied { denied: denied.into(), message },
            (None, Some(grant)) => CallError::MissingGrant { grant, message },
            (None, None) => CallError::Guest { message },
        }
    }

    /// Counts the fuel of a slice.
    pub(super) fn use_fuel(&mut self, units: u64) {
        self.fuel_used += units;
        if let Some(waiting) = &self.scope.context.fuel {
            waiting.spend(units);
        }
        if let Some(gauge) = &self.gauge {
            gauge.show(self.fuel_used);
        }
        // A use this short says nothing about the guest's speed.
        if units >= SHORTEST_SLICE_FUEL / 2 {
            self.keep_pace();
        }
    }

    /// The units left for this call, and for every guest that waits for it.
    fn fuel_left(&self) -> u64 {
        let own = self.fuel_limit.saturating_sub(self.fuel_used);
        self.scope.context.fuel.as_ref().map_or(own, |waiting| own.min(waiting.left()))
    }

    /// The scope for one host call. If the host call is given up, what it holds is dropped with it.
    pub(super) fn open_scope(&mut self) -> CallScope {
        (self.scope.fuel_used, self.scope.fuel_left) = (self.fuel_used, self.fuel_left());
        std::mem::take(&mut self.scope)
    }

    /// Takes the scope back, with the fuel that guests have used for this one.
    pub(super) fn close_scope(&mut self, scope: CallScope) {
        self.fuel_used = scope.fuel_used;
        if let Some(gauge) = &self.gauge {
            gauge.show(self.fuel_used);
        }
        self.scope = scope;
    }

    /// The fuel for the next slice, at least `required`, or the reason why there is none.
    pub(super) fn grant(&mut self, required: u64) -> Result<u64, CallError> {
        let left = self.fuel_left();
        if left == 0 || required > left {
            return Err(self.out_of_fuel());
        }
        Ok(self.slice.max(required).min(left))
    }

    /// Sets the next slice by the time that this one took. Fuel is not time: some instructions take long for their
    /// charge, like calls of functions with many locals.
    fn keep_pace(&mut self) {
        let took = self.slice_started.elapsed();
        let next = if took > SLICE_TIME {
            let shorter = u128::from(self.slice) * SLICE_TIME.as_nanos() / took.as_nanos();
            u64::try_from(shorter).unwrap_or(self.slice)
        } else {
            self.slice.saturating_mul(2)
        };
        let (shortest, longest) = self.slice_range;
        self.slice = next.clamp(shortest, longest);
    }

    /// Checks the clock, after each slice and each host call. A function that ends within its first slice needs
    /// no check.
    pub(super) fn check_time(&mut self) -> Result<(), CallError> {
        self.slice_started = Instant::now();
        let ran = self.slice_started.duration_since(self.started);
        if ran >= self.time_limit { Err(self.out_of_time()) } else { Ok(()) }
    }

    /// The error for a call without fuel.
    pub(super) fn out_of_fuel(&self) -> CallError {
        CallError::Exhausted(Exhausted::Fuel { limit: self.fuel_limit })
    }

    /// The error for a call whose time is over.
    pub(super) fn out_of_time(&self) -> CallError {
        CallError::Exhausted(Exhausted::Time { limit: self.time_limit })
    }

    /// Counts one host call, before it is served.
    ///
    /// # Errors
    ///
    /// [`CallError::Exhausted`] if no time is left, or if the guest has made as many as it may.
    pub(super) fn count_host_call(&mut self) -> Result<(), CallError> {
        if self.started.elapsed() >= self.time_limit {
            return Err(self.out_of_time());
        }
        if self.host_calls >= self.host_call_limit {
            let limit = self.host_call_limit;
            return Err(CallError::Exhausted(Exhausted::HostCalls { limit }));
        }
        self.host_calls = self.host_calls.saturating_add(1);
        Ok(())
    }

    /// The moment at which the call's time is over; `None` if that is beyond what the clock can express.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.started.checked_add(self.time_limit)
    }

    /// Runs `work` to its end, or until the time of this call is over.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, CallError> {
        let Some(deadline) = self.deadline() else { return Ok(work.await) };
        by_deadline(deadline, work).await.ok_or_else(|| self.out_of_time())
    }

    /// How long to wait for the audit log now: never so long that the call runs out of time because of it.
    pub(super) fn audit_patience(&self) -> Duration {
        let left = self.time_limit.saturating_sub(self.started.elapsed());
        self.audit_patience.min(left / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_slice_makes_the_next_longer() {
        let mut budget = CallBudget::new(&PluginResourceConfig::default());
        budget.slice_started = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        budget.use_fuel(SLICE_FUEL);
        assert_eq!(budget.slice, SHORTEST_SLICE_FUEL);
        // The guest ends its slice where its next block would need more.
        budget.slice_started = Instant::now().checked_add(Duration::from_secs(60)).unwrap();
        budget.use_fuel(SHORTEST_SLICE_FUEL - 9);
        assert_eq!(budget.slice, 2 * SHORTEST_SLICE_FUEL);
    }
}
