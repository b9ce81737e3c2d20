//! The doors: a guest that goes through the doors of the host as a test says, as a tool and as a stage.

#![no_std]

extern crate alloc;
extern crate bare as _;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::hint::black_box;

use json_text::{Members, Value, read};
use weft::host::{conversation, settings, tools};

wit_bindgen::generate!({
    path: "../../../wit",
    generate_all,
    inline: "
        package test:doors;
        world doors {
            include clawft:plugin/plugin@0.1.0;
            include weft:kinds/stage@0.1.0;
            import weft:host/settings@0.1.0;
            import weft:host/tools@0.1.0;
            import weft:host/conversation@0.1.0;
        }
    ",
    world: "test:doors/doors",
});

struct Doors;

export!(Doors);

impl exports::plugin::Guest for Doors {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let params = read(&params_json).map_err(|error| error.message())?;
        match tool_name.as_str() {
            "settings" => Ok(settings::get()),
            "list" => tools::list(),
            "call" => Ok(outcome(tools::call(text(&params, "tool"), &argument(&params))).to_text()),
            "call_all" => {
                let calls: Vec<(String, String)> = items(&params, "calls")
                    .iter()
                    .map(|call| (text(call, "tool").to_string(), argument(call)))
                    .collect();
                let outcomes = tools::call_all(&calls).into_iter().map(outcome).collect();
                Ok(Value::Array(outcomes).to_text())
            }
            "current" => Ok(conversation::current().unwrap_or_else(|| "null".to_string())),
            "say" => {
                conversation::say(text(&params, "text"));
                Ok("null".to_string())
            }
            "note" => {
                conversation::note(text(&params, "text"));
                Ok("null".to_string())
            }
            "spin" => {
                let rounds = text(&params, "rounds").parse::<u64>().unwrap_or_default();
                let mut sum = 0_u64;
                for round in 0..rounds {
                    sum = black_box(sum.wrapping_add(round));
                }
                Ok("null".to_string())
            }
            "forget" => Ok("\"forgot what the doors knew\"".to_string()),
            "shout" => Ok(Value::String(text(&params, "command").to_uppercase()).to_text()),
            other => Err(["no tool `", other, "`"].concat()),
        }
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

impl exports::stage::Guest for Doors {
    fn stage_type() -> String {
        "process".to_string()
    }

    /// Says each word of the text as a part and then an empty one, or calls a tool for `call TOOL PARAMS`. The answer
    /// is the text of all parts, what `current` says for `who`, or something else for `lie`.
    fn process(state_json: String) -> Result<String, String> {
        let state = read(&state_json).map_err(|error| error.message())?;
        let asked = text(&state, "text");
        let answer = match asked.split_once(' ') {
            Some(("call", rest)) => {
                let (tool, params) = rest.split_once(' ').unwrap_or((rest, "{}"));
                outcome(tools::call(tool, params)).to_text()
            }
            _ if asked == "who" => conversation::current().unwrap_or_default(),
            _ => {
                for part in asked.split_inclusive(' ') {
                    conversation::say(part);
                }
                conversation::say("");
                if asked.starts_with("lie") { "the truth".to_string() } else { asked.to_string() }
            }
        };
        let text = Value::String(answer).to_text();
        Ok(["{\"answer\":{\"text\":", &text, "}}"].concat())
    }
}

fn outcome(result: Result<String, String>) -> Value {
    let (key, text) = match result {
        Ok(text) => ("ok", text),
        Err(text) => ("error", text),
    };
    let mut members = Members::new();
    members.add(key, Value::String(text));
    members.build()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    match value.get(key) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    match value.get(key) {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}

fn argument(value: &Value) -> String {
    value.get("params").map_or_else(|| "{}".to_string(), Value::to_text)
}
