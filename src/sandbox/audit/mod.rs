//! The audit log: one record for every host call, allowed or not.

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
