//! The MCP server as its clients see it: each duty in each era, through the transport in memory. Every
//! message that the server sends is checked against the shapes of its revision.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod changes;
mod conformance;
mod eras;
#[cfg(feature = "serve")]
mod hooks;
#[cfg(feature = "serve")]
mod http;
mod input;
mod running;
mod schemas;
#[cfg(feature = "cli")]
#[path = "../support/service.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod service;
mod session;
mod shapes;
mod skills;
#[cfg(feature = "cli")]
mod stdio;
#[cfg(feature = "cli")]
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;
mod tools;
