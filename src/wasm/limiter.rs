//! The limits of an instance: the interpreter asks here before memory and tables grow.
//!
//! Nothing here can panic, because the interpreter's own frames do not unwind. A refusal is a trap with a
//! recorded reason, not the `-1` of `memory.grow`: guests turn that into `unreachable`, and the caller would
//! not learn which limit was reached.
//!
//! Three bounds meet here: the plugin's own limits of memory (T29, T32) and of table elements, the plugin's
//! share of the memory of all guests, and the limit of all guests together. The error names the one that was
//! reached.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use wasmi::ResourceLimiter;
use wasmi::errors::MemoryError;
use wasmi_core::LimiterError;

use super::memory_counter::MemoryAccount;
use crate::contract::{Exhausted, PluginResourceConfig, limits};

/// The limits of one instance, and its plugin's memory account.
pub(crate) struct Limiter {
    /// The manifest's `max_memory_mb`, in bytes.
    max_memory_bytes: usize,
    /// Elements of all tables together.
    max_table_elements: usize,
    /// Elements of all tables now. Tables never shrink.
    table_elements: usize,
    account: MemoryAccount,
    /// Bytes counted in `account` for this instance, which are released when it is dropped.
    reserved: usize,
    /// The newest growth that was allowed, for the case that it fails after all.
    last_growth: usize,
    /// The newest refusal. It is never cleared, because an instance that was refused is not used again.
    refused: Option<Exhausted>,
}

impl Limiter {
    /// The limits of `resources`, with nothing counted yet.
    pub(crate) fn new(resources: &PluginResourceConfig, account: MemoryAccount) -> Self {
        Self {
            max_memory_bytes: resources.max_memory_bytes(),
            max_table_elements: resources.max_table_elements as usize,
            table_elements: 0,
            account,
            reserved: 0,
            last_growth: 0,
            refused: None,
        }
    }

    /// The bytes of linear memory held. Linear memory never shrinks, so they are the peak as well.
    pub(crate) fn reserved(&self) -> usize {
        self.reserved
    }

    /// The limit that was reached, if one was.
    pub(crate) fn refused(&self) -> Option<Exhausted> {
        self.refused.clone()
    }

    /// The plugin's memory account.
    pub(crate) fn account(&self) -> &MemoryAccount {
        &self.account
    }

    /// Keeps the reason for the driver, and returns the error that becomes a trap.
    fn refuse(&mut self, why: Exhausted) -> Result<bool, LimiterError> {
        self.refused = Some(why);
        Err(LimiterError::ResourceLimiterDeniedAllocation)
    }
}

impl ResourceLimiter for Limiter {
    /// Also called for the memory that an instance starts with.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The module's own maximum: `memory.grow` answers -1, as the specification says.
            return Ok(false);
        }
        if desired > self.max_memory_bytes {
            return self.refuse(Exhausted::Memory { limit: self.max_memory_bytes });
        }
        let growth = desired.saturating_sub(current);
        if let Err(exhausted) = self.account.reserve(growth) {
            return self.refuse(exhausted);
        }
        self.reserved = self.reserved.saturating_add(growth);
        self.last_growth = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: &MemoryError) -> Result<(), LimiterError> {
        // The system had no memory, or the module's maximum was reached after all: the memory that was
        // reserved for this growth is not held.
        let growth = std::mem::take(&mut self.last_growth);
        self.account.release(growth);
        self.reserved = self.reserved.saturating_sub(growth);
        Ok(())
    }

    // Called when an instance starts, and never later: a module with `table.grow` is refused at load.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.max_table_elements {
            return self.refuse(Exhausted::Table { limit: self.max_table_elements });
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        limits::INSTANCES
    }

    fn tables(&self) -> usize {
        limits::TABLES
    }

    fn memories(&self) -> usize {
        limits::MEMORIES
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.account.release(self.reserved);
    }
}
