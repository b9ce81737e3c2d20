//! The schema validator through the public surface: what it holds true, in which words it speaks,
//! and where it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod bounded;
mod compiling;
mod facts;
mod messages;

use serde_json::Value;
use weft_lite::mcp::{Schema, SchemaPolicy, Violation};

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn schema(text: &str) -> Schema {
    compiled(&json(text))
}

#[track_caller]
fn compiled(document: &Value) -> Schema {
    Schema::compile(document, SchemaPolicy::Lenient).unwrap_or_else(|error| panic!("{error}"))
}

/// What is wrong with `value`, which has to be something.
#[track_caller]
fn violations(schema: &Schema, value: &Value) -> Vec<Violation> {
    let violations = schema.validate(value).expect_err("a wrong value was taken");
    assert!(!violations.is_empty(), "wrong, and nothing is said of it");
    violations
}
