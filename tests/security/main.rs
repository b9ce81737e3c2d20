//! The 45 tests of the security rules, each through a real guest: the committed probe makes the
//! call from inside the sandbox.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod files;
mod isolation;
mod log;
mod probe;
mod resources;
mod variables;
