//! What travels over channels.

use std::fmt;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{ObjectReader, SortedMap, missing};
use crate::contract::ActionableError;

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
#[serde(tag = "type", rename_all = "snake_case", try_from = "Value")]
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
        #[serde(serialize_with = "as_base64")]
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

impl TryFrom<Value> for MessagePayload {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut payload = ObjectReader::new(value)?;
        match payload.required_text("type")?.as_str() {
            "text" => Ok(Self::Text { text: payload.required_text("text")? }),
            "json" => {
                let value = payload.value("value").ok_or_else(|| missing("value"))?;
                Ok(Self::Json { value })
            }
            "binary" => Ok(Self::Binary {
                mime: payload.required_text("mime")?,
                bytes: payload.required_bytes("bytes")?,
            }),
            other => Err(format!("unknown variant `{other}`, expected `text`, `json` or `binary`")),
        }
    }
}

fn as_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&Base64::encode_string(bytes))
}

/// Bytes that belong to a message. In JSON they are base64 (RFC 4648, section 4, with padding).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Attachment {
    /// For instance `image/png`.
    pub mime: String,
    /// The bytes.
    #[serde(serialize_with = "as_base64")]
    pub bytes: Vec<u8>,
}

impl TryFrom<Value> for Attachment {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut it = ObjectReader::new(value)?;
        Ok(Self { mime: it.required_text("mime")?, bytes: it.required_bytes("bytes")? })
    }
}

impl Attachment {
    /// The list `[{"mime": "image/png", "bytes": "<base64>"}]` of a message.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn list(value: Option<Value>) -> Result<Vec<Self>, String> {
        match value {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list.into_iter().map(Self::try_from).collect(),
            Some(_) => Err("it must be a list".into()),
        }
    }
}

/// A chat of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatId {
    /// The channel's name.
    pub channel: String,
    /// The chat in the channel's own terms: where answers go.
    pub chat: String,
}

impl ChatId {
    /// The chat of this name.
    #[must_use]
    pub fn new(channel: impl Into<String>, chat: impl Into<String>) -> Self {
        Self { channel: channel.into(), chat: chat.into() }
    }
}

/// Names that a message's metadata can't have: each is a field of [`InboundMessage`].
pub(crate) const RESERVED_METADATA: [&str; 4] = ["message_id", "thread", "attachments", "progress"];

/// One message from the outside, as a channel hands it over.
///
/// ```
/// use weft_lite::channel::{ChatId, InboundMessage, OWNER};
///
/// let chat = ChatId::new("console", "console");
/// let message = InboundMessage { id: Some("1".into()), ..InboundMessage::text(chat, OWNER, "hello") };
/// assert!(message.attachments.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct InboundMessage {
    /// Where it comes from, and where its answer goes.
    pub chat: ChatId,
    /// The thread within the chat: the answer goes to the same one.
    pub thread: Option<String>,
    /// Who wrote it, in the channel's own terms.
    pub sender: String,
    /// The channel's own id of the message: answers name it, and it can be cancelled by it.
    pub id: Option<String>,
    /// The content.
    pub payload: MessagePayload,
    /// What came with it.
    pub attachments: Vec<Attachment>,
    /// Whether the channel wants to hear how the work goes on.
    pub progress: bool,
    /// Anything else that the channel knows. Stages see it, except for `message_id`, `thread`, `attachments` and
    /// `progress`.
    pub metadata: SortedMap<String, Value>,
}

impl InboundMessage {
    /// A message with this content and nothing else.
    #[must_use]
    pub fn new(chat: ChatId, sender: impl Into<String>, payload: MessagePayload) -> Self {
        Self {
            chat,
            thread: None,
            sender: sender.into(),
            id: None,
            payload,
            attachments: Vec::new(),
            progress: false,
            metadata: SortedMap::new(),
        }
    }

    /// A message that is a text.
    #[must_use]
    pub fn text(chat: ChatId, sender: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(chat, sender, MessagePayload::text(text))
    }
}

/// One message from the host to a channel, in answer to one of the channel's own.
///
/// A long answer comes as several parts, in their order; attachments are parts of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Where it goes: the `chat` of the message it answers.
    pub chat: String,
    /// The thread within the chat, where the message came from one.
    pub thread: Option<String>,
    /// The id that the channel gave the message it answers.
    pub reply_to: Option<String>,
    /// The content. A failure has its text here as well.
    pub payload: MessagePayload,
    /// Set where the message came to nothing.
    pub failure: Option<Failure>,
    /// Which of several parts this is, from 0.
    pub part: usize,
    /// How many parts there are.
    pub parts: usize,
    /// How many bytes at the beginning of the text the channel has been given before, as the answer came
    /// ([`AnswerPart`]).
    pub said_bytes: usize,
}

impl Reply {
    /// Whether nothing more comes for the message that it answers.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.part + 1 >= self.parts
    }
}

/// Why a message was not answered: for machines and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word for the kind of failure.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub next_step: String,
    /// What the kind of failure has besides, by name.
    #[serde(flatten)]
    pub details: Box<Map<String, Value>>,
}

impl Failure {
    /// A failure of this kind, without details.
    #[must_use]
    pub fn new(
        code: impl Into<String>,
        message: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        let (code, message, next_step) = (code.into(), message.into(), next_step.into());
        Self { code, message, next_step, details: Box::default() }
    }

    /// The failure that this error is.
    #[must_use]
    pub fn of(error: &dyn ActionableError) -> Self {
        let details = Box::new(error.details());
        Self { details, ..Self::new(error.code(), error.to_string(), error.next_step()) }
    }
}

/// What people read, in a chat or as the result of a tool: the message, then the next step.
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\nnext step: {}", self.message, self.next_step)
    }
}

/// How far the host is with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledgement {
    /// The host has taken the message and works on it.
    Taken,
    /// The whole answer was sent: the channel need not keep the message any more.
    Answered,
    /// The failure was sent.
    Failed,
    /// Neither an answer nor a failure could be sent.
    Unsent,
}

/// A part of an answer's text, as it comes. The whole answer follows as a [`Reply`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerPart {
    /// Where it goes, as in [`Reply`].
    pub chat: String,
    /// The thread, as in [`Reply`].
    pub thread: Option<String>,
    /// The id of the message that it answers.
    pub reply_to: Option<String>,
    /// What comes after the parts before.
    pub text: String,
}

/// How a message's work goes on, for channels that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Where it goes, as in [`Reply`].
    pub chat: String,
    /// The thread, as in [`Reply`].
    pub thread: Option<String>,
    /// The id of the message that is worked on.
    pub reply_to: Option<String>,
    /// What happens now, in a few words.
    pub note: String,
}
