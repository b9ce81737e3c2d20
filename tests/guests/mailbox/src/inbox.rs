//! What comes in: a line of `inbox.jsonl` is a message, once its end is written.
//!
//!     {"from": "ann", "room": "kitchen", "text": "Is there tea?"}
//!     {"from": "ann", "room": "kitchen", "thread": "tea", "json": {"cups": 2}}
//!     {"from": "ann", "room": "kitchen", "mime": "image/png", "bytes": "iVA="}

use crate::exports::channel::Inbound;
use crate::{files, host};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::{Members, Value, decimal};

const INBOX: &str = "inbox.jsonl";
/// How many lines of the inbox were acknowledged.
const TAKEN: &str = "inbox.taken";

/// What one poll gives at most: there is always another one.
const MESSAGES: usize = 100;
const BYTES: usize = 1_000_000;

/// Levels of `log`.
const WARN: u8 = 1;

pub fn poll() -> Result<Vec<Inbound>, String> {
    let text = files::read(INBOX)?.unwrap_or_default();
    let mut taken = files::number(TAKEN)?;
    let lines = || text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    if taken > lines().count() as u64 {
        // Somebody began a new inbox.
        taken = 0;
        files::write_number(TAKEN, taken)?;
    }
    let (mut messages, mut bytes) = (Vec::new(), 0);
    for (line, number) in lines().zip(1..).skip(taken as usize) {
        match message(line.trim(), number) {
            Ok(message) => messages.push(message),
            Err(problem) => {
                if messages.is_empty() {
                    files::write_number(TAKEN, number)?;
                    let said = [INBOX, ", line ", &decimal(number), ": ", &problem].concat();
                    host::log(WARN, &said);
                }
                continue;
            }
        }
        bytes += line.len();
        if messages.len() >= MESSAGES || bytes >= BYTES {
            break;
        }
    }
    Ok(messages)
}

pub fn acknowledge(message_id: &str) -> Result<(), String> {
    let line: u64 = message_id.parse().map_err(|_| "no message has this id".to_string())?;
    if line > files::number(TAKEN)? { files::write_number(TAKEN, line) } else { Ok(()) }
}

fn message(line: &str, number: u64) -> Result<Inbound, String> {
    let line = json_text::read(line).map_err(|error| error.message())?;
    let text = |name: &str| match line.get(name) {
        Some(Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let required = |name: &str| {
        text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| ["`", name, "` is missing"].concat())
    };
    let (sender, room, thread) = (required("from")?, required("room")?, text("thread"));
    if room.contains('/') {
        return Err("`room` must not contain `/`".to_string());
    }
    let mut payload = Members::new();
    if let Some(text) = text("text") {
        payload.add("type", Value::from("text"));
        payload.add("text", Value::from(text));
    } else if let Some(value) = line.get("json") {
        payload.add("type", Value::from("json"));
        payload.add("value", value.clone());
    } else {
        payload.add("type", Value::from("binary"));
        payload.add("mime", Value::from(required("mime")?));
        payload.add("bytes", Value::from(required("bytes")?));
    }
    let mut metadata = Members::new();
    metadata.add("room", Value::from(room));
    Ok(Inbound {
        sender: sender.to_string(),
        chat: thread.map_or(room.to_string(), |thread| [room, "/", thread].concat()),
        payload_json: payload.build().to_text(),
        metadata_json: metadata.build().to_text(),
        thread: thread.map(str::to_string),
        message_id: Some(decimal(number)),
    })
}
