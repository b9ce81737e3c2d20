//! The text after a command as the parameters of the tool that it calls, for tools that are made from recipes.
//!
//! `NAME=VALUE` sets a parameter, `{...}` all of them, and for a tool with one text any text is that one.

use std::fmt::Write;

use serde_json::{Deserializer, Map, Value};

use super::assignments::word;
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
            // Writing to a string can't fail.
            let _ = write!(text, "\n  {name}={}", form(schema));
            let required = self.required.contains(name).then_some("required");
            let parts: Vec<_> =
                schema["description"].as_str().into_iter().chain(required).collect();
            if !parts.is_empty() {
                let _ = write!(text, "  {}", parts.join(", "));
            }
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
        let mut values = Map::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (name, value, after) = self.assignment(rest)?;
            values.insert(name, value);
            rest = after.trim_start();
        }
        Ok(values)
    }

    /// The first `NAME=VALUE`, and what follows it.
    fn assignment<'t>(&self, text: &'t str) -> Result<(String, Value, &'t str), CommandError> {
        // JSON needs no quotes around it.
        if let Some((name, after)) = text.split_once('=')
            && self.schema(name).is_some_and(|schema| !is_text(schema))
        {
            let mut values = Deserializer::from_str(after).into_iter::<Value>();
            if let Some(Ok(value)) = values.next() {
                let after = &after[values.byte_offset()..];
                if after.is_empty() || after.starts_with(char::is_whitespace) {
                    return Ok((name.to_owned(), value, after));
                }
            }
        }
        // The whole word may be quoted too.
        let inner = text.strip_prefix(['"', '\'']).unwrap_or(text);
        let name = inner.split_once('=').map(|(name, _)| name);
        let Some(schema) = name.and_then(|name| self.schema(name)) else {
            let other = text.split_whitespace().next().unwrap_or_default();
            return Err(self.fault(&format!("{} sets no parameter", shown(other))));
        };
        let (word, end) = word(text)?;
        let (name, value) = word.split_once('=').unwrap_or_default();
        let value = match is_text(schema) {
            true => Value::from(value),
            false => serde_json::from_str(value)
                .map_err(|_| self.fault(&format!("{name} needs {}, as JSON", kind(schema))))?,
        };
        Ok((name.to_owned(), value, &text[end..]))
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
