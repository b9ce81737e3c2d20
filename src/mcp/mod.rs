//! The Model Context Protocol: what is hosted, offered to every AI client that speaks MCP.
//!
//! Messages, the core that answers them and the transports are apart. Both eras of the protocol are
//! served over every transport, request by request. The server keeps no sessions: a connection holds
//! the requests that run on it and, for legacy clients of a pipe, the revision they agreed on.

mod call;
mod catalog;
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
mod resources;
mod revision;
mod scan;
mod schema;
mod seal;
mod server;
mod stdio;
mod subscription;

#[cfg(feature = "serve")]
pub use http::{BearerToken, HttpError, HttpOptions, McpListener};
pub use memory::MemoryConnection;
pub use options::McpOptions;
pub use schema::{
    Schema, SchemaError, SchemaPolicy, UnsupportedKeyword, Violation, ViolationKind,
    bounds as schema_bounds,
};
pub use server::{Loading, McpServer};
