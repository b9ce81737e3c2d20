//! Counts the memory of all guests of one host against one limit: linear memory and translated code.
//!
//! Every plugin has an account. While another plugin has one as well, none may hold more than half of
//! the limit, so that no plugin starves its neighbours, whatever its manifest asks for.
//!
//! The counter has a lock, because linear memory grows inside the interpreter, where no message can be awaited.
//! For the same reason it makes room at once, by a function of the pool of idle instances. It never calls
//! that function with the lock held, since dropping an instance counts here.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::sync::Arc;

use crate::contract::{Exhausted, SortedMap};
use crate::task::{Lock, wear_out};

/// A plugin's share is this part of the limit.
const SHARES: usize = 2;
/// Panics may lose this part of the limit before the program is worn out.
const LOSS: usize = 4;

/// Drops the oldest idle instance or code, of this plugin or of any. Returns whether there was one.
pub(super) type MakeRoom = Box<dyn Fn(Option<&str>) -> bool + Send + Sync>;

/// The memory that all guests hold.
pub(super) struct MemoryCounter {
    limit: usize,
    totals: Lock<Totals>,
    make_room: MakeRoom,
}

/// The memory held, in all and by each plugin that is in service or starts.
#[derive(Default)]
pub(super) struct Totals {
    /// Bytes of linear memory and of code.
    held: usize,
    /// Bytes of code alone.
    pub(super) code: usize,
    /// Modules whose code is translated now.
    pub(super) modules: usize,
    /// Translations since the beginning.
    pub(super) translations: u64,
    accounts: SortedMap<Arc<str>, PluginTotals>,
}

/// The account of one plugin. It exists as long as a handle to it does.
#[derive(Default)]
struct PluginTotals {
    held: usize,
    /// Bytes held when a panic took them for ever.
    lost: usize,
    /// Handles of the account. It ends with the last one.
    handles: usize,
}

/// A handle to one plugin's part of the memory. While one exists, the plugin counts as a neighbour of
/// the others.
pub(crate) struct MemoryAccount {
    counter: Arc<MemoryCounter>,
    plugin: Arc<str>,
}

/// Translated code, which counts as long as this exists. Its size is an estimate, because only the
/// interpreter knows it.
pub(crate) struct CodeCharge {
    account: Arc<MemoryAccount>,
    bytes: usize,
}

/// The bound that a reservation would break.
#[derive(Clone, Copy)]
enum FullBound {
    Share,
    Limit,
}

impl MemoryCounter {
    /// A counter for at most `limit` bytes, which asks `make_room` before it refuses.
    pub(super) fn new(limit: usize, make_room: MakeRoom) -> Arc<Self> {
        Arc::new(Self { limit, totals: Lock::default(), make_room })
    }

    /// The bytes that all guests may hold together.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Reads a figure.
    pub(super) fn read<T>(&self, figure: impl FnOnce(&Totals) -> T) -> T {
        figure(&self.totals.lock())
    }

    /// The account of `plugin`, which is opened if there is none yet.
    pub(super) fn account(self: &Arc<Self>, plugin: &str) -> MemoryAccount {
        let plugin = Arc::from(plugin);
        let mut totals = self.totals.lock();
        let account = totals.accounts.entry(Arc::clone(&plugin)).or_default();
        account.handles = account.handles.saturating_add(1);
        drop(totals);
        MemoryAccount { counter: Arc::clone(self), plugin }
    }
}

impl Totals {
    /// Bytes of linear memory.
    pub(super) fn linear(&self) -> usize {
        self.held.saturating_sub(self.code)
    }

    /// The bytes that one plugin may hold now.
    fn share(&self, limit: usize) -> usize {
        if self.accounts.len() > 1 { limit.checked_div(SHARES).unwrap_or(limit) } else { limit }
    }

    /// Counts `bytes` for `plugin`, or returns the bound that they would break and counts nothing.
    fn reserve(&mut self, plugin: &str, bytes: usize, limit: usize) -> Result<(), FullBound> {
        let within = |held: usize, most: usize| held.checked_add(bytes).filter(|it| *it <= most);
        let share = self.share(limit);
        let held = self.accounts.get(plugin).map_or(0, |account| account.held);
        // Alone, a plugin's share is the limit, and then it is the limit that is reached.
        let bound = if share < limit { FullBound::Share } else { FullBound::Limit };
        let own = within(held, share).ok_or(bound)?;
        self.held = within(self.held, limit).ok_or(FullBound::Limit)?;
        if let Some(account) = self.accounts.get_mut(plugin) {
            account.held = own;
        }
        Ok(())
    }

