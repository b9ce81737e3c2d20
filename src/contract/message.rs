//! What travels over channels.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MessagePayload {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// Structured data.
    Json {
        /// Any JSON value.
        value: Value,
    },
    /// Bytes with their MIME type: a picture, a voice message.
    Binary {
        /// For instance `image/png`.
        mime: String,
        /// The bytes themselves; the wire formats of the channels choose their own encoding.
        bytes: Vec<u8>,
    },
}

impl MessagePayload {
    /// A [`Text`](Self::Text) payload.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}
