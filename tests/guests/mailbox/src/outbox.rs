//! What goes out: a file for each message, named by its number.

use crate::{files, host};
use alloc::string::String;
use json_text::{Members, Value, decimal};

/// The number of the last message.
const LAST: &str = "outbox/last";

/// Writes a message to a room, or to a thread in it: `kitchen` or `kitchen/tea`.
pub fn send(target: &str, payload_json: &str) -> Result<String, String> {
    let (room, thread) = match target.split_once('/') {
        Some((room, thread)) => (room, Some(thread)),
        None => (target, None),
    };
    if room.is_empty() || thread == Some("") {
        return Err(["`", target, "` is no room and no thread in a room"].concat());
    }
    let payload = json_text::read(payload_json)
        .map_err(|error| ["the payload is not JSON: ", &error.message()].concat())?;
    let number = files::number(LAST)? + 1;
    // First, so that no number is used twice.
    files::write_number(LAST, number)?;
    let id = decimal(number);
    let mut message = Members::new();
    message.add("id", Value::from(id.as_str()));
    message.add("room", Value::from(room));
    if let Some(thread) = thread {
        message.add("thread", Value::from(thread));
    }
    message.add("payload", payload);
    let path = ["outbox/", &id, ".json"].concat();
    host::write_file(&path, &(message.build().to_text() + "\n"))?;
    Ok(id)
}
