//! The doors `settings`, `tools` and `conversation`, gone through by a guest.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "../talk/recorder.rs"]
mod recorder;
#[path = "../talk/skills.rs"]
mod skills;
mod world;

mod conversation;
mod settings;
mod tools;
