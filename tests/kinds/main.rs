//! The five kinds of plugins beside tools, as guests behind their traits: the example guests, guests
//! that answer wrongly, and manifests that say something else than the module.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod channel;
mod drafts;
#[path = "../support/guest.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod guest;
mod hostile;
#[path = "../support/limit.rs"]
mod limit;
mod loading;
mod manifest;
mod memory;
mod relay;
mod skill;
mod stage;
mod support;
mod voice;
#[path = "../support/warnings.rs"]
mod warnings;
