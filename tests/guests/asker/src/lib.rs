//! The asker: gives the parameter `result` as its result, which may ask for input. When the host brings
//! answers, or there is no `result`, it gives what the host says.

#![no_std]

extern crate alloc;
extern crate bare as _;

use alloc::string::{String, ToString};
use json_text::{Value, read};

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });

struct Asker;

export!(Asker);

impl exports::plugin::Guest for Asker {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(_tool_name: String, params_json: String) -> Result<String, String> {
        let params = read(&params_json).map_err(|error| error.message())?;
        let input = params.get("weft:input");
        let answered = input.is_some_and(|input| input.get("responses").is_some());
        let given = if answered { input } else { params.get("result").or(input) };
        Ok(given.unwrap_or(&Value::Null).to_text())
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}
