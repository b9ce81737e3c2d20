//! The lines of the protocol as types.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Metadata;
use crate::contract::{Failure, MessagePayload};

/// The revision of the protocol.
pub(super) const PROTOCOL: u32 = 1;

/// The conversation of those who name none.
pub(super) const MAIN: &str = "main";

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum FromClient {
    Hello {
        #[serde(default)]
        token: String,
    },
    Message {
        id: String,
        #[serde(default)]
        text: String,
        #[serde(default = "main")]
        chat: String,
        #[serde(default)]
        thread: Option<String>,
        /// For whom the client speaks, where that isn't itself.
        #[serde(default)]
        sender: Option<String>,
        #[serde(default)]
        progress: bool,
        /// Checked where attachments of all channels are.
        #[serde(default)]
        attachments: Option<Value>,
        #[serde(default)]
        metadata: Metadata,
    },
    Cancel {
        id: String,
        #[serde(default = "main")]
        chat: String,
    },
}

fn main() -> String {
    MAIN.to_owned()
}

/// What a client is sent.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToClient {
    Hello {
        protocol: u32,
        version: &'static str,
    },
    Taken {
        id: String,
    },
    Progress {
        id: String,
        note: String,
    },
    Answer {
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        part: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        parts: Option<usize>,
        #[serde(flatten)]
        content: Content,
    },
    Failure {
        id: String,
        #[serde(flatten)]
        failure: Failure,
    },
    Refused {
        id: String,
        #[serde(flatten)]
        failure: Failure,
    },
    Message {
        chat: String,
        #[serde(flatten)]
        content: Content,
    },
    Error {
        code: &'static str,
        message: String,
    },
}

impl ToClient {
    pub(super) fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    pub(super) fn hello() -> Self {
        Self::Hello { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION") }
    }

    /// What a client hears instead where there is no room for this; `None` where nothing can be said.
    pub(super) fn without_room(&self) -> Option<Self> {
        match self {
            Self::Answer { id, parts: None, .. } => {
                let next_step = "read what was sent, and send it again";
                let failure = Failure::new(NO_ROOM, NO_ROOM_MESSAGE, next_step);
                Some(Self::Failure { id: id.clone(), failure })
            }
            _ => None,
        }
    }

    /// The line, with its end.
    pub(super) fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// The code of what is refused because the socket holds as much as it may.
pub(super) const NO_ROOM: &str = "no_room";
pub(super) const NO_ROOM_MESSAGE: &str = "the socket holds as much as it may for all its clients";

/// What is said in a line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    Text(String),
    Value(Value),
    Attachment { mime: String, bytes: String },
}

impl From<&MessagePayload> for Content {
    fn from(payload: &MessagePayload) -> Self {
        match payload {
            MessagePayload::Text { text } => Self::Text(text.clone()),
            MessagePayload::Json { value } => Self::Value(value.clone()),
            MessagePayload::Binary { mime, bytes } => {
                Self::Attachment { mime: mime.clone(), bytes: Base64::encode_string(bytes) }
            }
        }
    }
}
