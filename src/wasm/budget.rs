//! The memory that all guests share, and what is idle of them and gives way when it runs out: instances,
//! and translated code that no instance uses.
//!
//! Every plugin has an account. While another plugin has one as well, none may hold more than half of
//! the budget, so that no plugin starves its neighbours: its manifest alone gives it no more.
//!
//! Here are the only locks of this folder: linear memory grows inside the interpreter, where no message
//! can be awaited, so room has to be made there and then. A lock is held for a map operation,
//! never while a guest runs or an instance is dropped, and never together with the other.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::{CompiledModule, Instance};
use crate::contract::{Exhausted, SortedMap};
use crate::task::{Held, Lock, wear_out};

/// A plugin's share of the budget is this part of it.
const SHARES: usize = 2;

/// Counts the linear memory and the translated code of all guests of one host against one limit.
pub struct MemoryBudget {
    limit: usize,
    ledger: Lock<Ledger>,
    next_ticket: AtomicU64,
    idle: Lock<SortedMap<u64, Idle>>,
}

/// What is held, in all and by each plugin that is in service or starts.
#[derive(Default)]
struct Ledger {
    /// With the code.
    held: usize,
    code: usize,
    /// How many modules that is the code of.
    modules: usize,
    /// How often one came to them.
    translations: u64,
    accounts: SortedMap<Arc<str>, Entry>,
}

#[derive(Default)]
struct Entry {
    held: usize,
    /// What was held when a panic took it.
    lost: usize,
    /// The handles there are of the account. It ends with the last one.
    handles: usize,
}

/// A handle to one plugin's part of the budget. While one exists, the plugin counts as a neighbour of
/// the others.
pub(crate) struct MemoryAccount {
    budget: Arc<MemoryBudget>,
    plugin: Arc<str>,
}

struct Idle {
    since: Instant,
    kept: Kept,
}

/// What is kept for a plugin's next call.
pub(crate) enum Kept {
    /// An instance, with the code that it runs.
    Instance(Instance),
    /// The code alone.
    Code(Arc<CompiledModule>),
}