    /// The plugin that holds the most.
    fn holder(&self) -> Option<String> {
        let (plugin, account) = self.accounts.iter().max_by_key(|(_, account)| account.held)?;
        (account.held > 0).then(|| plugin.to_string())
    }
}

impl MemoryAccount {
    /// The id of the plugin.
    pub(super) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Notes that a panic keeps the plugin's memory for ever. When all plugins have lost much of the limit
    /// that way, the program is worn out.
    pub(crate) fn lose(&self) {
        let mut totals = self.counter.totals.lock();
        if let Some(account) = totals.accounts.get_mut(&self.plugin) {
            account.lost = account.held;
        }
        let lost: usize = totals.accounts.values().map(|account| account.lost).sum();
        if lost >= self.counter.limit / LOSS {
            wear_out();
        }
    }

    /// Counts `bytes` more, dropping idle instances, the oldest first, to make room: the plugin's own
    /// where its share is full.
    pub(super) fn reserve(&self, bytes: usize) -> Result<(), Exhausted> {
        let limit = self.counter.limit;
        loop {
            let reserved = self.counter.totals.lock().reserve(&self.plugin, bytes, limit);
            let (plugin, full) = match reserved {
                Ok(()) => return Ok(()),
                Err(full @ FullBound::Share) => (Some(self.plugin()), full),
                Err(full @ FullBound::Limit) => (None, full),
            };
            if (self.counter.make_room)(plugin) {
                continue;
            }
            return Err(match full {
                FullBound::Share => self.share_exhausted(),
                FullBound::Limit => {
                    let held_by = self.counter.read(Totals::holder);
                    Exhausted::MemoryBudget { limit, share: None, held_by }
                }
            });
        }
    }

    /// Counts `bytes` of translated code.
    pub(crate) fn charge_code(self: &Arc<Self>, bytes: usize) -> Result<CodeCharge, Exhausted> {
        self.reserve(bytes)?;
        let mut totals = self.counter.totals.lock();
        totals.code = totals.code.saturating_add(bytes);
        totals.modules = totals.modules.saturating_add(1);
        totals.translations = totals.translations.saturating_add(1);
        drop(totals);
        Ok(CodeCharge { account: Arc::clone(self), bytes })
    }

    /// Counts `bytes` less.
    pub(super) fn release(&self, bytes: usize) {
        let mut totals = self.counter.totals.lock();
        totals.held = totals.held.saturating_sub(bytes);
        if let Some(account) = totals.accounts.get_mut(&self.plugin) {
            account.held = account.held.saturating_sub(bytes);
        }
    }

    /// The error for a plugin that holds more than it may now that it has neighbours.
    pub(super) fn overdrawn(&self) -> Option<Exhausted> {
        let limit = self.counter.limit;
        let is_over = self.counter.read(|totals| {
            let held = totals.accounts.get(&self.plugin).map_or(0, |account| account.held);
            held > totals.share(limit)
        });
        is_over.then(|| self.share_exhausted())
    }

    /// The error for a plugin whose own share is full.
    fn share_exhausted(&self) -> Exhausted {
        let limit = self.counter.limit;
        let share = limit.checked_div(SHARES);
        Exhausted::MemoryBudget { limit, share, held_by: Some(self.plugin.to_string()) }
    }
}

impl CodeCharge {
    /// The account of the plugin whose code this is.
    pub(super) fn account(&self) -> &MemoryAccount {
        &self.account
    }
}

impl Drop for CodeCharge {
    fn drop(&mut self) {
        let mut totals = self.account.counter.totals.lock();
        totals.code = totals.code.saturating_sub(self.bytes);
        totals.modules = totals.modules.saturating_sub(1);
        drop(totals);
        self.account.release(self.bytes);
    }
}

impl Drop for MemoryAccount {
    fn drop(&mut self) {
        let mut totals = self.counter.totals.lock();
        if let Some(account) = totals.accounts.get_mut(&self.plugin) {
            account.handles = account.handles.saturating_sub(1);
            if account.handles == 0 {
                totals.accounts.remove(&self.plugin);
            }
        }
    }
}
