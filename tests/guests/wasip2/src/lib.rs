//! A guest as `cargo build --target wasm32-wasip2` leaves it: a component whose standard library
//! asks WASI's second preview for output, time, randomness, waits and more.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });

struct Wasi;

export!(Wasi);

impl exports::plugin::Guest for Wasi {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let start = Instant::now();
        match tool_name.as_str() {
            "greet" => {
                let mut seen = HashMap::new();
                for byte in params_json.bytes() {
                    *seen.entry(byte).or_insert(0_u32) += 1;
                }
                println!("{} bytes", params_json.len());
                eprintln!("{} different ones", seen.len());
                Ok(format!(r#"{{"got":{params_json},"different":{}}}"#, seen.len()))
            }
            "nap" => {
                std::thread::sleep(Duration::from_millis(20));
                let slept = start.elapsed().as_millis();
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                let seconds = now.map_err(|error| error.to_string())?.as_secs();
                Ok(format!(r#"{{"slept_ms":{slept},"unix_seconds":{seconds}}}"#))
            }
            "env" => {
                let home = std::env::var_os("HOME").is_some();
                let args = std::env::args().count();
                Ok(format!(r#"{{"home":{home},"args":{args}}}"#))
            }
            "exit" => std::process::exit(3),
            other => Err(format!("wasip2 has no tool `{other}`")),
        }
    }

    fn describe() -> String {
        let tool = |name: &str, description: &str| {
            format!(r#"{{"name":"{name}","description":"{description}"}}"#)
        };
        let tools = [
            tool("greet", "Counts the bytes of the parameters, and prints their number."),
            tool("nap", "Sleeps for 20 ms: {slept_ms, unix_seconds}."),
            tool("env", "What there is of an environment: {home, args}."),
            tool("exit", "Ends the process."),
        ];
        format!(r#"{{"name":"wasip2","version":"0.1.0","tools":[{}]}}"#, tools.join(","))
    }
}
