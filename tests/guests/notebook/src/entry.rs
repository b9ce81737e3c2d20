//! An entry and the line that it is in the file.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::{Members, Value};

pub struct Entry {
    pub namespace: Option<String>,
    pub key: String,
    pub value: String,
    pub tags: Vec<String>,
    /// Seconds since 1970.
    pub expires: Option<u64>,
}

impl Entry {
    pub fn is(&self, key: &str, namespace: &Option<String>) -> bool {
        self.key == key && self.namespace == *namespace
    }

    pub fn read(line: &str) -> Result<Entry, String> {
        let line = json_text::read(line).map_err(|error| error.message())?;
        let text = |name: &str| match line.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        let tags = match line.get("tags") {
            Some(Value::Array(tags)) => tags.iter().filter_map(tag).collect(),
            _ => Vec::new(),
        };
        let expires = match line.get("expires") {
            Some(Value::Number(number)) => {
                Some(number.parse().map_err(|_| "`expires` is no time".to_string())?)
            }
            _ => None,
        };
        Ok(Entry {
            namespace: text("namespace"),
            key: text("key").ok_or("`key` is missing")?,
            value: text("value").ok_or("`value` is missing")?,
            tags,
            expires,
        })
    }

    pub fn to_line(&self) -> String {
        let mut line = Members::new();
        if let Some(namespace) = &self.namespace {
            line.add("namespace", Value::from(namespace.as_str()));
        }
        line.add("key", Value::from(self.key.as_str()));
        line.add("value", Value::from(self.value.as_str()));
        if !self.tags.is_empty() {
            let tags = self.tags.iter().map(|tag| Value::from(tag.as_str()));
            line.add("tags", Value::Array(tags.collect()));
        }
        if let Some(expires) = self.expires {
            line.add("expires", Value::from(expires));
        }
        line.build().to_text()
    }
}

fn tag(value: &Value) -> Option<String> {
    match value {
        Value::String(tag) => Some(tag.clone()),
        _ => None,
    }
}
