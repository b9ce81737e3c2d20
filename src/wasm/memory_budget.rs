//! The memory that all guests of one host share: a counter with a limit, and the idle instances that give way
//! when the limit is reached.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::idle_pool::{IdlePool, Kept, Parked};
use super::instance::Instance;
use super::memory_counter::{MemoryAccount, MemoryCounter, Totals};

/// Counts the linear memory and the translated code of all guests of one host against one limit.
pub struct MemoryBudget {
    counter: Arc<MemoryCounter>,
    idle: Arc<IdlePool>,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        let idle = Arc::new(IdlePool::default());
        // Idle instances keep the counter, so the counter must not keep them.
        let pool = Arc::downgrade(&idle);
        let make_room =
            move |plugin: Option<&str>| pool.upgrade().is_some_and(|pool| pool.drop_oldest(plugin));
        Arc::new(Self { counter: MemoryCounter::new(limit, Box::new(make_room)), idle })
    }

    /// The bytes that all guests may hold together.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.counter.limit()
    }

    /// The bytes of linear memory that all guests hold now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.counter.read(Totals::linear)
    }

    /// The bytes of translated code that all plugins hold now, by estimate. They count against the limit
    /// as well.
    #[must_use]
    pub fn code_held(&self) -> usize {
        self.counter.read(|totals| totals.code)
    }

    /// The number of modules whose translated code is counted now.
    #[must_use]
    pub fn translated_modules(&self) -> usize {
        self.counter.read(|totals| totals.modules)
    }

    /// How often translating a module's code, or a part of it, was begun.
    #[must_use]
    pub fn translations(&self) -> u64 {
        self.counter.read(|totals| totals.translations)
    }

    /// The number of idle instances.
    #[must_use]
    pub fn idle_instances(&self) -> usize {
        self.idle.instances()
    }

    /// Keeps an instance until it is taken back, too old, or in the way.
    #[must_use]
    pub fn park(&self, instance: Instance, since: Instant) -> Parked {
        self.keep(Kept::Instance(instance), since)
    }

    /// Takes an instance back, if it was not dropped meanwhile. Drops it if its plugin holds more than its
    /// share: the plugin was alone when it took that much, and now has neighbours.
    #[must_use]
    pub fn unpark(&self, parked: Parked) -> Option<Instance> {
        match self.take_back(parked)? {
            Kept::Instance(instance) => Some(instance),
            Kept::Code(_) => None,
        }
    }

    /// As [`park`](Self::park), for instances and code.
    pub(crate) fn keep(&self, kept: Kept, since: Instant) -> Parked {
        self.idle.keep(kept, since)
    }

    /// As [`unpark`](Self::unpark), for instances and code.
    pub(crate) fn take_back(&self, parked: Parked) -> Option<Kept> {
        self.idle.take_back(parked)
    }

    /// Drops everything that has been idle since `moment` or longer. Returns how many instances and codes
    /// that were.
    pub fn drop_idle_since(&self, moment: Instant) -> usize {
        self.idle.drop_since(moment)
    }

    /// When the oldest of everything idle was parked.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        self.idle.oldest_since()
    }

    /// The account of `plugin`, which is opened if there is none yet.
    pub(crate) fn account(&self, plugin: &str) -> MemoryAccount {
        self.counter.account(plugin)
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryBudget")
            .field("limit", &self.limit())
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}
