//! Recipes: what compiles, what compiled ones do in the real host, and what hostile ones can't.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]
#![allow(clippy::needless_pass_by_value, reason = "values are written where they are passed")]

#[path = "../talk/skills.rs"]
mod skills;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;

mod faults;
mod hostile;
mod program;
mod property;
mod runs;
mod world;
