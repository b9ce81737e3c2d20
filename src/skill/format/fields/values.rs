//! From plain values to what a skill's keys take: text, yes or no, lists, tools, variables.
//!
//! These functions report nothing. `None` means that a value is of no kind that the key takes, and the caller
//! says so.

use serde_json::{Map, Value};

use crate::contract::sanitize_text;
use crate::skill::format::document::SkillVariable;

/// The trimmed text of a scalar. `None` for null, lists and mappings.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What kind of value it is, for people.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Yes or no, and whether it was written as YAML has it.
pub(super) fn flag(value: &Value) -> Option<(bool, bool)> {
    match value {
        Value::Bool(flag) => Some((*flag, true)),
        Value::Number(number) if number.as_u64() == Some(1) => Some((true, false)),
        Value::Number(number) if number.as_u64() == Some(0) => Some((false, false)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some((true, false)),
            "false" | "no" | "off" | "n" => Some((false, false)),
            _ => None,
        },
        _ => None,
    }
}

/// The names of a list, or of one name alone. Null is an empty list. `None` for a mapping.
pub(super) fn names(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Object(_) => None,
        scalar => text(scalar).map(|name| vec![name]),
    }
}

/// Tools as they are written, with spaces or commas between them, except inside parentheses:
/// `Bash(git add:*), Read`.
pub(super) fn tools(written: &str) -> impl Iterator<Item = &str> {
    outside(written, |letter| letter == ',' || letter.is_whitespace()).filter(|it| !it.is_empty())
}

/// Whether there are commas between tools.
pub(super) fn has_commas(written: &str) -> bool {
    outside(written, |letter| letter == ',').count() > 1
}

/// The parts of a text between separators that are not in parentheses.
fn outside(text: &str, separates: fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut open = 0_usize;
    text.split(move |letter: char| {
        match letter {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0 && separates(letter)
    })
}

/// The variables of a skill: a list of names or of mappings, or a mapping of names to defaults or
/// to mappings. `None` for any other value.
pub(super) fn variables(value: &Value) -> Option<Vec<SkillVariable>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => items.iter().map(item).collect(),
        Value::Object(map) => Some(map.iter().map(|(name, it)| entry(name, it)).collect()),
        Value::String(text) => {
            let names = text.split([',', ' ', '\n']).filter(|name| !name.is_empty());
            Some(names.map(plain).collect())
        }
        _ => None,
    }
}

/// One variable of a list.
fn item(value: &Value) -> Option<SkillVariable> {
    match value {
        Value::Object(map) => match map.get("name").and_then(text) {
            Some(name) => Some(described(&name, map)),
            // `- topic: its default` is a mapping of one key.
            None => map.iter().next().map(|(name, it)| entry(name, it)),
        },
        scalar => text(scalar).as_deref().map(plain),
    }
}

/// A variable by its name and what is beside it: a mapping, or its default.
fn entry(name: &str, value: &Value) -> SkillVariable {
    match value {
        Value::Object(map) => described(name, map),
        scalar => SkillVariable { default: sanitized(scalar), ..plain(name) },
    }
}

/// A variable with the fields of a mapping. One with a default can't be required, whatever the mapping says.
fn described(name: &str, map: &Map<String, Value>) -> SkillVariable {
    let get = |key: &str| map.get(key).and_then(sanitized);
    let default = get("default");
    let required = map.get("required").and_then(flag).is_some_and(|(required, _)| required);
    let required = required && default.is_none();
    SkillVariable { description: get("description"), default, required, ..plain(name) }
}

/// A text that a model reads.
fn sanitized(value: &Value) -> Option<String> {
    Some(sanitize_text(&text(value)?).into_owned())
}

/// A variable of which only the name is known.
fn plain(name: &str) -> SkillVariable {
    let name = sanitize_text(name).into_owned();
    SkillVariable { name, description: None, default: None, required: false }
}
