//! Notes what is wrong with a recipe and goes on, so that all faults are reported together.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::error::RecipeError;
use crate::contract::{DocumentFault, closest, shown};

/// Faults that are kept at most.
const FAULTS: usize = 50;

/// What was found so far.
#[derive(Default)]
pub(super) struct Faults(Vec<DocumentFault>);

impl Faults {
    pub(super) fn add(&mut self, key: &str, problem: &dyn Display, expected: &dyn Display) {
        if self.0.len() < FAULTS {
            let (problem, expected) = (problem.to_string(), expected.to_string());
            self.0.push(DocumentFault { key: key.to_owned(), problem, expected });
        }
    }

    /// Notes that a value is of the wrong kind.
    pub(super) fn wrong(&mut self, key: &str, value: &Value, expected: &str) {
        self.add(key, &format_args!("it is {}", kind(value)), &format_args!("expected {expected}"));
    }

    /// The mapping that a value is.
    pub(super) fn mapping<'v>(
        &mut self,
        key: &str,
        value: &'v Value,
        expected: &str,
    ) -> Option<&'v Map<String, Value>> {
        let entries = value.as_object();
        if entries.is_none() {
            self.wrong(key, value, expected);
        }
        entries
    }

    /// Notes every key of a mapping that is not known there.
    pub(super) fn unknown_keys(&mut self, key: &str, map: &Map<String, Value>, known: &[&str]) {
        for name in map.keys().filter(|name| !known.contains(&name.as_str())) {
            let place = beneath(key, &shown(name));
            match closest(name, known) {
                Some(meant) => {
                    self.add(&place, &"unknown key", &format_args!("did you mean `{meant}`?"));
                }
                None => self.add(
                    &place,
                    &"unknown key",
                    &format_args!("expected one of {}", known.join(", ")),
                ),
            }
        }
    }

    /// The value, or the faults. `None` stands for a value that left a fault.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, RecipeError> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(RecipeError { faults: self.0 }),
        }
    }
}

/// The place of a key within another one.
pub(super) fn beneath(key: &str, inner: &str) -> String {
    if key.is_empty() { inner.to_owned() } else { format!("{key}.{inner}") }
}

/// A value's kind, with its article.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
