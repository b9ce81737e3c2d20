//! The lines of the protocol as types.

use base64ct::{Base64, Encoding};
use serde_json::{Map, Value, json};

use crate::contract::{Failure, MessagePayload, ObjectReader, SortedMap, json_line};

/// The channel's name.
pub(super) const SOCKET: &str = "socket";

/// The revision of the protocol.
const PROTOCOL: u32 = 1;

/// The conversation of those who name none.
pub(super) const MAIN: &str = "main";

/// Metadata that a client may set on its message.
pub(super) type Metadata = SortedMap<String, Value>;

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
        /// Whether it shows the answer as it comes.
        parts: bool,
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
                parts: line.flag("parts")?,
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
#[derive(Debug)]
pub(super) enum ToClient<'a> {
    Hello,
    Taken {
        id: String,
    },
    Progress {
        id: String,
        note: String,
    },
    Part {
        id: String,
        thread: Option<String>,
        text: &'a str,
    },
    Answer {
        id: String,
        thread: Option<String>,
        /// Which of how many, where there are several.
        part: Option<(usize, usize)>,
        payload: &'a MessagePayload,
    },
    Failure {
        id: String,
        failure: Failure,
    },
    Refused {
        id: String,
        failure: Failure,
    },
    Message {
        chat: String,
        payload: &'a MessagePayload,
    },
    Error {
        code: ErrorCode,
        message: String,
    },
}

impl<'a> ToClient<'a> {
    pub(super) fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    /// What a client hears instead where there is no room for this; `None` where nothing can be said.
    pub(super) fn without_room(&self) -> Option<ToClient<'static>> {
        match self {
            Self::Answer { id, part: None, .. } => {
                let next_step = "read what was sent, and send it again";
                let failure = ErrorCode::NoRoom.failure(NO_ROOM_MESSAGE, next_step);
                Some(ToClient::Failure { id: id.clone(), failure })
            }
            _ => None,
        }
    }

    /// The line, with its end.
    pub(super) fn line(&self) -> String {
        let (kind, fields) = match self {
            Self::Hello => {
                let version = env!("CARGO_PKG_VERSION");
                ("hello", vec![("protocol", PROTOCOL.into()), ("version", version.into())])
            }
            Self::Taken { id } => ("taken", vec![text("id", id)]),
            Self::Progress { id, note } => ("progress", vec![text("id", id), text("note", note)]),
            Self::Part { id, thread, text: part } => {
                let mut fields = in_thread(id, thread);
                fields.push(text("text", part));
                ("part", fields)
            }
            Self::Answer { id, thread, part, payload } => {
                let mut fields = in_thread(id, thread);
                if let Some((part, parts)) = *part {
                    fields.extend([("part", part.into()), ("parts", parts.into())]);
                }
                fields.push(content(payload));
                ("answer", fields)
            }
            Self::Failure { id, failure } => ("failure", failed(id, failure)),
            Self::Refused { id, failure } => ("refused", failed(id, failure)),
            Self::Message { chat, payload } => {
                ("message", vec![text("chat", chat), content(payload)])
            }
            Self::Error { code, message } => {
                ("error", vec![text("code", code.as_str()), text("message", message)])
            }
        };
        let fields = std::iter::once(text("type", kind)).chain(fields);
        let line: Map<String, Value> =
            fields.map(|(name, value)| (name.to_owned(), value)).collect();
        json_line(&line.into()) + "\n"
    }
}

fn text<'a>(name: &'a str, text: &str) -> (&'a str, Value) {
    (name, text.into())
}

/// What begins the fields of an answer.
fn in_thread(id: &str, thread: &Option<String>) -> Vec<(&'static str, Value)> {
    let thread = thread.as_ref().map(|thread| text("thread", thread));
    [text("id", id)].into_iter().chain(thread).collect()
}

fn failed<'a>(id: &str, failure: &'a Failure) -> Vec<(&'a str, Value)> {
    let Failure { code, message, next_step, details } = failure;
    let mut fields = vec![text("id", id), text("code", code), text("message", message)];
    fields.push(text("next_step", next_step));
    fields.extend(details.iter().map(|(name, value)| (name.as_str(), value.clone())));
    fields
}

/// What the socket itself refuses or can't understand. What it answers has further codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCode {
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

impl ErrorCode {
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

pub(super) const NO_ROOM_MESSAGE: &str = "the socket holds as much as it may for all its clients";

/// The content of a line.
fn content(payload: &MessagePayload) -> (&'static str, Value) {
    match payload {
        MessagePayload::Text { text } => ("text", text.as_str().into()),
        MessagePayload::Json { value } => ("value", value.clone()),
        MessagePayload::Binary { mime, bytes } => {
            ("attachment", json!({ "mime": mime, "bytes": Base64::encode_string(bytes) }))
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
    fn the_table_has_every_socket_and_gateway_code() {
        let documentation = include_str!("mod.rs");
        let table = documentation.split("//! | code |").nth(1).unwrap();
        let table = table.lines().skip(2).take_while(|line| line.starts_with("//! |"));
        let rows = table.flat_map(|line| line.split('|').nth(1).unwrap().split(','));
        let documented: BTreeSet<&str> = rows.map(|code| code.trim().trim_matches('`')).collect();
        // Each of them has an arm of its own in `as_str`.
        let own = include_str!("protocol.rs").split("mod tests").next().unwrap();
        let given: BTreeSet<&str> = words(own, " => \"")
            .chain(words(include_str!("../../pipeline/job.rs"), "failed(\""))
            .collect();
        assert_eq!(documented, given);
    }
}
