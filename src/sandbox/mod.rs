//! The sandbox: decides each host call of a guest, carries it out and records it.
//!
//! The policy is in the file `policy`: [`Sandbox::serve`] opens an audit record, asks the module of the effect for a
//! permit, hands the permit to the effect and closes the record with the outcome. Only the module that
//! checks a request can make its permit.
//!
//! # Places of authority
//!
//! A plugin must not change what weft-lite takes orders from. So no grant, however wide, opens these places, whether
//! they exist yet or not:
//!
//! - `$WEFT_HOME`; the folders of plugins and skills; `.weft`, `.clawft`, `.agents` and `SOUL.md` in any folder
//! - the files that `config.yaml` names, those that secrets and `--token-file` are read from, and the program itself
//! - `/proc`, `/sys` and `/dev`, except for single files that the manifest names and that don't belong to one process
//!
//! The name of the path makes no difference: links, mounts and second names of a file are resolved, also those made
//! while the program runs. A file of another project's `.weft` with a second name elsewhere can be read through that
//! name. Writing makes a new file, so it can't be changed. A private signing key lies wherever you put it: keep it out of granted folders.
//!
//! Other programs take orders from names that begin with a dot (`.git`, `.mcp.json`, `.bashrc`) and from `AGENTS.md`,
//! `CLAUDE.md`, `CLAUDE.local.md`, `GEMINI.md` and `QWEN.md`. A grant of a folder around them opens them for reading only.
//! A plugin may write them only if the manifest names the file itself. The same holds for `weft.plugin.json` and `.wasm`
//! files, which a later start may load.
//!
//! # Secrets
//!
//! The host puts a secret into a header value after all other checks, and only for a host that the secret is bound to. In
//! answers, errors and redirects of that host every form of the value becomes `[redacted]`: as it is, in another case,
//! JSON-escaped, percent-encoded, in hex (from 4 bytes) and in base64 (from 6 bytes). A part of a secret, or one that is
//! compressed, encrypted, hashed or encoded twice, is not recognized.
//!
//! # Audit
//!
//! The log is two files of bounded size, written beside the calls. A plugin that makes more calls than can be
//! written waits for the log; its neighbours don't. A full disk loses records, with a warning, and never a call. Old records
//! share their room evenly between plugins, functions and outcomes. So a plugin can push out only its own records of the same
//! kind; a record with `left_out` then says how many and since when.

mod audit;
mod call;
mod environment;
mod filesystem;
mod log;
#[cfg(feature = "net")]
mod network;
#[cfg(not(feature = "net"))]
#[path = "no_network.rs"]
mod network;
mod options;
mod policy;
mod rate;
mod redact;
mod text;

pub use audit::{
    AuditLog, AuditOutcome, AuditRecord, DiscardAudit, FileAudit, MemoryAudit, audit_line,
};
pub use call::{HostCall, HostReply, Served};
pub use environment::{Environment, HostEnvironment};
pub use filesystem::Authority;
pub(crate) use filesystem::Root;
#[cfg(feature = "net")]
pub use network::{
    Dialer, NetworkOptions, NetworkOptionsError, NetworkStream, Resolver, SystemResolver, TcpDialer,
};
pub use options::{PluginIdentity, SandboxOptions};
pub use policy::Sandbox;
pub use text::printable;

pub use crate::task::{Clock, ManualClock, SystemClock};
