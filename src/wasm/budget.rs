//! The memory that all guests share, and the idle instances that give way when it runs out.
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
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Instance;
use crate::contract::{Exhausted, SortedMap};

/// A plugin's share of the budget is this part of it.
const SHARES: usize = 2;

/// Counts the linear memory of all guests of one host against one limit.
pub struct MemoryBudget {
    limit: usize,
    ledger: Mutex<Ledger>,
    next_ticket: AtomicU64,
    idle: Mutex<SortedMap<u64, Idle>>,
}

/// What is held, in all and by each plugin that is in service or starts.
#[derive(Default)]
struct Ledger {
    held: usize,
    accounts: SortedMap<Arc<str>, Entry>,
}

#[derive(Default)]
struct Entry {
    held: usize,
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
            ledger: Mutex::default(),
            next_ticket: AtomicU64::new(0),
            idle: Mutex::new(SortedMap::new()),
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
        self.ledger().held
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

    /// Takes an instance back, if it was not dropped meanwhile. One that took more than its share
    /// while its plugin was alone is dropped here if it no longer is.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a receipt is good once")]
    pub fn unpark(&self, parked: Parked) -> Option<Instance> {
        let idle = self.idle().remove(&parked.0)?;
        idle.instance.account().overdrawn().is_none().then_some(idle.instance)
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
        idle.first_key_value().filter(|(_, oldest)| wanted(oldest))?;
        idle.pop_first().map(|(_, oldest)| oldest)
    }

    fn take_oldest_of(&self, plugin: &str) -> Option<Idle> {
        let mut idle = self.idle();
        let of_plugin = |(_, idle): &(&u64, &Idle)| &*idle.instance.account().plugin == plugin;
        let ticket = idle.iter().find(of_plugin).map(|(ticket, _)| *ticket)?;
        idle.remove(&ticket)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, SortedMap<u64, Idle>> {
        // The map is whole at every step, so a panic elsewhere while it was locked harms nothing.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
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

impl MemoryAccount {
    /// Takes `bytes` from the budget, dropping idle instances, the oldest first, to make room: the
    /// plugin's own where its share is what is full.
    pub(super) fn reserve(&self, bytes: usize) -> Result<(), Exhausted> {
        let limit = self.budget.limit;
        loop {
            let reserved = self.budget.ledger().reserve(&self.plugin, bytes, limit);
            let idle = match reserved {
                Ok(()) => return Ok(()),
                Err(Full::Share) => self.budget.take_oldest_of(&self.plugin),
                Err(Full::Budget) => self.budget.take_oldest(|_| true),
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
