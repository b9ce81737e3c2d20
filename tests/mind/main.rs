//! The plugin `mind` in a runtime: people on a channel, a server on loopback that replays what model
//! servers send, and real tools.

#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod answers;
mod failures;
#[cfg(feature = "autonomous")]
mod learning;
#[path = "../talk/recorder.rs"]
mod recorder;
#[allow(dead_code, reason = "TLS and silence are other tests' business")]
#[path = "../support/server.rs"]
mod server;
mod world;
