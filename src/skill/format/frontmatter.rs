//! A skill's frontmatter as it is kept: compact JSON text, a third of what the tree of values takes,
//! because ten thousand of them lie in memory and are rarely read.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::contract::sanitize_json;

/// The whole frontmatter of a skill as JSON, in the order in which it was written.
///
/// Control tokens in it are harmless. A number that JSON would write in another way is kept as the text it was: `1.10` is `"1.10"`.
#[derive(Clone, PartialEq, Eq)]
pub struct Frontmatter(Box<str>);

impl Frontmatter {
    /// The frontmatter of these keys, with control tokens made harmless.
    pub(in crate::skill) fn new(map: &Map<String, Value>) -> Self {
        // A map with text as its keys can always be written.
        let json = serde_json::to_string(map).unwrap_or_default();
        Self(sanitize_json(&json).into())
    }

    /// The JSON text of one object.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The values. Each call parses the text again.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Frontmatter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Frontmatter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}
