//! An audit log that keeps its last records in memory: for tests and embedders.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::{AuditLog, AuditRecord};

/// The last records, oldest first; older ones give way.
#[derive(Debug)]
pub struct MemoryAudit {
    capacity: NonZeroUsize,
    records: Mutex<VecDeque<AuditRecord>>,
}

impl MemoryAudit {
    /// A log that keeps at most `capacity` records.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, records: Mutex::default() }
    }

    /// The records kept, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<AuditRecord> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl AuditLog for MemoryAudit {
    fn record(&self, record: AuditRecord) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == self.capacity.get() {
            records.pop_front();
        }
        records.push_back(record);
    }

    fn recent(&self, count: usize) -> Vec<Value> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let first = records.len().saturating_sub(count);
        let records = records.iter().skip(first);
        records.filter_map(|record| serde_json::to_value(record).ok()).collect()
    }
}
