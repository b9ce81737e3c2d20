//! A message of a channel with its state in the pipeline.

use serde_json::{Map, Value};

use super::state::MessageState;
use crate::contract::{
    Attachment, HeldBytes, InboundMessage, MessagePayload, RESERVED_METADATA, json_line,
};

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
    /// The message at the start of its way. Structured data is its own text, and bytes are the first attachment.
    pub(super) fn new(message: InboundMessage) -> Self {
        let InboundMessage {
            chat, thread, sender, id, payload, mut attachments, mut metadata, ..
        } = message;
        // Stages must not take a sender's words for what the channel knows.
        for key in RESERVED_METADATA {
            metadata.remove(key);
        }
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
            channel: chat.channel,
            chat: chat.chat,
            thread,
            sender,
            text,
            attachments,
            metadata: Map::from_iter(metadata),
            ..MessageState::default()
        };
        Self { id, progress: message.progress, state, held: None }
    }
}