/// Translated code, which counts against the budget as long as this exists. How much there is of it, only
/// the interpreter knows: it is an estimate.
pub(crate) struct CodeCharge {
    account: Arc<MemoryAccount>,
    bytes: usize,
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
            ledger: Lock::default(),
            next_ticket: AtomicU64::new(0),
            idle: Lock::new(SortedMap::new()),
        })
    }

    /// The bytes that all guests may hold together.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes of linear memory that all guests hold now.
    #[must_use]
    pub fn held(&self) -> usize {
        let ledger = self.ledger();
        ledger.held.saturating_sub(ledger.code)
    }

    /// The bytes of translated code that all plugins hold now, by estimate. They count against the limit
    /// as well.
    #[must_use]
    pub fn code_held(&self) -> usize {
        self.ledger().code
    }

    /// The number of plugins whose code is translated now.
    #[must_use]
    pub fn translated_modules(&self) -> usize {
        self.ledger().modules
    }

    /// How often the code of a plugin was translated since the beginning, or a part of it.
    #[must_use]
    pub fn translations(&self) -> u64 {
        self.ledger().translations
    }

    /// The number of idle instances.
    #[must_use]
    pub fn idle_instances(&self) -> usize {
        let is_instance = |idle: &&Idle| matches!(idle.kept, Kept::Instance(_));
        self.idle().values().filter(is_instance).count()
    }

    /// Keeps an instance until it is wanted again, too old, or in the way.
    #[must_use]
    pub fn park(&self, instance: Instance, since: Instant) -> Parked {
        self.keep(Kept::Instance(instance), since)
    }

    /// Takes an instance back, if it was not dropped meanwhile. One that took more than its share
    /// while its plugin was alone is dropped here if it no longer is.
    #[must_use]
    pub fn unpark(&self, parked: Parked) -> Option<Instance> {
        match self.take_back(parked)? {
            Kept::Instance(instance) => Some(instance),
            Kept::Code(_) => None,
        }
    }

    /// The same as [`park`](Self::park) for whatever is kept.
    pub(crate) fn keep(&self, kept: Kept, since: Instant) -> Parked {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        self.idle().insert(ticket, Idle { since, kept });
        Parked(ticket)
    }

    /// The same as [`unpark`](Self::unpark) for whatever is kept.
    #[expect(clippy::needless_pass_by_value, reason = "a receipt is good once")]
    pub(crate) fn take_back(&self, parked: Parked) -> Option<Kept> {
        let kept = self.idle().remove(&parked.0)?.kept;
        let is_over = kept.account().is_some_and(|account| account.overdrawn().is_some());
        (!is_over).then_some(kept)
    }

    /// Drops what has been idle since `moment` or longer; gives how much that was.
    pub fn drop_idle_since(&self, moment: Instant) -> usize {
        let mut dropped: usize = 0;
        while let Some(idle) = self.take_oldest(|oldest| oldest.since <= moment) {
            drop(idle);
            dropped = dropped.saturating_add(1);
        }
        dropped
    }

    /// When what is idle the longest was parked.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        self.idle().first_key_value().map(|(_, idle)| idle.since)
    }

    /// The account of `plugin`, which is opened if there is none yet.
    pub(crate) fn account(self: &Arc<Self>, plugin: &str) -> MemoryAccount {
        let plugin = Arc::from(plugin);
        let mut ledger = self.ledger();
        let entry = ledger.accounts.entry(Arc::clone(&plugin)).or_default();
        entry.handles = entry.handles.saturating_add(1);
        drop(ledger);
        MemoryAccount { budget: Arc::clone(self), plugin }
    }

    fn take_oldest(&self, wanted: impl Fn(&Idle) -> bool) -> Option<Idle> {
        let mut idle = self.idle();
        let oldest = idle.iter().find(|(_, it)| wanted(it)).map(|(ticket, _)| *ticket)?;
        idle.remove(&oldest)
    }

    fn ledger(&self) -> Held<'_, Ledger> {
        self.ledger.lock()
    }

    fn idle(&self) -> Held<'_, SortedMap<u64, Idle>> {
        // The map is whole at every step, so a panic elsewhere while it was locked harms nothing.
        self.idle.lock()
    }
}

/// Which bound a reservation meets.
#[derive(Clone, Copy)]
enum Full {
    Share,
    Budget,
}

impl Ledger {
    /// What one plugin may hold now.
    fn share(&self, limit: usize) -> usize {
        if self.accounts.len() > 1 { limit.checked_div(SHARES).unwrap_or(limit) } else { limit }
    }

    fn reserve(&mut self, plugin: &str, bytes: usize, limit: usize) -> Result<(), Full> {
        let within = |held: usize, most: usize| held.checked_add(bytes).filter(|it| *it <= most);
        let share = self.share(limit);
        let held = self.accounts.get(plugin).map_or(0, |entry| entry.held);
        // Alone, the share is the budget, and then it is the budget that is full.
        let own =
            within(held, share).ok_or(if share < limit { Full::Share } else { Full::Budget })?;
        self.held = within(self.held, limit).ok_or(Full::Budget)?;
        if let Some(entry) = self.accounts.get_mut(plugin) {
            entry.held = own;
        }
        Ok(())
    }

    /// The plugin that holds the most.
    fn holder(&self) -> Option<String> {
        let (plugin, entry) = self.accounts.iter().max_by_key(|(_, entry)| entry.held)?;
        (entry.held > 0).then(|| plugin.to_string())
    }
}

/// The part of the budget that panics may take: one in so many.
const LOSS: usize = 4;

impl MemoryAccount {
    /// Notes that a panic keeps for ever what the plugin holds. When that is much of what all plugins may
    /// hold, the program is worn out.
    pub(crate) fn lose(&self) {
        let mut ledger = self.budget.ledger();
        if let Some(entry) = ledger.accounts.get_mut(&self.plugin) {
            entry.lost = entry.held;
        }
        let lost: usize = ledger.accounts.values().map(|entry| entry.lost).sum();
        if lost >= self.budget.limit / LOSS {
            wear_out();
        }
    }

