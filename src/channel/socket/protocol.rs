//! The lines of the protocol as types.

use base64ct::{Base64, Encoding};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Metadata;
use crate::contract::{Failure, MessagePayload, ObjectReader};

/// The revision of the protocol.
pub(super) const PROTOCOL: u32 = 1;

/// The conversation of those who name none.
pub(super) const MAIN: &str = "main";

/// What a client sends.
pub(super) enum FromClient {
    Hello {
        token: String,
    },
    Message {
        id: String,
        text: String,
        chat: String,
        thread: Option<String>,
        /// For whom the client speaks, where that isn't itself.
        sender: Option<String>,
        progress: bool,
        /// Checked where attachments of all channels are.
        attachments: Option<Value>,
        metadata: Metadata,
    },
    Cancel {
        id: String,
        chat: String,
    },
}

impl FromClient {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut line =
            ObjectReader::new(value)?.without_nulls(&["thread", "sender", "attachments"]);
        let chat = |line: &mut ObjectReader| {
            line.text("chat").map(|chat| chat.unwrap_or_else(|| MAIN.to_owned()))
        };
        let read = match line.required_text("type")?.as_str() {
            "hello" => Self::Hello { token: line.text("token")?.unwrap_or_default() },
            "message" => Self::Message {
                id: line.required_text("id")?,
                text: line.text("text")?.unwrap_or_default(),
                chat: chat(&mut line)?,
                thread: line.text("thread")?,
                sender: line.text("sender")?,
                progress: line.flag("progress")?,
                attachments: line.value("attachments"),
                metadata: line.object("metadata")?.into_iter().flatten().collect(),
            },
            "cancel" => Self::Cancel { id: line.required_text("id")?, chat: chat(&mut line)? },
            other => {
                let known = "expected `hello`, `message` or `cancel`";
                return Err(format!("unknown variant `{other}`, {known}"));
            }
        };
        line.end()?;
        Ok(read)
    }
}

/// What a client is sent.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToClient<'a> {
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
        content: Content<'a>,
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
        content: Content<'a>,
    },
    Error {
        code: Code,
        message: String,
    },
}

impl<'a> ToClient<'a> {
    pub(super) fn error(code: Code, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    pub(super) fn hello() -> Self {
        Self::Hello { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION") }
    }

    /// What a client hears instead where there is no room for this; `None` where nothing can be said.
    pub(super) fn without_room(&self) -> Option<ToClient<'static>> {
        match self {
            Self::Answer { id, parts: None, .. } => {
                let next_step = "read what was sent, and send it again";
                let failure = Code::NoRoom.failure(NO_ROOM_MESSAGE, next_step);
                Some(ToClient::Failure { id: id.clone(), failure })
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

/// What the socket itself refuses or can't understand. What it answers has further codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    BadLine,
    Busy,
    DuplicateId,
    Invalid,
    LineTooLong,
    NoRoom,
    NoToken,
    Refused,
    TooManyChats,
    TooManyClients,
    WrongToken,
}

impl Code {
    /// The word for it, as clients see it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::BadLine => "bad_line",
            Self::Busy => "busy",
            Self::DuplicateId => "duplicate_id",
            Self::Invalid => "invalid",
            Self::LineTooLong => "line_too_long",
            Self::NoRoom => "no_room",
            Self::NoToken => "no_token",
            Self::Refused => "refused",
            Self::TooManyChats => "too_many_chats",
            Self::TooManyClients => "too_many_clients",
            Self::WrongToken => "wrong_token",
        }
    }

    pub(super) fn failure(self, message: impl Into<String>, next_step: &str) -> Failure {
        Failure::new(self.as_str(), message, next_step)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

pub(super) const NO_ROOM_MESSAGE: &str = "the socket holds as much as it may for all its clients";

/// What is said in a line.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content<'a> {
    Text(&'a str),
    Value(&'a Value),
    Attachment { mime: &'a str, bytes: String },
}

impl<'a> From<&'a MessagePayload> for Content<'a> {
    fn from(payload: &'a MessagePayload) -> Self {
        match payload {
            MessagePayload::Text { text } => Self::Text(text),
            MessagePayload::Json { value } => Self::Value(value),
            MessagePayload::Binary { mime, bytes } => {
                Self::Attachment { mime, bytes: Base64::encode_string(bytes) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The words in quotes that follow `before` in a source.
    fn words<'s>(source: &'s str, before: &'s str) -> impl Iterator<Item = &'s str> {
        source.split(before).skip(1).filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn every_code_of_the_socket_and_the_gateway_is_in_the_table_of_codes() {
        let documentation = include_str!("mod.rs");
        let table = documentation.split("//! | code |").nth(1).unwrap();
        let table = table.lines().skip(2).take_while(|line| line.starts_with("//! |"));
        let rows = table.flat_map(|line| line.split('|').nth(1).unwrap().split(','));
        let told: BTreeSet<&str> = rows.map(|code| code.trim().trim_matches('`')).collect();
        // Each of them has an arm of its own in `as_str`.
        let own = include_str!("protocol.rs").split("mod tests").next().unwrap();
        let given: BTreeSet<&str> = words(own, " => \"")
            .chain(words(include_str!("../../pipeline/job.rs"), "failed(\""))
            .collect();
        assert_eq!(told, given);
    }
}
