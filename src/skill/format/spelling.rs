//! The known keys of a frontmatter, and which known key a misspelt one stands for.
//!
//! `userInvocable` and `user_invocable` are read as `user-invocable`. Nothing is guessed beyond case, `_` and
//! `-`. The right key wins over a misspelt one beside it.

use serde_json::{Map, Value};

use super::findings::SkillFindings;
use super::lines::{KeyPlaces, quoted};
use crate::contract::json_line;

/// The keys in the Agent Skills specification.
const SPECIFIED: [&str; 6] =
    ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

/// The keys that other programs brought in.
const KNOWN: [&str; 8] = [
    "version",
    "user-invocable",
    "disable-model-invocation",
    "argument-hint",
    "variables",
    "command-dispatch",
    "command-tool",
    "command-arg-mode",
];

/// clawft's spelling, which is not wrong.
const CLAWFT_TOOLS: &str = "allowed_tools";

/// Whether `key` means something here.
pub(super) fn is_known(key: &str) -> bool {
    SPECIFIED.contains(&key) || KNOWN.contains(&key)
}

/// The outermost mapping of a frontmatter, asked by the right names of its keys.
///
/// Keys that nobody knows are not in it; they stay in the document's frontmatter.
#[derive(Debug)]
pub(super) struct Keys<'m> {
    /// The right name, the written one, and the value.
    entries: Vec<(String, &'m str, &'m Value)>,
}

impl<'m> Keys<'m> {
    /// Says which keys are spelt wrongly, and what the specification does not know.
    pub(super) fn new(
        map: &'m Map<String, Value>,
        place: &KeyPlaces<'_>,
        findings: &mut SkillFindings<'_>,
    ) -> Self {
        let mut entries = Vec::new();
        for (key, value) in map {
            let known = hyphenated(key);
            let misspelt = known != *key && is_known(&known) && !map.contains_key(&known);
            if misspelt && SPECIFIED.contains(&known.as_str()) && key != CLAWFT_TOOLS {
                let message = format_args!("`{key}` is read as `{known}`");
                let write = format_args!("{known}: {}", scalar(value));
                findings.deviation("misspelt-key", place.key(key), &message, &write);
                entries.push((known, key.as_str(), value));
                continue;
            }
            if findings.is_strict() && !SPECIFIED.contains(&key.as_str()) {
                let message = format_args!("`{key}` is no key of the Agent Skills specification");
                findings.pedantry("unknown-key", place.key(key), &message, &beneath(key, value));
            }
            if is_known(key) {
                entries.push((key.clone(), key.as_str(), value));
                continue;
            }
            if !misspelt {
                continue;
            }
            if key != CLAWFT_TOOLS {
                let message = format_args!("`{key}` is read as `{known}`");
                let write = format_args!("{known}: {}", scalar(value));
                findings.warning("misspelt-key", place.key(key), &message, &write);
            }
            entries.push((known, key.as_str(), value));
        }
        Self { entries }
    }

    /// The key as it is written, and its value.
    ///
    /// `None` if the key is absent under every spelling.
    pub(super) fn get(&self, name: &str) -> Option<(&'m str, &'m Value)> {
        let found = self.entries.iter().find(|(key, _, _)| key == name);
        found.map(|(_, written, value)| (*written, *value))
    }

    /// Whether one of these keys is written in this very way.
    pub(super) fn any(&self, written: &[&str]) -> bool {
        self.entries.iter().any(|(_, key, _)| written.contains(key))
    }
}

/// `userInvocable`, `user_invocable` and `User-Invocable` as `user-invocable`.
fn hyphenated(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 2);
    let mut before = '-';
    for letter in key.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            name.push('-');
        }
        name.extend(if letter == '_' { '-' } else { letter }.to_lowercase());
        before = letter;
    }
    name
}

/// Where the specification has room for a key of one's own.
fn beneath(key: &str, value: &Value) -> String {
    format!("metadata:\n  {key}: {}", quoted(&scalar(value)))
}

/// The text of a value, JSON where it is a list or a mapping.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => json_line(other),
    }
}
