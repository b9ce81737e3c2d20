//! The sandbox: decides each host call of a guest, carries it out and records it.
//!
//! The policy is in the file `policy`: [`Sandbox::serve`] opens an audit record, asks the module of the effect
//! for a permit, passes the permit to the effect and closes the record with the outcome. Only the module that
//! checks a request can make its permit.
//!
//! # Places of authority
//!
//! A plugin must not change the files that control weft-lite. So no grant, however wide, opens these places,
//! whether they exist yet or not:
//!
//! - `$WEFT_HOME`; the folders of plugins and skills; `.weft`, `.clawft`, `.agents` and `SOUL.md` in any folder
//! - the files that `config.yaml` names, the files of secrets and of `--token-file`, and the program itself
//! - `/proc`, `/sys` and `/dev`, except for single files that the manifest names and that don't belong to one
//!   process
//!
//! The path makes no difference: links, mounts and second names of a file are resolved, also those made while the
//! program runs. A file of another project's `.weft` with a second name elsewhere can be read through that name,
//! but not changed, because writing makes a new file. A private signing key is not protected: keep it out of
//! granted folders.
//!
//! Other programs are controlled by files whose names begin with a dot (`.git`, `.mcp.json`, `.bashrc`) and by
//! `AGENTS.md`, `CLAUDE.md`, `CLAUDE.local.md`, `GEMINI.md` and `QWEN.md`. A grant of a folder around them opens
//! them for reading only. A plugin may write such a file only if the manifest names the file itself. The same
//! holds for `weft.plugin.json` and `.wasm` files, which a later start may load.
//!
//! # Requests
//!
//! `http-request`, the functions of the door `http` and the opening of a WebSocket pass one gate: the form of the URL,
//! its scheme, the hosts that the manifest lists, the size of the body, the rate, every address of the host, method and
//! headers, secrets. A body that is read bit by bit belongs to the guest's call that opened it, and its connection
//! closes with the call. A WebSocket belongs to the instance of the guest, and closes with the instance. A permission
//! `settings:KEY` opens the host and port of the URL that the operator set under this key; a default of the manifest
//! opens nothing.
//!
//! # Secrets
//!
//! The host puts a secret into a header value after all other checks, and only for a host to which the secret is
//! bound. In answers, errors and redirects of that host every form of the value becomes `[redacted]`: plain, in
//! another case, escaped as in JSON or HTML, percent-encoded, in hex (from 4 bytes) and in base64 (from 6 bytes). A
//! body that is read bit by bit is held back from its last line break, or as far as the longest form of a secret
//! reaches. Each message of a WebSocket is searched for itself, so a secret in two messages is two parts. A part of a
//! secret, or one that is compressed, encrypted, hashed or encoded twice, is not recognized.
//!
//! # Audit
//!
//! The log is two files of bounded size, written in the background. A plugin whose calls are faster than the log
//! waits for it; its neighbours don't. A full disk loses records, with a warning, but fails no call. Old
//! records share the room evenly between plugins, functions and outcomes. So a plugin can push out only its own
//! records of the same kind; a record with `left_out` then says how many and since when.

mod audit;
mod call;
mod doors;
mod environment;
mod filesystem;
mod http;
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
mod scope;
mod settings;
mod storage;
mod text;
mod tools;
#[cfg(feature = "serve")]
mod webhook;
#[cfg(feature = "websocket")]
mod websocket;

pub use audit::{
    AuditLog, AuditOutcome, AuditRecord, DiscardAudit, FileAudit, MemoryAudit, audit_line,
};
pub use call::{HostCall, HostReply, Served, ToolRequest, WebHead, WebRequest, WebResponse};
#[cfg(feature = "websocket")]
pub use call::{OpenedWebSocket, WebSocketCall, WebSocketMessage, WebSocketReceived};
pub use environment::{Environment, HostEnvironment};
pub use filesystem::Authority;
pub(crate) use filesystem::PackageRoot;
#[cfg(feature = "websocket")]
pub(crate) use network::WebSockets;
#[cfg(feature = "net")]
pub use network::{
    CA_FILE, CONNECTION_FAILED, Dialer, LOOKUP_FAILED, LookupPlace, NO_TLS, NetworkOptions,
    NetworkOptionsError, NetworkStream, REQUEST_FAILED, REQUEST_TIMED_OUT, Resolver,
    SystemResolver, TLS_FAILED, TcpDialer, opens_private_host,
};
pub use network::{setting_host, setting_secret};
pub use options::{PluginIdentity, SandboxOptions};
pub use policy::Sandbox;
#[cfg(feature = "autonomous")]
pub(crate) use redact::SecretSearch;
pub(crate) use scope::CallScope;
pub use settings::PluginSettings;
pub use storage::STORE_FULL;
pub use text::printable;
pub(crate) use tools::denied as tool_denied;
pub use tools::{ToolHost, ToolOffer};
#[cfg(feature = "serve")]
pub(crate) use webhook::{HookPermit, HookRefusal};

pub use crate::task::{Clock, ManualClock, SystemClock};
