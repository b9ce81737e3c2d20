//! An audit log that keeps its last records in memory: for tests and embedders.
//!
//! Nothing is written to disk, and the records end with the log. A plugin that floods the log pushes out its own
//! records of the same kind first.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use serde_json::Value;

use super::{AuditLog, AuditOutcome, AuditRecord};
use crate::contract::SortedMap;
use crate::task::{Held, Lock};

/// An audit log in memory. When it is full, the oldest record gives way of the plugin with the most records,
/// and of that plugin's most frequent function and outcome.
#[derive(Debug)]
pub struct MemoryAudit {
    capacity: NonZeroUsize,
    kept: Lock<Records>,
}

/// The function and the outcome.
type RecordKind = (&'static str, AuditOutcome);

/// The counts follow the records, so that the most frequent kind is known without a search.
#[derive(Debug, Default)]
struct Records {
    records: VecDeque<AuditRecord>,
    /// How many records there are of each plugin and kind.
    counts: SortedMap<String, SortedMap<RecordKind, usize>>,
}

impl MemoryAudit {
    /// A log that keeps at most `capacity` records.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, kept: Lock::default() }
    }

    /// The records kept, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<AuditRecord> {
        self.kept().records.iter().cloned().collect()
    }

    /// The records, locked.
    fn kept(&self) -> Held<'_, Records> {
        self.kept.lock()
    }
}

impl AuditLog for MemoryAudit {
    fn record(&self, record: AuditRecord) {
        let mut kept = self.kept();
        if kept.records.len() == self.capacity.get() {
            kept.make_room();
        }
        *kept.count(&record) += 1;
        kept.records.push_back(record);
    }

    fn recent(&self, count: usize) -> Vec<Value> {
        let records = &self.kept().records;
        let first = records.len().saturating_sub(count);
        let records = records.iter().skip(first);
        records.filter_map(|record| serde_json::to_value(record).ok()).collect()
    }
}

impl Records {
    /// The count to which a record belongs.
    fn count(&mut self, record: &AuditRecord) -> &mut usize {
        let own = self.counts.entry(record.plugin.clone()).or_default();
        own.entry(kind(record)).or_default()
    }

    /// Removes the oldest record of the most frequent kind of the plugin with the most records.
    fn make_room(&mut self) {
        let most = self.counts.iter().max_by_key(|(_, own)| own.values().sum::<usize>());
        let of_most = most.and_then(|(plugin, own)| {
            let (wanted, _) = own.iter().max_by_key(|(_, count)| **count)?;
            let is_wanted = |it: &AuditRecord| it.plugin == *plugin && kind(it) == *wanted;
            self.records.iter().position(is_wanted)
        });
        if let Some(record) = self.records.remove(of_most.unwrap_or_default()) {
            *self.count(&record) -= 1;
        }
    }
}

/// The kind of a record.
fn kind(record: &AuditRecord) -> RecordKind {
    (record.function, record.outcome)
}
