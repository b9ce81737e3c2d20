//! What travels over channels.

use base64ct::{Base64, Encoding};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The content of a message.
///
/// Its JSON form is what channels and their guests read and write: `{"type": "text", "text": ...}`,
/// `{"type": "json", "value": ...}`, or `{"type": "binary", "mime": ..., "bytes": ...}` with the
/// bytes in base64 (RFC 4648, section 4, with padding).
///
/// ```
/// use weft_lite::MessagePayload;
///
/// let picture = MessagePayload::Binary { mime: "image/png".into(), bytes: vec![0x89, b'P'] };
/// let json = serde_json::to_string(&picture)?;
/// assert_eq!(json, r#"{"type":"binary","mime":"image/png","bytes":"iVA="}"#);
/// assert_eq!(serde_json::from_str::<MessagePayload>(&json)?, picture);
/// # Ok::<(), serde_json::Error>(())
/// ```
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
        /// The bytes themselves.
        #[serde(serialize_with = "as_base64", deserialize_with = "from_base64")]
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

fn as_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&Base64::encode_string(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    Base64::decode_vec(&text).map_err(|_| D::Error::custom("`bytes` is not base64 with padding"))
}
