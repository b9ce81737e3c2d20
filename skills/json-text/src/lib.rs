//! JSON for small guests: a value that keeps every number as it was written.
//!
//! Nothing here computes with numbers; `1.10` stays `1.10` and an integer may have any length.
//! Reading goes by a stack of its own, so that deep input is an error and not a trap.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod arguments;
mod number;
mod read;
mod write;

pub use arguments::Arguments;
pub use number::{compare_numbers, decimal};
pub use read::{MAX_DEPTH, ReadError, read};
pub use write::push_string;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// The number's own text.
    Number(String),
    String(String),
    Array(Vec<Value>),
    /// The members in their order; of equal names the last one counts.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// The last member of that name, if this is an object that has one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Value::Object(members) = self else {
            return None;
        };
        members.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// What JSON calls this kind of value, with its article: `an array`.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}

/// Builds an object, member by member.
#[derive(Default)]
pub struct Members(Vec<(String, Value)>);

impl Members {
    pub fn new() -> Members {
        Members::default()
    }

    /// Adds a member at the end.
    #[inline(never)]
    pub fn add(&mut self, name: &str, value: Value) {
        self.0.push((name.to_string(), value));
    }

    /// Adds a count at the end.
    #[inline(never)]
    pub fn count(&mut self, name: &str, count: usize) {
        self.add(name, Value::from(count));
    }

    pub fn build(self) -> Value {
        Value::Object(self.0)
    }
}

/// The number of characters. A plain loop; the standard count is unrolled for large machines.
pub fn characters(text: &str) -> usize {
    text.bytes().filter(|&byte| !matches!(byte, 0x80..0xc0)).count()
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(decimal(number))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Value {
        Value::from(number as u64)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_string())
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Value {
        Value::Bool(yes)
    }
}
