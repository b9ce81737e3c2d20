//! The engine through its public surface: what loads, what a call costs, and how guests fail.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod doors;
#[path = "../support/guest.rs"]
mod guest;
mod host;
mod limits;
mod loading;
mod preview2;
mod share;
mod store;
mod traps;
mod wasi;
