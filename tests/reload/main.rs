//! Skills and plugins while they change: which is meant, what is put into service, who hears of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

mod registry;
mod subscriptions;
