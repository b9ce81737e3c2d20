//! Proposed skills: what may be proposed, what a yes and a no do, and what hostile drafts can't.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "../support/session.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod session;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;

mod chat;
mod decisions;
mod drafts;
mod hostile;
mod program;
mod uses;
