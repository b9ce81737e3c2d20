//! The text-stats plugin: measures of a text and its most frequent words.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod measure;
mod words;

use alloc::string::{String, ToString};
use json_text::{Arguments, Value};

wit_bindgen::generate!({ path: "../../wit", world: "plugin" });

struct TextStats;

export!(TextStats);

impl exports::plugin::Guest for TextStats {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let result = match tool_name.as_str() {
            "text_stats" => text_stats(&params_json)?,
            "word_frequency" => word_frequency(&params_json)?,
            other => return Err(["text-stats has no tool `", other, "`"].concat()),
        };
        Ok(result.to_text())
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

fn text_stats(params: &str) -> Result<Value, String> {
    let arguments = Arguments::read("text_stats", params, &["text"])?;
    Ok(measure::measure(arguments.string("text")?))
}

fn word_frequency(params: &str) -> Result<Value, String> {
    let known = ["text", "limit", "min_length"];
    let arguments = Arguments::read("word_frequency", params, &known)?;
    let limit = arguments.integer("limit", 1..=1000, 20)? as usize;
    let min_length = arguments.integer("min_length", 1..=100, 1)? as usize;
    Ok(words::frequency(arguments.string("text")?, min_length, limit))
}
