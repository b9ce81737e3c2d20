//! A tool call's arguments, with errors that say what was expected and what came.

use crate::{Value, decimal, read};
use alloc::string::String;

/// The arguments of one call, checked against the names the tool takes.
pub struct Arguments {
    tool: &'static str,
    value: Value,
}

impl Arguments {
    /// Reads `params`, which must be an object with no other members than `known`.
    ///
    /// # Errors
    ///
    /// The text isn't JSON, isn't an object, or has a member that the tool doesn't take.
    pub fn read(tool: &'static str, params: &str, known: &[&str]) -> Result<Arguments, String> {
        let value = read(params).map_err(|error| {
            [tool, ": the parameters are not JSON: ", &error.message()].concat()
        })?;
        let Value::Object(members) = &value else {
            return Err([tool, ": expected an object of parameters, got ", value.kind()].concat());
        };
        for (name, _) in members {
            if !known.contains(&name.as_str()) {
                let takes = if known.is_empty() { "none" } else { &known.join(", ") };
                return Err([tool, ": unknown parameter `", name, "`, it takes ", takes].concat());
            }
        }
        Ok(Arguments { tool, value })
    }

    /// A parameter, if it is there and not null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.value.get(name).filter(|value| **value != Value::Null)
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    ///
    /// It is missing.
    pub fn required(&self, name: &str) -> Result<&Value, String> {
        self.value
            .get(name)
            .ok_or_else(|| [self.tool, ": the parameter `", name, "` is missing"].concat())
    }

    /// A string that must be there.
    ///
    /// # Errors
    ///
    /// It is missing or not a string.
    pub fn string(&self, name: &str) -> Result<&str, String> {
        match self.required(name)? {
            Value::String(text) => Ok(text),
            other => Err(self.unexpected(name, "a string", other)),
        }
    }

    /// A boolean, false where it is left out.
    ///
    /// # Errors
    ///
    /// It is there and not a boolean.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(yes)) => Ok(*yes),
            Some(other) => Err(self.unexpected(name, "a boolean", other)),
        }
    }

    /// An integer within `range`, `default` where it is left out.
    ///
    /// # Errors
    ///
    /// It is there and not an integer of that range.
    pub fn integer(
        &self,
        name: &str,
        range: core::ops::RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, String> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Number(text)) if text.parse().is_ok_and(|n| range.contains(&n)) => {
                Ok(text.parse().unwrap_or(default))
            }
            Some(other) => {
                let (from, to) = (decimal((*range.start()).into()), decimal((*range.end()).into()));
                let expected = ["an integer from ", &from, " to ", &to].concat();
                Err(self.unexpected(name, &expected, other))
            }
        }
    }

    fn unexpected(&self, name: &str, expected: &str, got: &Value) -> String {
        let got = match got {
            Value::Number(text) if text.len() <= 20 => text,
            other => other.kind(),
        };
        [self.tool, ": expected `", name, "` to be ", expected, ", got ", got].concat()
    }
}
