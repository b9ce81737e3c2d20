//! The Model Context Protocol: serves plugins and skills to AI clients.
//!
//! Messages, the core that answers them and the transports are apart. Both eras of the protocol are
//! served over every transport, request by request. The server keeps no sessions: a connection holds
//! the requests that run on it and, for legacy clients of a pipe, the revision they agreed on.
//!
//! # Names
//!
//! Many clients accept only names of at most 64 letters, digits, `_` and `-`. Other characters of a tool's or prompt's name
//! become `_`. A name that is too long, or that two would share, ends with a hash of the full name. The full name is the
//! `title`, and calls may use either.
//!
//! # Resources
//!
//! - The resources of a skill are its own files. Histories, builds, caches and what editors leave are left out.
//! - A file has at most 4 MB. Of a skill with more than 512 files only `SKILL.md` is a resource.
//! - Only files with a digest in the skills extension are served byte for byte. A skill whose `SKILL.md` has control tokens of
//!   models is not offered there.
//!
//! # Calls
//!
//! - Arguments are checked against [`Schema`] before a plugin sees them. Numbers keep their spelling, except
//!   that `5.0` becomes `5` where the schema wants an integer.
//! - A tool can ask its caller for input in revision 2026-07-28, if the client declares that it answers. Other clients get an
//!   error that names what is missing.
//! - Batches of revision 2025-03-26 are refused.
//! - A client that closes its stream, or cancels, stops the plugin at its next slice of fuel.
//!
//! # HTTP
//!
//! - Without a token only this machine may connect. Clients without one are sent to `mcp.authorization_server` if there is one;
//!   the valid tokens are those of the token file.
//! - Without room for a message the answer has status 503. A pipe is not read until there is room. A message that waits for
//!   30 seconds is refused with error -32603.
//!
//! # Webhooks
//!
//! A plugin's channel that runs answers at `/hook/<id>`, if its manifest asks for it and the operator has approved it. The
//! token is not asked for. Such a request is GET or POST; its body and its answer have at most 1 MB each. At most 4 are under way for one
//! plugin (else status 503), and 300 come within a minute (else 429). Each has its audit record. A plugin that fails is
//! status 500, one that takes too long 504, and 404 says nothing of which plugins there are.
//!
//! # Files
//!
//! - Messages: `message` and `scan` read them, `object` and `result` write them, `revision` and
//!   `request_context` say which era one is in.
//! - The core: `server` chooses by method, `catalog` is what is offered, `call` and `content` run a
//!   tool and write its result, `asking_call` and `input` are for tools that ask, `resources` and
//!   `files` for skills, `subscription` for changes.
//! - Transports: `stdio` and `memory` by way of a `connection`, and `http`. They parse messages and own
//!   what runs; what a request means is the core's.

mod asking_call;
mod call;
mod catalog;
mod client;
mod completion;
mod connection;
mod content;
mod discovery;
mod files;
#[cfg(feature = "serve")]
mod http;
mod input;
mod memory;
mod message;
mod metrics;
mod notices;
mod object;
mod options;
mod prompts;
mod request_context;
mod resources;
mod result;
mod revision;
mod scan;
mod seal;
mod server;
mod stdio;
mod subscription;

#[cfg(feature = "serve")]
pub use http::{BearerToken, HttpError, HttpOptions, McpListener};
pub use memory::MemoryConnection;
pub use options::McpOptions;
pub use server::{Loading, McpServer};

pub use crate::schema::{
    Schema, SchemaError, SchemaPolicy, UnsupportedKeyword, Violation, ViolationKind,
    bounds as schema_bounds,
};
