//! The memory that all guests share, and the idle instances that give way when it runs out.
//!
//! This is the one lock of this folder: linear memory grows inside the interpreter, where no message
//! can be awaited, so room has to be made there and then. The lock is held for a map operation,
//! never while a guest runs or an instance is dropped.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Instance;

/// Counts the linear memory of all guests of one host against one limit.
pub struct MemoryBudget {
    limit: usize,
    held: AtomicUsize,
    next_ticket: AtomicU64,
    idle: Mutex<BTreeMap<u64, Idle>>,
}

struct Idle {
    since: Instant,
    instance: Instance,
}

/// The receipt for a parked instance.
#[derive(Debug, PartialEq, Eq)]
pub struct Parked(u64);

impl MemoryBudget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            held: AtomicUsize::new(0),
            next_ticket: AtomicU64::new(0),
            idle: Mutex::new(BTreeMap::new()),
        })
    }

    /// The bytes that all guests may hold together.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes that all guests hold now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// The number of idle instances.
    #[must_use]
    pub fn idle_instances(&self) -> usize {
        self.idle().len()
    }

    /// Keeps an instance until it is wanted again, too old, or in the way.
    #[must_use]
    pub fn park(&self, instance: Instance, since: Instant) -> Parked {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        self.idle().insert(ticket, Idle { since, instance });
        Parked(ticket)
    }

    /// Takes an instance back, if it was not dropped meanwhile.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a receipt is good once")]
    pub fn unpark(&self, parked: Parked) -> Option<Instance> {
        self.idle().remove(&parked.0).map(|idle| idle.instance)
    }

    /// Drops the instances that have been idle since `moment` or longer; gives how many.
    pub fn drop_idle_since(&self, moment: Instant) -> usize {
        let mut dropped: usize = 0;
        while let Some(idle) = self.take_oldest(|oldest| oldest.since <= moment) {
            drop(idle);
            dropped = dropped.saturating_add(1);
        }
        dropped
    }

    /// When the oldest idle instance was parked.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        self.idle().first_key_value().map(|(_, idle)| idle.since)
    }

    /// Takes `bytes` from the budget, dropping idle instances, the oldest first, to make room.
    pub(super) fn reserve(&self, bytes: usize) -> bool {
        loop {
            let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                held.checked_add(bytes).filter(|total| *total <= self.limit)
            });
            if taken.is_ok() {
                return true;
            }
            match self.take_oldest(|_| true) {
                Some(idle) => drop(idle),
                None => return false,
            }
        }
    }

    /// Gives `bytes` back.
    pub(super) fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn take_oldest(&self, wanted: impl Fn(&Idle) -> bool) -> Option<Idle> {
        let mut idle = self.idle();
        let oldest = idle.first_entry().filter(|entry| wanted(entry.get()))?;
        Some(oldest.remove())
    }

    fn idle(&self) -> MutexGuard<'_, BTreeMap<u64, Idle>> {
        // The map is whole at every step, so a panic elsewhere while it was locked harms nothing.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryBudget")
            .field("limit", &self.limit)
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}
