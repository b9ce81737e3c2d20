//! The policy: requests of guests become permits or refusals here, and nowhere else.

mod audit;
mod call;
mod clock;
mod environment;
mod filesystem;
mod log;
mod options;
mod policy;
mod rate;
mod text;

pub use audit::{AuditLog, AuditOutcome, AuditRecord, DiscardAudit, MemoryAudit};
pub use call::{HostCall, HostReply, Served};
pub use clock::{Clock, ManualClock, SystemClock};
pub use environment::{Environment, HostEnvironment};
pub use options::{PluginIdentity, SandboxOptions};
pub use policy::Sandbox;
pub use text::printable;

/// The target of the sandbox's own log messages; a guest can't write under it.
const LOG_TARGET: &str = "weft_lite::sandbox";
