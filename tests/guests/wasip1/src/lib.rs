//! A guest whose standard library asks WASI for output, time, randomness, files and more.

use serde_json::{Value, json};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });

struct Wasi;

export!(Wasi);

impl exports::plugin::Guest for Wasi {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let params: Value =
            serde_json::from_str(&params_json).map_err(|error| error.to_string())?;
        run(&tool_name, &params).map(|result| result.to_string())
    }

    fn describe() -> String {
        let tool = |name: &str, description: &str, params: &[&str]| {
            let properties: serde_json::Map<String, Value> =
                params.iter().map(|name| (name.to_string(), json!({}))).collect();
            let schema = json!({ "type": "object", "properties": properties, "required": params });
            json!({ "name": name, "description": description, "input_schema": schema })
        };
        let tools = [
            tool("print", "Prints the text to standard output and to standard error.", &["text"]),
            tool("time", "The system clock and a monotonic one: {unix_seconds, elapsed_ns}.", &[]),
            tool("random", "A random number: {random}.", &[]),
            tool("open", "Reads a file through WASI.", &["path"]),
            tool("env", "A variable of WASI's environment: {value}.", &["name"]),
            tool("args", "The arguments: {args}.", &[]),
            tool("exit", "Ends the process.", &["code"]),
        ];
        json!({ "name": "wasip1", "version": "0.1.0", "tools": tools }).to_string()
    }
}

fn run(tool: &str, params: &Value) -> Result<Value, String> {
    let text = |name: &str| {
        let value = params.get(name).and_then(Value::as_str);
        value.ok_or_else(|| format!("`{name}` must be a string"))
    };
    match tool {
        "print" => {
            println!("{}", text("text")?);
            eprintln!("{}", text("text")?);
            Ok(json!({}))
        }
        "time" => {
            let start = Instant::now();
            let now =
                SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
            let elapsed_ns = start.elapsed().as_nanos() as u64;
            Ok(json!({ "unix_seconds": now.as_secs(), "elapsed_ns": elapsed_ns }))
        }
        // Below 2^53, for readers of JSON that know only floats.
        "random" => Ok(json!({ "random": RandomState::new().hash_one(0) >> 11 })),
        "open" => {
            let content =
                std::fs::read_to_string(text("path")?).map_err(|error| error.to_string())?;
            Ok(json!({ "content": content }))
        }
        "env" => Ok(json!({ "value": std::env::var(text("name")?).ok() })),
        "args" => Ok(json!({ "args": std::env::args().collect::<Vec<_>>() })),
        "exit" => {
            let code = params.get("code").and_then(Value::as_i64).unwrap_or(0);
            std::process::exit(code as i32)
        }
        other => Err(format!("wasip1 has no tool `{other}`")),
    }
}

unsafe extern "C" {
    /// The linker's: runs what the C library wants run at the start.
    fn __wasm_call_ctors();
}

/// A reactor's start, which the host calls once before anything else.
#[unsafe(no_mangle)]
pub extern "C" fn _initialize() {
    // SAFETY: the linker defines it, and it is called before any other code of the module.
    unsafe { __wasm_call_ctors() }
}
