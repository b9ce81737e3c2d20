//! The text of a `config.yaml` that a program edits: one value changes, and every other byte stays.
//!
//! An edit changes the lines of one key and then reads the whole text again. If that says anything but what was
//! asked for, the edit is refused and the text stays: what is written in an unusual way is never damaged.

mod block;
mod flow;

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};

use super::actionable_error::ActionableError;
use super::invalid_config::InvalidConfig;

/// The text of a configuration, for single changes.
///
/// ```
/// use serde_json::json;
/// use weft_lite::config::ConfigText;
///
/// let mut config = ConfigText::new("limits:\n  module_kb: 600   # for the camera\n")?;
/// config.set(&["limits", "memory_budget_mb"], &json!(32))?;
/// config.append(&["env", "never"], "DEPLOY_KEY")?;
/// let edited = "limits:\n  module_kb: 600   # for the camera\n  memory_budget_mb: 32\n\
///               env:\n  never: [\"DEPLOY_KEY\"]\n";
/// assert_eq!(config.text(), edited);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigText {
    text: String,
    value: Value,
}

/// What happens to the value of a key.
#[derive(Clone, Copy)]
enum Edit<'e> {
    Set(&'e Value),
    Append(&'e Value),
    Remove,
}

impl ConfigText {
    /// The text of a `config.yaml`; an empty one has no keys.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if it can't be read. Its keys are not checked.
    pub fn new(text: &str) -> Result<Self, InvalidConfig> {
        Ok(Self { text: text.to_owned(), value: super::config::value(text)? })
    }

    /// The text with all changes.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of the key at this path, if there is one; a key with nothing behind it has null.
    #[must_use]
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.value, |value, key| value.get(key))
    }

    /// Sets the value of the key at this path, and makes the mappings that lead there.
    ///
    /// # Errors
    ///
    /// [`UneditableConfig`]: nothing has changed then. It also replaces no list and no mapping.
    pub fn set(&mut self, path: &[&str], value: &Value) -> Result<(), UneditableConfig> {
        self.edit(path, Edit::Set(value))
    }

    /// Adds a text to the list at this path, and makes the list if there is none.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn append(&mut self, path: &[&str], item: &str) -> Result<(), UneditableConfig> {
        self.edit(path, Edit::Append(&item.into()))
    }

    /// Removes the key at this path with its value; does nothing if it is missing.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn remove(&mut self, path: &[&str]) -> Result<(), UneditableConfig> {
        match self.get(path) {
            Some(_) => self.edit(path, Edit::Remove),
            None => Ok(()),
        }
    }

    fn edit(&mut self, path: &[&str], edit: Edit<'_>) -> Result<(), UneditableConfig> {
        let mut wanted = self.value.clone();
        let edited =
            apply(&mut wanted, path, edit).and_then(|()| block::edit(&self.text, path, edit));
        let read = edited.and_then(|text| Some((super::config::value(&text).ok()?, text)));
        match read {
            Some((value, text)) if without_empty(&value) == without_empty(&wanted) => {
                *self = Self { text, value };
                Ok(())
            }
            _ => Err(UneditableConfig { key: path.join(".") }),
        }
    }
}

/// Makes the same change to the value; `None` if something else is in the way.
fn apply(value: &mut Value, path: &[&str], edit: Edit<'_>) -> Option<()> {
    if value.is_null() && !path.is_empty() {
        *value = Value::Object(Map::new());
    }
    match (path, edit) {
        ([key], Edit::Remove) => value.as_object_mut()?.shift_remove(*key).map(drop),
        ([key, path @ ..], _) => {
            apply(value.as_object_mut()?.entry(*key).or_insert(Value::Null), path, edit)
        }
        ([], Edit::Set(new)) => {
            (!value.is_object() && !value.is_array()).then(|| *value = new.clone())
        }
        ([], Edit::Append(item)) => {
            if value.is_null() {
                *value = Value::Array(Vec::new());
            }
            value.as_array_mut().map(|items| items.push(item.clone()))
        }
        ([], Edit::Remove) => None,
    }
}

/// The value with null in place of each empty mapping: lines of a mapping whose last key is removed leave null.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(members) if members.is_empty() => Value::Null,
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), without_empty(value))).collect()
        }
        other => other.clone(),
    }
}

/// A configuration that is written in a way that can't be edited without changing something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UneditableConfig {
    /// The key that was to be changed, with its path.
    pub key: String,
}

impl fmt::Display for UneditableConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` can't be changed without risk to the rest of the file", self.key)
    }
}

impl ActionableError for UneditableConfig {
    fn next_step(&self) -> String {
        format!("change `{}` in an editor", self.key)
    }
}

impl Error for UneditableConfig {}
