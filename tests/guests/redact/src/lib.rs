//! The redact plugin: a stage that takes e-mail addresses and card numbers out of messages, before
//! anything else sees them.
//!
//! What it reads of a message's state are texts: what stands under `text`, and everything under
//! `value`. Who wrote and where stays as it is.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod card;
mod email;

use alloc::string::{String, ToString};
use json_text::Value;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package guests:redact; world redact {
        include clawft:plugin/plugin@0.1.0;
        include weft:kinds/stage@0.1.0;
    }",
});

struct Redact;

export!(Redact);

impl exports::plugin::Guest for Redact {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, _params_json: String) -> Result<String, String> {
        Err(["redact has no tool `", &tool_name, "`"].concat())
    }

    fn describe() -> String {
        r#"{"name":"Redact","version":"0.1.0","tools":[]}"#.to_string()
    }
}

impl exports::stage::Guest for Redact {
    fn stage_type() -> String {
        "pre_process".to_string()
    }

    fn process(state_json: String) -> Result<String, String> {
        let mut state = json_text::read(&state_json)
            .map_err(|error| ["the state is not JSON: ", &error.message()].concat())?;
        visit(&mut state, false);
        Ok(state.to_text())
    }
}

/// Goes through a state; `inside` a message's content every string is a text.
fn visit(value: &mut Value, inside: bool) {
    match value {
        Value::String(text) if inside => *text = card::redact(&email::redact(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, inside)),
        Value::Object(members) => {
            for (name, member) in members {
                visit(member, inside || matches!(name.as_str(), "text" | "value"));
            }
        }
        _ => {}
    }
}
