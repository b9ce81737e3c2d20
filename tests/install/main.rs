//! Installing, approving and keeping secrets: through the library with real guests, and through the
//! program as its operator sees it.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod appearing;
mod approvals;
mod archives;
mod authority;
mod foreign;
#[path = "../support/hangup.rs"]
mod hangup;
#[path = "../support/home.rs"]
mod home;
mod interrupted;
mod operator;
mod program;
mod releases;
mod repeated_keys;
mod secrets;
#[path = "../support/session.rs"]
#[allow(dead_code, reason = "it is shared with tests of the console")]
mod session;
mod signatures;
mod size;
mod skills;
mod spoken;
mod terminal;
