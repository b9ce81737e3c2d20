//! The text after a command as the parameters of the tool that it calls, for tools that are made from recipes.
//!
//! `NAME=VALUE` sets a parameter, `{...}` all of them, and for a tool with one text any text is that one.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::assignments::words;
use super::error::CommandError;
use crate::contract::{json_line, listed, shown};

/// The parameters of a tool, as its schema names them.
pub(super) struct ToolParameters<'s> {
    command: &'s str,
    properties: Vec<(&'s str, &'s Value)>,
    required: Vec<&'s str>,
}

impl<'s> ToolParameters<'s> {
    /// Those of the tool behind the slash command `command`.
    pub(super) fn new(command: &'s str, schema: &'s Value) -> Self {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let required = schema["required"].as_array().into_iter().flatten();
        Self {
            command,
            properties: properties.map(|(name, schema)| (name.as_str(), schema)).collect(),
            required: required.filter_map(Value::as_str).collect(),
        }
    }

    /// How they are typed: `path=TEXT document=JSON`.
    pub(super) fn hint(&self) -> String {
        match self.only_text() {
            Some(name) => name.to_ascii_uppercase(),
            None => {
                let one = |(name, schema): &(&str, &Value)| format!("{name}={}", form(schema));
                self.properties.iter().map(one).collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// A line for each.
    pub(super) fn help(&self) -> String {
        let mut text = String::new();
        for (name, schema) in &self.properties {
            let description = schema["description"].as_str().unwrap_or_default();
            let required = if self.required.contains(name) { ", required" } else { "" };
            // Writing to a string can't fail.
            let _ = write!(text, "\n  {name}={}  {description}{required}", form(schema));
        }
        text
    }

    /// The name of the one parameter, if it is text.
    fn only_text(&self) -> Option<&'s str> {
        match self.properties.as_slice() {
            [(name, schema)] if is_text(schema) => Some(name),
            _ => None,
        }
    }

    fn schema(&self, name: &str) -> Option<&'s Value> {
        self.properties.iter().find(|(known, _)| *known == name).map(|(_, schema)| *schema)
    }

    /// The parameters that `text` sets, as JSON.
    ///
    /// # Errors
    ///
    /// [`CommandError::Parameters`]: one is missing, unknown, or has a value of another kind.
    pub(super) fn read(&self, text: &str) -> Result<String, CommandError> {
        let values = self.values(text)?;
        if let Some(unknown) = values.keys().find(|name| self.schema(name).is_none()) {
            return Err(self.fault(&format!("there is no parameter {}", shown(unknown))));
        }
        let missing: Vec<_> =
            self.required.iter().filter(|it| !values.contains_key(**it)).collect();
        match missing.is_empty() {
            true => Ok(json_line(&Value::Object(values))),
            false => Err(self.fault(&format!("missing: {}", listed(missing)))),
        }
    }

    fn values(&self, text: &str) -> Result<Map<String, Value>, CommandError> {
        let only = self.only_text();
        if text.starts_with('{') {
            let object = serde_json::from_str::<Map<String, Value>>(text);
            let fits = |it: &Map<String, Value>| it.keys().all(|name| self.schema(name).is_some());
            match (object, only) {
                (Ok(object), None) => return Ok(object),
                (Ok(object), Some(_)) if fits(&object) => return Ok(object),
                (Err(_), None) => return Err(self.fault("this is not JSON")),
                // A text may begin like an object.
                (_, Some(_)) => {}
            }
        }
        if let Some(name) = only.filter(|name| {
            !text.is_empty() && text.strip_prefix(name).is_none_or(|rest| !rest.starts_with('='))
        }) {
            return Ok(Map::from_iter([(name.to_owned(), text.into())]));
        }
        let (assigned, others) = words(text, |name| self.schema(name).is_some())?;
        if let Some(other) = others.first() {
            return Err(self.fault(&format!("{} sets no parameter", shown(other))));
        }
        let mut values = Map::new();
        for (name, value) in assigned {
            let schema = self.schema(&name).unwrap_or(&Value::Null);
            let value = match is_text(schema) {
                true => Value::String(value),
                false => serde_json::from_str(&value)
                    .map_err(|_| self.fault(&format!("{name} needs {}, as JSON", kind(schema))))?,
            };
            values.insert(name, value);
        }
        Ok(values)
    }

    fn fault(&self, problem: &str) -> CommandError {
        let command = self.command;
        CommandError::Parameters {
            problem: format!("wrong parameters for `/{command}`: {problem}"),
            usage: format!("/{command} {}", self.hint()),
            help: self.help(),
        }
    }
}

fn is_text(schema: &Value) -> bool {
    schema["type"] == "string"
}

/// What stands for a value.
fn form(schema: &Value) -> &'static str {
    match schema["type"].as_str() {
        Some("string") => "TEXT",
        Some("number" | "integer") => "NUMBER",
        Some("boolean") => "true|false",
        _ => "JSON",
    }
}

fn kind(schema: &Value) -> &'static str {
    match schema["type"].as_str() {
        Some("number") => "a number",
        Some("integer") => "a whole number",
        Some("boolean") => "`true` or `false`",
        Some("array") => "a list",
        Some("object") => "an object",
        _ => "a value",
    }
}
