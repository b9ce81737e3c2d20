//! `http-request` through a real guest: the committed probe asks, the rules decide, and a real client
//! talks to a server on loopback. Only the resolver, the dialer and the roots are the test's.

#![cfg(feature = "net")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod addresses;
mod door;
mod local;
mod messages;
mod order;
mod redaction;
mod secrets;
#[path = "../support/server.rs"]
mod server;
mod settings;
mod streams;
mod time;
mod tls;
#[path = "../support/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the security rules")]
mod world;
