//! The audit log: one record for every host call, allowed or not.
//!
//! `entry` opens a record before the policy decides and writes it exactly once (T42); `record` has its fields. A
//! record goes to an [`AuditLog`]: `log` has the trait, `file` the log on disk, `memory` one for tests and
//! embedders. `keep` chooses what a rotated file keeps.
//!
//! A full or slow log fails no host call, and a plugin that floods it loses its own records first.

mod entry;
mod file;
mod keep;
mod log;
mod memory;
mod record;

pub(super) use entry::{AuditEntry, CallResult};
pub use file::FileAudit;
pub use log::{AuditLog, DiscardAudit};
pub use memory::MemoryAudit;
pub use record::{AuditOutcome, AuditRecord, audit_line};
