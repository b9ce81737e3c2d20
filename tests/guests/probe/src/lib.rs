//! The probe: a guest that makes any host call, and any trouble, that a test asks for.

mod http;
mod trouble;
#[cfg(feature = "websocket")]
mod websocket;

use serde_json::{Map, Value, json};
use std::cell::{Cell, RefCell};

#[cfg(not(feature = "websocket"))]
wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package weft:probe;

        world probe {
            include clawft:plugin/plugin@0.1.0;
            import weft:host/http@0.1.0;
        }
    ",
    world: "weft:probe/probe",
    generate_all,
});
#[cfg(feature = "websocket")]
wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package weft:probe;

        world sockets {
            include clawft:plugin/plugin@0.1.0;
            import weft:host/http@0.1.0;
            import weft:host/websocket@0.1.0;
        }
    ",
    world: "weft:probe/sockets",
    generate_all,
});

struct Probe;

export!(Probe);

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static MEMORY: RefCell<Value> = const { RefCell::new(Value::Null) };
}

/// Each tool with its parameters; a name with `?` may be left out.
const TOOLS: [(&str, &str, &[&str]); 28] = [
    ("echo", "Gives the parameters back as they came.", &[]),
    (
        "http",
        "Sends one request: headers are pairs of strings.",
        &["url", "method?", "headers?", "body?", "size?"],
    ),
    (
        "fetch",
        "Sends one request through the door: {status, headers, body}, a list of bytes unless text.",
        &["url", "method?", "headers?", "body?", "size?"],
    ),
    (
        "open",
        "Sends one request: {stream, status, headers}.",
        &["url", "method?", "headers?", "body?", "size?"],
    ),
    ("next", "Reads a stream: {body}, null at its end.", &["stream"]),
    ("drain", "Reads a stream to its end: {bytes, longest}, of one part.", &["stream"]),
    ("close", "Closes a stream.", &["stream"]),
    ("read", "Reads a file: {content}.", &["path"]),
    ("read_length", "Reads a file: {length} in bytes.", &["path"]),
    ("write", "Writes a file.", &["path", "content"]),
    ("write_big", "Writes a file of that many bytes.", &["path", "size"]),
    ("env", "Gets a variable: {value}, null if there is none.", &["name"]),
    ("log", "Logs a message, once or `count` times.", &["level", "message", "count?"]),
    ("log_big", "Logs a message of that many bytes at level info.", &["size"]),
    ("spin", "Never ends.", &[]),
    ("burn", "Runs a loop that many times: a number.", &["iterations"]),
    ("allocate", "Allocates and touches that many megabytes: {pages} of memory.", &["mb"]),
    ("fill", "Fills that many megabytes, `times` times or, with 0, for ever.", &["mb", "times"]),
    ("recurse", "Calls itself for ever.", &[]),
    ("trap", "Traps: unreachable, divide, out_of_bounds or indirect_call.", &["kind"]),
    ("panic", "Panics.", &[]),
    ("fail", "Answers with an error.", &["message"]),
    ("big_result", "Answers with that many bytes, a JSON string.", &["size"]),
    ("count", "Counts its calls in this instance: {count}.", &[]),
    ("remember", "Keeps a value in this instance: gives the one before.", &["value"]),
    ("recall", "Gives the value that this instance keeps, or null.", &[]),
    ("call_many", "Makes that many calls of get-env: {calls}.", &["count"]),
    ("many", "Runs calls {tool, params}: a list of {ok} and {error}.", &["calls"]),
];

impl exports::plugin::Guest for Probe {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        if tool_name == "echo" {
            return Ok(params_json);
        }
        let params: Value = serde_json::from_str(&params_json)
            .map_err(|error| format!("the parameters are not JSON: {error}"))?;
        if tool_name == "big_result" {
            let filler = number(&params, "size")?.saturating_sub(2);
            return Ok(["\"", &"x".repeat(filler), "\""].concat());
        }
        run(&tool_name, &params).map(|result| result.to_string())
    }

    fn describe() -> String {
        let tools = TOOLS.iter();
        #[cfg(feature = "websocket")]
        let tools = tools.chain(&websocket::TOOLS);
        let tools: Vec<Value> = tools.map(describe).collect();
        json!({ "name": "probe", "version": "0.1.0", "tools": tools }).to_string()
    }
}

