//! A message as a channel hands it over, made sense of.

use serde_json::{Map, Value};

use super::state::MessageState;
use crate::command::Attachment;
use crate::contract::{HeldBytes, MessagePayload, PluginError, SortedMap, json_line, metadata};

/// One message of one chat.
pub(super) struct Inbound {
    /// The channel's own id of the message.
    pub(super) id: Option<String>,
    /// Whether the channel wants progress notes.
    pub(super) progress: bool,
    pub(super) state: MessageState,
    /// Its room among what its channel may hold, once it has some.
    pub(super) held: Option<HeldBytes>,
}

impl Inbound {
    pub(super) fn read(
        channel: &str,
        sender: &str,
        chat: &str,
        payload: MessagePayload,
        mut known: SortedMap<String, Value>,
    ) -> Result<Self, PluginError> {
        let id = text(&mut known, metadata::MESSAGE_ID)?;
        let thread = text(&mut known, metadata::THREAD)?;
        let progress = known.remove(metadata::PROGRESS) == Some(Value::Bool(true));
        let attachments: Result<Vec<_>, _> = match known.remove(metadata::ATTACHMENTS) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list.into_iter().map(Attachment::try_from).collect(),
            Some(_) => Err("it must be a list".into()),
        };
        let mut attachments =
            attachments.map_err(|problem| invalid(metadata::ATTACHMENTS, &problem))?;
        let text = match payload {
            MessagePayload::Text { text } => text,
            MessagePayload::Json { value: Value::String(text) } => text,
            MessagePayload::Json { value } => json_line(&value),
            MessagePayload::Binary { mime, bytes } => {
                attachments.insert(0, Attachment { mime, bytes });
                String::new()
            }
        };
        let state = MessageState {
            channel: channel.to_owned(),
            chat: chat.to_owned(),
            thread,
            sender: sender.to_owned(),
            text,
            attachments,
            metadata: Map::from_iter(known),
            ..MessageState::default()
        };
        Ok(Self { id, progress, state, held: None })
    }
}

fn text(known: &mut SortedMap<String, Value>, key: &str) -> Result<Option<String>, PluginError> {
    match known.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(key, "it must be a text")),
    }
}

fn invalid(key: &str, problem: &str) -> PluginError {
    PluginError::Invalid { what: format!("metadata `{key}`"), problem: problem.to_owned() }
}
