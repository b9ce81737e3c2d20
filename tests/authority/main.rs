//! Authority never flows from what a guest can write: every place and every way to it, through the
//! committed probe, with the grants that were broken through once.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod paths;
mod places;
mod world;
