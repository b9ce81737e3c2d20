//! The prompt that an answering stage gets before the message.

use std::sync::Arc;

use serde::{Serialize, Serializer};

/// What stands above the names and descriptions of skills.
pub const SKILLS_HEADING: &str = "# Skills";
/// What stands above the list of tools.
pub const TOOLS_HEADING: &str = "# Tools";

/// A prompt as one text. Cloning it copies nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePrompt(Arc<str>);

impl MessagePrompt {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for MessagePrompt {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Serialize for MessagePrompt {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}
