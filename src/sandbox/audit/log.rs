//! Where audit records go: the trait, and the log that keeps none.

use std::future::ready;

use serde_json::Value;

use super::record::AuditRecord;
use crate::contract::BoxFuture;

/// Where audit records go.
pub trait AuditLog: Send + Sync {
    /// Takes one record.
    ///
    /// Never blocks and never fails: an audit log that is full or slow loses records, says so
    /// itself, and lets the host call go on.
    fn record(&self, record: AuditRecord);

    /// Waits until records of this plugin may follow without being lost, or returns at once where
    /// they may. A guest waits here after each host call, suspended and for a bounded time, so that
    /// it can't hide what it did by flooding the log. It should keep those waiting who flood, and not
    /// their neighbours.
    fn room<'a>(&'a self, plugin: &'a str) -> BoxFuture<'a, ()> {
        let _ = plugin;
        Box::pin(ready(()))
    }

    /// Returns when every record taken so far is where it is kept. May block on a disk: it is for
    /// the end of a program.
    fn flush(&self) {}

    /// The last `count` records that are kept, oldest first, in their JSON form. May block on a
    /// disk. Default: none are kept.
    fn recent(&self, count: usize) -> Vec<Value> {
        let _ = count;
        Vec::new()
    }
}

/// Keeps nothing: for embedders who want no audit log.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiscardAudit;

impl AuditLog for DiscardAudit {
    fn record(&self, _: AuditRecord) {}
}
