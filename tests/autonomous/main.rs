//! Skills that write themselves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod approved;
#[cfg(feature = "mcp")]
mod clients;
#[cfg(feature = "cli")]
mod console;
mod hostile;
mod labels;
mod patterns;
mod runtime;
#[cfg(feature = "cli")]
#[allow(dead_code, reason = "not all of it is of use here")]
#[path = "../support/mod.rs"]
mod support;
mod world;
