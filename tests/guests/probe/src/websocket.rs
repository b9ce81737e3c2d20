//! WebSockets, through the door `websocket`.

use serde_json::{Value, json};

use crate::weft::host::websocket as door;
use crate::{http, number, text};

pub(crate) const TOOLS: [(&str, &str, &[&str]); 4] = [
    ("ws_open", "Opens a socket: {socket, protocol}.", &["url", "headers?"]),
    (
        "ws_send",
        "Sends `text`, `binary` or `size` bytes.",
        &["socket", "text?", "binary?", "size?"],
    ),
    (
        "ws_receive",
        "Receives: {text}, {binary}, {} or {closed}; with `count`, {bytes} of a message.",
        &["socket", "timeout", "count?"],
    ),
    ("ws_close", "Closes a socket.", &["socket"]),
];

pub(crate) fn run(tool: &str, params: &Value) -> Result<Value, String> {
    match tool {
        "ws_open" => {
            let opened = door::open(text(params, "url")?, &http::headers(params)?)?;
            Ok(json!({ "socket": opened.socket, "protocol": opened.protocol }))
        }
        "ws_send" => {
            door::send(socket(params)?, &message(params)?)?;
            Ok(json!({}))
        }
        "ws_receive" => {
            let timeout = number(params, "timeout")? as u32;
            let is_counted = params.get("count").is_some();
            Ok(match door::receive(socket(params)?, timeout)? {
                door::Received::Text(text) if is_counted => json!({ "bytes": text.len() }),
                door::Received::Text(text) => json!({ "text": text }),
                door::Received::Binary(bytes) => json!({ "binary": bytes }),
                door::Received::Nothing => json!({}),
                door::Received::Closed(closed) => json!({ "closed": closed }),
            })
        }
        "ws_close" => {
            door::close(socket(params)?);
            Ok(json!({}))
        }
        other => Err(format!("sockets has no tool `{other}`")),
    }
}

fn message(params: &Value) -> Result<door::Message, String> {
    if let Some(bytes) = params.get("binary").and_then(Value::as_array) {
        let bytes = bytes.iter().map(|byte| byte.as_u64().unwrap_or_default() as u8);
        return Ok(door::Message::Binary(bytes.collect()));
    }
    Ok(door::Message::Text(match params.get("size") {
        Some(_) => "x".repeat(number(params, "size")?),
        None => text(params, "text")?.to_string(),
    }))
}

fn socket(params: &Value) -> Result<u32, String> {
    number(params, "socket").map(|number| number as u32)
}
