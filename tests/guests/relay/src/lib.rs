//! The relay: a channel that a test leads. Its store says what comes in and what goes wrong, and has what the host told
//! it.
//!
//! Keys: `in/<id>` is the text of a message that comes until it is acknowledged, `heard/<number>` is what the host told,
//! `mode/<function>` is what happens instead, `mode/sender` is who writes, `mode/thread` in which thread.

#![no_std]

extern crate alloc;
extern crate bare as _;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use json_text::{Members, Value, decimal, read};
use weft::host::{clock, store};

wit_bindgen::generate!({
    path: "../../../wit",
    generate_all,
    inline: "
        package test:relay;
        world relay {
            include clawft:plugin/plugin@0.1.0;
            include weft:kinds/channel@0.1.0;
            include weft:kinds/receipts@0.1.0;
            include weft:kinds/answered@0.1.0;
            include weft:kinds/drafts@0.1.0;
            include weft:kinds/webhook@0.1.0;
            import weft:host/clock@0.1.0;
            import weft:host/store@0.1.0;
        }
    ",
    world: "test:relay/relay",
});

use exports::answered::Outcome;
use exports::channel::Inbound;
use exports::webhook::{Request, Response};

/// How long a poll waits in the mode `wait`, and the webhook at `/wait`.
const LONG_POLL_MS: u64 = 20_000;

/// The polls of this instance. No other instance sees them.
static POLLS: AtomicU32 = AtomicU32::new(0);

struct Relay;

export!(Relay);

impl exports::plugin::Guest for Relay {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let params = read(&params_json).map_err(|error| error.message())?;
        match tool_name.as_str() {
            "put" => {
                match text(&params, "value") {
                    "" => drop(store::delete(text(&params, "key"))?),
                    value => store::set(text(&params, "key"), value.as_bytes())?,
                }
                Ok("null".to_string())
            }
            "heard" => {
                let keys = store::list_keys("heard/")?;
                let heard: Result<Vec<Value>, String> = keys
                    .iter()
                    .map(|key| read(&value(key)).map_err(|error| error.message()))
                    .collect();
                Ok(Value::Array(heard?).to_text())
            }
            "polling" => Ok((value("polling") == "yes").to_string()),
            "waiting" => {
                let keys = store::list_keys("in/")?.into_iter().map(Value::String);
                Ok(Value::Array(keys.collect()).to_text())
            }
            "polls" => Ok(decimal(POLLS.load(Ordering::Relaxed).into())),
            other => Err(["no tool `", other, "`"].concat()),
        }
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

impl exports::channel::Guest for Relay {
    fn poll() -> Result<Vec<Inbound>, String> {
        POLLS.fetch_add(1, Ordering::Relaxed);
        if value("mode/poll") == "wait" {
            store::set("polling", b"yes")?;
            clock::sleep_ms(LONG_POLL_MS);
        }
        let messages = store::list_keys("in/")?.into_iter().map(|key| {
            let mut payload = Members::new();
            payload.add("type", Value::from("text"));
            payload.add("text", Value::String(value(&key)));
            Inbound {
                sender: value("mode/sender"),
                chat: "room".to_string(),
                payload_json: payload.build().to_text(),
                metadata_json: String::new(),
                thread: Some(value("mode/thread")).filter(|thread| !thread.is_empty()),
                message_id: key.strip_prefix("in/").map(str::to_string),
            }
        });
        Ok(messages.collect())
    }

    fn send(target: String, payload_json: String) -> Result<String, String> {
        heard("send", &[&target, &payload_json])
    }
}

impl exports::receipts::Guest for Relay {
    fn acknowledge(message_id: String) -> Result<(), String> {
        store::delete(&["in/", &message_id].concat()).map(drop)
    }
}

impl exports::answered::Guest for Relay {
    fn answered(message_id: String, outcome: Outcome) -> Result<(), String> {
        let outcome = match outcome {
            Outcome::Answered => "answered",
            Outcome::Failed => "failed",
            Outcome::Unsent => "unsent",
        };
        heard("answered", &[&message_id, outcome]).map(drop)
    }
}

impl exports::drafts::Guest for Relay {
    fn draft(target: String, payload_json: String) -> Result<String, String> {
        heard("draft", &[&target, &payload_json])
    }

    fn revise(target: String, id: String, payload_json: String) -> Result<(), String> {
        heard("revise", &[&target, &id, &payload_json]).map(drop)
    }
}

impl exports::webhook::Guest for Relay {
    /// At `/in/<id>` the body is the text of a message; at `/answer` it says what is answered; other paths answer with what
    /// came.
    fn handle(request: Request) -> Result<Response, String> {
        if let Some(id) = request.path.strip_prefix("/in/") {
            store::set(&["in/", id].concat(), &request.body)?;
            return Ok(Response { status: 202, headers: Vec::new(), body: Vec::new() });
        }
        let body = String::from_utf8_lossy(&request.body).to_string();
        match request.path.as_str() {
            "/answer" => answer(&read(&body).map_err(|error| error.message())?),
            "/wait" => {
                clock::sleep_ms(LONG_POLL_MS);
                Err("nobody waits so long".to_string())
            }
            "/fail" => Err(body),
            "/trap" => panic!("it is asked to"),
            _ => {
                let pairs = |(name, value): (String, String)| {
                    Value::Array([name, value].map(Value::String).into())
                };
                let mut seen = Members::new();
                seen.add("method", Value::String(request.method));
                seen.add("path", Value::String(request.path));
                seen.add("query", Value::String(request.query));
                seen.add("headers", Value::Array(request.headers.into_iter().map(pairs).collect()));
                seen.add("body", Value::String(body));
                let json = ("content-type".to_string(), "application/json".to_string());
                let body = seen.build().to_text().into_bytes();
                Ok(Response { status: 200, headers: Vec::from([json]), body })
            }
        }
    }
}

/// The answer that a body asks for: `{"status": "204", "headers": [{"name": ..., "value": ...}], "bytes": "3"}`.
fn answer(asked: &Value) -> Result<Response, String> {
    let number = |key: &str| text(asked, key).parse::<u32>().unwrap_or_default();
    let header =
        |header: &Value| (text(header, "name").to_string(), text(header, "value").to_string());
    let headers = match asked.get("headers") {
        Some(Value::Array(headers)) => headers.iter().map(header).collect(),
        _ => Vec::new(),
    };
    let body = alloc::vec![b'x'; number("bytes") as usize];
    Ok(Response { status: number("status") as u16, headers, body })
}

/// Notes a call as a list of its function and its texts, and returns its number as its id. In the mode `fail` of the
/// function it fails afterwards.
fn heard(function: &str, texts: &[&str]) -> Result<String, String> {
    let number = decimal(store::list_keys("heard/")?.len() as u64 + 100);
    let mut all: Vec<Value> = Vec::from([Value::from(function)]);
    all.extend(texts.iter().map(|text| Value::from(*text)));
    store::set(&["heard/", &number].concat(), Value::Array(all).to_text().as_bytes())?;
    match value(&["mode/", function].concat()).as_str() {
        "fail" => Err([function, " fails"].concat()),
        _ => Ok(number),
    }
}

/// The text under a key, empty where there is none.
fn value(key: &str) -> String {
    let bytes = store::get(key).ok().flatten().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    match value.get(key) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}
