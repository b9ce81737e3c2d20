//! The transport over HTTP (Streamable HTTP): one endpoint, `/mcp`, on which every message is a request
//! of its own.
//!
//! No session is kept in either era, so any number of servers can stand behind an ordinary load balancer.
//! Legacy clients get a name for one, which stands for nothing. What runs for a request ends with its
//! connection.
//!
//! The way of a request: `listener` accepts a connection within their number, `service` checks where
//! the request comes from (`guard`), reads its body and chooses the path, `answer` decides the era and
//! runs it, `body` is what is sent back. `headers` compares what a modern client repeats in headers.
//! Rules of the protocol are in the specification's page on Streamable HTTP; what is said here of a
//! modern client is of revision 2026-07-28.
//!
//! Two threats shape it. A web page in the operator's browser can send requests to this machine, so
//! `Host` and `Origin` are checked before the body is read. And any program may open connections and
//! send slowly, or never read, so connections, heads, bodies, waits and the bytes held for all of them
//! have ceilings.

mod answer;
mod body;
mod cors;
mod guard;
mod headers;
mod hook;
mod listener;
mod metadata;
mod options;
mod response;
mod service;
mod write_timeout;

pub use listener::McpListener;
pub use options::{BearerToken, HttpError, HttpOptions};
