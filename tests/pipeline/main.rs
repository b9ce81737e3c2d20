//! The way of messages: stages, prompt, answers for each channel, and what becomes of a message when
//! something goes wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "../talk/recorder.rs"]
mod recorder;
#[path = "../talk/skills.rs"]
mod skills;
#[path = "../support/warnings.rs"]
mod warnings;
mod world;

mod gateway;
mod prompt;
mod reply;
mod stages;
mod stopping;
