//! Idle instances, and translated code: kept for the next calls of their plugins, until they are too
//! old or in the way.
//!
//! The pool has a lock, because the memory counter makes room from inside the interpreter, where no message
//! can be awaited. It is held for a map operation, and never while an instance is dropped.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::instance::Instance;
use super::memory_counter::MemoryAccount;
use super::module::CompiledModule;
use crate::contract::SortedMap;
use crate::task::Lock;

/// Idle instances and code by ticket, so the oldest come first.
#[derive(Default)]
pub(super) struct IdlePool {
    next_ticket: AtomicU64,
    idle: Lock<SortedMap<u64, Idle>>,
}

/// One entry of the pool, and the moment at which it was parked.
struct Idle {
    since: Instant,
    kept: Kept,
}

/// The part of a plugin that is kept for its next call.
pub(crate) enum Kept {
    /// An instance, with the code that it runs.
    Instance(Instance),
    /// The code alone.
    Code(Arc<CompiledModule>),
}

/// The receipt for a parked instance or code.
#[derive(Debug, PartialEq, Eq)]
pub struct Parked(u64);

impl IdlePool {
    /// Keeps an instance or code until it is taken back, too old, or in the way.
    pub(super) fn keep(&self, kept: Kept, since: Instant) -> Parked {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        self.idle.lock().insert(ticket, Idle { since, kept });
        Parked(ticket)
    }

    /// Takes an instance or code back, if it was not dropped meanwhile. Drops it if its plugin holds more
    /// than its share: the plugin was alone when it took that much, and now has neighbours.
    #[expect(clippy::needless_pass_by_value, reason = "a receipt is good once")]
    pub(super) fn take_back(&self, parked: Parked) -> Option<Kept> {
        let kept = self.idle.lock().remove(&parked.0)?.kept;
        let is_over = kept.account().is_some_and(|account| account.overdrawn().is_some());
        (!is_over).then_some(kept)
    }

    /// Drops everything that has been idle since `moment` or longer. Returns how many that were.
    pub(super) fn drop_since(&self, moment: Instant) -> usize {
        let mut dropped: usize = 0;
        while let Some(idle) = self.take_oldest(|oldest| oldest.since <= moment) {
            drop(idle);
            dropped = dropped.saturating_add(1);
        }
        dropped
    }

    /// Drops the oldest of `plugin`, or of all, whose end frees memory. Returns whether there was one.
    pub(super) fn drop_oldest(&self, plugin: Option<&str>) -> bool {
        let is_wanted = |kept: &Kept| {
            let of_plugin =
                |plugin| kept.account().is_some_and(|account| account.plugin() == plugin);
            kept.frees_memory() && plugin.is_none_or(of_plugin)
        };
        self.take_oldest(|idle| is_wanted(&idle.kept)).is_some()
    }

    /// When the oldest was parked.
    pub(super) fn oldest_since(&self) -> Option<Instant> {
        self.idle.lock().first_key_value().map(|(_, idle)| idle.since)
    }

    /// The number of instances.
    pub(super) fn instances(&self) -> usize {
        let is_instance = |idle: &&Idle| matches!(idle.kept, Kept::Instance(_));
        self.idle.lock().values().filter(is_instance).count()
    }

    /// Takes out the oldest entry that `is_wanted`. The caller drops it, after the lock was released.
    fn take_oldest(&self, is_wanted: impl Fn(&Idle) -> bool) -> Option<Idle> {
        let mut idle = self.idle.lock();
        let oldest = idle.iter().find(|(_, it)| is_wanted(it)).map(|(ticket, _)| *ticket)?;
        idle.remove(&oldest)
    }
}

impl Kept {
    /// The code, where an instance is no longer wanted.
    pub(crate) fn into_code(self) -> Arc<CompiledModule> {
        match self {
            Self::Instance(instance) => Arc::clone(instance.module()),
            Self::Code(code) => code,
        }
    }

    /// The account of its plugin, where its memory is counted at all.
    fn account(&self) -> Option<&MemoryAccount> {
        match self {
            Self::Instance(instance) => Some(instance.account()),
            Self::Code(code) => code.account(),
        }
    }

    /// Whether dropping it frees memory: code does only if nothing else uses it.
    fn frees_memory(&self) -> bool {
        match self {
            Self::Instance(_) => true,
            Self::Code(code) => Arc::strong_count(code) == 1,
        }
    }
}
