//! The policy: requests of guests become permits or refusals here, and nowhere else.

mod audit;
mod call;
mod clock;
mod environment;
mod filesystem;
mod log;
#[cfg(feature = "net")]
mod network;
#[cfg(not(feature = "net"))]
#[path = "no_network.rs"]
mod network;
mod off_executor;
mod options;
mod policy;
mod pool;
mod rate;
mod redact;
mod text;

pub use audit::{
    AuditLog, AuditOutcome, AuditRecord, DiscardAudit, FileAudit, MemoryAudit, audit_line,
};
pub use call::{HostCall, HostReply, Served};
pub use clock::{Clock, ManualClock, SystemClock};
pub use environment::{Environment, HostEnvironment};
pub use filesystem::Authority;
pub(crate) use filesystem::Root;
#[cfg(feature = "net")]
pub use network::{
    Dialer, NetworkOptions, NetworkOptionsError, NetworkStream, Resolver, SystemResolver, TcpDialer,
};
pub(crate) use off_executor::{in_background, off_executor};
pub use options::{PluginIdentity, SandboxOptions};
pub use policy::Sandbox;
pub use text::printable;

/// The target of the sandbox's own log messages; a guest can't write under it.
const LOG_TARGET: &str = "weft_lite::sandbox";
