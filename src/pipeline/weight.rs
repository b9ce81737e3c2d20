//! What a message weighs in memory, about: the texts and bytes in it.

use serde_json::Value;

use super::state::MessageState;
use crate::command::Answer;
use crate::contract::Attachment;

/// What a value has beside its text.
const VALUE_BYTES: usize = 32;

/// Bytes of a message, without its answer.
pub(super) fn of_message(state: &MessageState) -> usize {
    let known = state.metadata.iter().map(|(key, value)| key.len() + of_value(value));
    state.text.len() + of_attachments(&state.attachments) + known.sum::<usize>()
}

/// Bytes of an answer.
pub(super) fn of_answer(answer: &Answer) -> usize {
    let value = answer.value.as_ref().map_or(0, of_value);
    answer.text.len() + of_attachments(&answer.attachments) + value
}

/// Bytes of a JSON value.
pub(super) fn of_value(value: &Value) -> usize {
    VALUE_BYTES
        + match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(of_value).sum(),
            Value::Object(members) => {
                members.iter().map(|(key, value)| key.len() + of_value(value)).sum()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

/// Bytes of attachments, decoded.
fn of_attachments(attachments: &[Attachment]) -> usize {
    attachments.iter().map(|it| it.mime.len() + it.bytes.len()).sum()
}
