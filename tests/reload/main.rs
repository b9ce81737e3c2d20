//! Skills and plugins while they change: which is meant, what is put into service, who hears of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

mod approvals;
mod discovery;
#[path = "../support/guest.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod guest;
mod lazy;
mod levels;
#[cfg(feature = "cli")]
mod program;
mod registry;
mod requirements;
mod settings;
mod subscriptions;
mod swap;
mod watching;
mod world;
