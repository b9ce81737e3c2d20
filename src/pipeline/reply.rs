//! The stage that makes an answer fit for its channel: text without what would control a terminal,
//! parts that are not too long, structured data and attachments only where they can be carried.

use super::inbound::Inbound;
use super::split::split;
use crate::command::Answer;
use crate::contract::{ChannelAdapter, ChannelFormat, Failure, MessagePayload, Reply, TextFormat};
use crate::sandbox::printable;

/// The messages that a channel is given for one answer or failure, in their order; never none. `said` is the text
/// that the channel has been given in parts.
pub(super) fn replies(
    inbound: &Inbound,
    result: Result<&Answer, &Failure>,
    said: &str,
    channel: &dyn ChannelAdapter,
) -> Vec<Reply> {
    let format = channel.format();
    let payloads = match result {
        Ok(answer) => of_answer(answer, format, channel.supports_media()),
        Err(failure) => texts(&with_next_step(failure), format),
    };
    // A stage may have said something else than the answer that it or another one gave in the end.
    let said_bytes = match payloads.first() {
        Some(MessagePayload::Text { text }) if text.starts_with(said) => said.len(),
        _ => 0,
    };
    let parts = payloads.len();
    let state = &inbound.state;
    payloads
        .into_iter()
        .enumerate()
        .map(|(part, payload)| Reply {
            chat: state.chat.clone(),
            thread: state.thread.clone().filter(|_| channel.supports_threads()),
            reply_to: inbound.id.clone(),
            payload,
            failure: result.err().cloned(),
            part,
            parts,
            said_bytes: if part == 0 { said_bytes } else { 0 },
        })
        .collect()
}

/// The payloads of an answer: the value as data where the channel takes data, otherwise the text; then the attachments,
/// each a part of its own or, on a channel without media, a line that says what is missing.
fn of_answer(answer: &Answer, format: ChannelFormat, media: bool) -> Vec<MessagePayload> {
    let Answer { text, value, attachments } = answer;
    let mut payloads = match value {
        Some(value) if format.structured => vec![MessagePayload::Json { value: value.clone() }],
        _ if text.is_empty() && !attachments.is_empty() => Vec::new(),
        _ => texts(text, format),
    };
    for attachment in attachments {
        if media {
            let (mime, bytes) = (attachment.mime.clone(), attachment.bytes.clone());
            payloads.push(MessagePayload::Binary { mime, bytes });
        } else {
            let (mime, bytes) = (&attachment.mime, attachment.bytes.len());
            let left_out = format!("[an attachment of {bytes} bytes ({mime}) can't be sent here]");
            payloads.extend(texts(&left_out, format));
        }
    }
    payloads
}

/// A text in parts that fit the channel.
fn texts(text: &str, format: ChannelFormat) -> Vec<MessagePayload> {
    let safe = match format.text {
        TextFormat::Printable => printable(text),
        TextFormat::Verbatim => text.to_owned(),
    };
    split(&safe, format.max_message_chars).into_iter().map(MessagePayload::text).collect()
}

/// What follows a message's first line is set off, so that it can't pass for a line of ours.
fn with_next_step(failure: &Failure) -> String {
    let Failure { message, next_step, .. } = failure;
    format!("error: {}\n  try: {next_step}", message.replace('\n', "\n    "))
}
