//! What every error of the crate knows beside its message: its kind, and what to do about it.

use std::error::Error;

use serde_json::{Map, Value};

/// An error with a next step for the person who reads it.
///
/// [`Display`](std::fmt::Display) says what happened. [`Failure::of`](super::Failure::of) puts everything together for
/// people, JSON and MCP.
pub trait ActionableError: Error {
    /// A stable word for the kind of error, for machines.
    fn code(&self) -> &'static str {
        "failed"
    }

    /// What to do next, in one sentence.
    fn next_step(&self) -> String;

    /// What this kind of error knows besides, by name, for machines.
    fn details(&self) -> Map<String, Value> {
        Map::new()
    }
}