    /// Takes `bytes` from the budget, dropping idle instances, the oldest first, to make room: the
    /// plugin's own where its share is what is full.
    pub(super) fn reserve(&self, bytes: usize) -> Result<(), Exhausted> {
        let limit = self.budget.limit;
        loop {
            let reserved = self.budget.ledger().reserve(&self.plugin, bytes, limit);
            let idle = match reserved {
                Ok(()) => return Ok(()),
                Err(Full::Share) => {
                    let is_own = |account: &MemoryAccount| account.plugin == self.plugin;
                    let is_own = |it: &Kept| it.is_free() && it.account().is_some_and(is_own);
                    self.budget.take_oldest(|idle| is_own(&idle.kept))
                }
                Err(Full::Budget) => self.budget.take_oldest(|idle| idle.kept.is_free()),
            };
            match (idle, reserved) {
                (Some(idle), _) => drop(idle),
                (None, Err(Full::Share)) => return Err(self.share_exhausted()),
                (None, _) => {
                    let held_by = self.budget.ledger().holder();
                    return Err(Exhausted::MemoryBudget { limit, share: None, held_by });
                }
            }
        }
    }

    /// Takes as many bytes from the budget for translated code.
    pub(crate) fn charge_code(self: &Arc<Self>, bytes: usize) -> Result<CodeCharge, Exhausted> {
        self.reserve(bytes)?;
        let mut ledger = self.budget.ledger();
        ledger.code = ledger.code.saturating_add(bytes);
        ledger.modules = ledger.modules.saturating_add(1);
        ledger.translations = ledger.translations.saturating_add(1);
        drop(ledger);
        Ok(CodeCharge { account: Arc::clone(self), bytes })
    }

    /// Gives `bytes` back.
    pub(super) fn release(&self, bytes: usize) {
        let mut ledger = self.budget.ledger();
        ledger.held = ledger.held.saturating_sub(bytes);
        if let Some(entry) = ledger.accounts.get_mut(&self.plugin) {
            entry.held = entry.held.saturating_sub(bytes);
        }
    }

    /// The error for a plugin that holds more than it may now that it has neighbours.
    pub(super) fn overdrawn(&self) -> Option<Exhausted> {
        let ledger = self.budget.ledger();
        let held = ledger.accounts.get(&self.plugin).map_or(0, |entry| entry.held);
        let is_over = held > ledger.share(self.budget.limit);
        drop(ledger);
        is_over.then(|| self.share_exhausted())
    }

    fn share_exhausted(&self) -> Exhausted {
        let limit = self.budget.limit;
        let share = limit.checked_div(SHARES);
        Exhausted::MemoryBudget { limit, share, held_by: Some(self.plugin.to_string()) }
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

    /// Whose it is, where it is counted at all.
    fn account(&self) -> Option<&MemoryAccount> {
        match self {
            Self::Instance(instance) => Some(instance.account()),
            Self::Code(code) => code.account(),
        }
    }

    /// Whether dropping it frees something.
    fn is_free(&self) -> bool {
        match self {
            Self::Instance(_) => true,
            Self::Code(code) => Arc::strong_count(code) == 1,
        }
    }
}

impl CodeCharge {
    pub(super) fn account(&self) -> &MemoryAccount {
        &self.account
    }
}

impl Drop for CodeCharge {
    fn drop(&mut self) {
        let mut ledger = self.account.budget.ledger();
        ledger.code = ledger.code.saturating_sub(self.bytes);
        ledger.modules = ledger.modules.saturating_sub(1);
        drop(ledger);
        self.account.release(self.bytes);
    }
}

impl Drop for MemoryAccount {
    fn drop(&mut self) {
        let mut ledger = self.budget.ledger();
        if let Some(entry) = ledger.accounts.get_mut(&self.plugin) {
            entry.handles = entry.handles.saturating_sub(1);
            if entry.handles == 0 {
                ledger.accounts.remove(&self.plugin);
            }
        }
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
