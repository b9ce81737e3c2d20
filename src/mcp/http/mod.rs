//! The transport over HTTP (Streamable HTTP): one endpoint, `/mcp`, on which every message is a request
//! of its own.
//!
//! No session is kept in either era, so any number of servers can stand behind an ordinary load balancer.
//! Legacy clients get a name for one, which stands for nothing. What runs for a request ends with its
//! connection.

mod answer;
mod body;
mod cors;
mod guard;
mod headers;
mod listener;
mod metadata;
mod options;
mod response;
mod service;
mod write_timeout;

pub use listener::McpListener;
pub use options::{BearerToken, HttpError, HttpOptions};
