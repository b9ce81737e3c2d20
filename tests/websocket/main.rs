//! The door `websocket` through a real guest: the committed `sockets` asks, the rules decide, and the host's client
//! talks to a server on loopback. Only the resolver, the dialer and the roots are the test's.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod handshake;
mod lifetime;
mod messages;
mod peer;
mod protocol;
mod rules;
mod secrets;
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "shared with the tests of requests")]
mod server;
#[path = "../support/world.rs"]
#[allow(dead_code, reason = "shared with the tests of requests")]
mod world;
