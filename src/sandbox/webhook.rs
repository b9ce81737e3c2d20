//! Requests from outside for one plugin: who sends them is unknown, so they are bounded in number. Each that goes to the
//! plugin has its audit record, and so have the first that are refused.

use std::sync::Arc;
use std::time::Instant;

use smol::lock::{Semaphore, SemaphoreGuardArc};

use super::audit::{AuditEntry, AuditOutcome, CallResult};
use super::rate::SlidingWindow;
use crate::contract::limits;
use crate::task::Lock;

/// The bounds of a webhook that the operator has approved.
pub(super) struct HookGate {
    rate: Lock<SlidingWindow>,
    places: Arc<Semaphore>,
    refusals: Lock<RefusalTally>,
}

/// The refusals of the last minute that were recorded, and how many were not since.
struct RefusalTally {
    window: SlidingWindow,
    unrecorded: u64,
}

/// A request that may go to the plugin. Its record says that it was given up, unless it is [closed](Self::close).
pub(crate) struct HookPermit {
    entry: AuditEntry,
    _place: SemaphoreGuardArc,
}

/// Why a request does not go to the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookRefusal {
    /// Too many came within a minute.
    TooMany,
    /// Too many are under way.
    Busy,
}

impl HookGate {
    /// The gate of a plugin that asks for a webhook.
    pub(super) fn new(is_permitted: bool) -> Option<Self> {
        is_permitted.then(|| Self {
            rate: Lock::new(SlidingWindow::new(limits::HOOK_REQUESTS_PER_MINUTE)),
            places: Arc::new(Semaphore::new(limits::HOOK_REQUESTS_AT_ONCE)),
            refusals: Lock::new(RefusalTally {
                window: SlidingWindow::new(limits::HOOK_REFUSALS_PER_MINUTE),
                unrecorded: 0,
            }),
        })
    }

    /// Counts a request, and opens its record with `open`.
    ///
    /// # Errors
    ///
    /// The refusal. It is recorded, unless it follows too many others.
    pub(super) fn admit(
        &self,
        open: impl FnOnce() -> AuditEntry,
        now: Instant,
    ) -> Result<HookPermit, HookRefusal> {
        let (rule, refusal) = match self.places.try_acquire_arc() {
            None => ("too many requests at once", HookRefusal::Busy),
            Some(_) if !self.rate.lock().accept(now) => {
                ("rate limit exceeded: webhook", HookRefusal::TooMany)
            }
            Some(place) => return Ok(HookPermit { entry: open(), _place: place }),
        };
        let mut tally = self.refusals.lock();
        match tally.window.accept(now) {
            false => tally.unrecorded += 1,
            true => {
                let rule = match std::mem::take(&mut tally.unrecorded) {
                    0 => rule.to_owned(),
                    others => format!("{rule} (and {others} others before)"),
                };
                open().close(CallResult::failed(AuditOutcome::RateLimited, rule));
            }
        }
        Err(refusal)
    }
}

impl HookPermit {
    /// Records how it ended: with so many bytes of an answer, or why without one.
    pub(crate) fn close(self, result: Result<usize, &str>) {
        self.entry.close(match result {
            Ok(bytes) => CallResult::ok(bytes),
            Err(rule) => CallResult::failed(AuditOutcome::Error, rule),
        });
    }
}
