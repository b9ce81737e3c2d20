//! The trait of audit logs, and a log that keeps no records.

use std::future::ready;

use serde_json::Value;

use super::record::AuditRecord;
use crate::contract::BoxFuture;

/// A log for audit records.
pub trait AuditLog: Send + Sync {
    /// Records one host call.
    ///
    /// Never blocks and never fails: an audit log that is full or slow loses records, warns of that
    /// itself, and lets the host call go on.
    fn record(&self, record: AuditRecord);

    /// Waits until the log has room for more records of this plugin. A guest waits here after each host call,
    /// suspended and for a bounded time, so that it can't hide its calls by flooding the log. An
    /// implementation should make the plugins wait that flood the log, and not their neighbours. Default:
    /// returns at once.
    fn room<'a>(&'a self, plugin: &'a str) -> BoxFuture<'a, ()> {
        let _ = plugin;
        Box::pin(ready(()))
    }

    /// Returns when every record so far is stored. May block on a disk: it is for the end of a program.
    fn flush(&self) {}

    /// The last `count` stored records, oldest first, in their JSON form. May block on a disk. Default: no
    /// records.
    fn recent(&self, count: usize) -> Vec<Value> {
        let _ = count;
        Vec::new()
    }
}

/// Keeps no records: for embedders who want no audit log.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiscardAudit;

impl AuditLog for DiscardAudit {
    fn record(&self, _: AuditRecord) {}
}