fn describe((name, description, params): &(&str, &str, &[&str])) -> Value {
    let properties: Map<String, Value> =
        params.iter().map(|name| (name.trim_end_matches('?').to_string(), json!({}))).collect();
    let required: Vec<&&str> = params.iter().filter(|name| !name.ends_with('?')).collect();
    json!({
        "name": name,
        "description": description,
        "input_schema": { "type": "object", "properties": properties, "required": required },
    })
}

fn run(tool: &str, params: &Value) -> Result<Value, String> {
    let done = || Ok(json!({}));
    match tool {
        "echo" => Ok(params.clone()),
        "http" => http::request(params),
        "fetch" => http::fetch(params),
        "open" => http::open(params),
        "next" => http::next(params),
        "drain" => http::drain(params),
        "close" => http::close(params),
        "read" => Ok(json!({ "content": host::read_file(text(params, "path")?)? })),
        "read_length" => Ok(json!({ "length": host::read_file(text(params, "path")?)?.len() })),
        "write" => {
            host::write_file(text(params, "path")?, text(params, "content")?)?;
            done()
        }
        "write_big" => {
            host::write_file(text(params, "path")?, &"x".repeat(number(params, "size")?))?;
            done()
        }
        "env" => Ok(json!({ "value": host::get_env(text(params, "name")?) })),
        "log" => {
            let level = number(params, "level")? as u8;
            let count = if params.get("count").is_some() { number(params, "count")? } else { 1 };
            for _ in 0..count {
                host::log(level, text(params, "message")?);
            }
            done()
        }
        "log_big" => {
            host::log(2, &"x".repeat(number(params, "size")?));
            done()
        }
        "spin" => trouble::spin(),
        "burn" => Ok(json!(trouble::burn(number(params, "iterations")? as u64))),
        "allocate" => {
            trouble::allocate(number(params, "mb")?).map(|pages| json!({ "pages": pages }))
        }
        "fill" => {
            trouble::fill(number(params, "mb")?, number(params, "times")?)?;
            done()
        }
        "recurse" => Ok(json!(trouble::recurse(0))),
        "trap" => trouble::trap(text(params, "kind")?),
        "panic" => panic!("the probe was told to panic"),
        "fail" => Err(text(params, "message")?.to_string()),
        "big_result" => Ok(json!("x".repeat(number(params, "size")?.saturating_sub(2)))),
        "count" => {
            COUNT.set(COUNT.get() + 1);
            Ok(json!({ "count": COUNT.get() }))
        }
        "remember" => Ok(MEMORY.replace(params.get("value").cloned().unwrap_or(Value::Null))),
        "recall" => Ok(MEMORY.with_borrow(Value::clone)),
        "call_many" => {
            let count = number(params, "count")?;
            for _ in 0..count {
                host::get_env("WEFT_PROBE");
            }
            Ok(json!({ "calls": count }))
        }
        "many" => {
            let calls = params.get("calls").and_then(Value::as_array);
            let calls = calls.ok_or("`calls` must be a list")?;
            Ok(calls.iter().map(one_of_many).collect())
        }
        #[cfg(feature = "websocket")]
        tool if tool.starts_with("ws_") => websocket::run(tool, params),
        other => Err(format!("probe has no tool `{other}`")),
    }
}

fn one_of_many(call: &Value) -> Value {
    let params = call.get("params").cloned().unwrap_or_else(|| json!({}));
    match text(call, "tool").and_then(|tool| run(tool, &params)) {
        Ok(result) => json!({ "ok": result }),
        Err(error) => json!({ "error": error }),
    }
}

fn text<'a>(params: &'a Value, name: &str) -> Result<&'a str, String> {
    params.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` must be a string"))
}

fn number(params: &Value, name: &str) -> Result<usize, String> {
    let number = params.get(name).and_then(Value::as_u64);
    number
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| format!("`{name}` must be a number from 0 to 4294967295"))
}
