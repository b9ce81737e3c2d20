//! The conformance plugin: the tools that the official runner of MCP looks for, under its names.
//!
//! The answers of most never change and are texts of this file's folder; the others ask their caller
//! first ([`input`]).

#![no_std]

extern crate alloc;
extern crate bare as _;

mod input;

use alloc::string::{String, ToString};

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });

/// Rounds of the loop that takes long enough for several messages of progress, of which the host sends
/// one every 100 ms.
const ROUNDS: u32 = 200_000_000;

const LEVEL_INFO: u8 = 2;

struct Conformance;

export!(Conformance);

impl exports::plugin::Guest for Conformance {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let answer = match tool_name.as_str() {
            "test_simple_text" => "This is a simple text response for testing.",
            "test_image_content" => include_str!("image.json"),
            "test_audio_content" => include_str!("audio.json"),
            "test_embedded_resource" => include_str!("resource.json"),
            "test_multiple_content_types" => include_str!("mixed.json"),
            "test_structured_content" => r#"{"temperature":22.5,"unit":"celsius"}"#,
            "test_error_handling" => {
                return Err("This tool intentionally returns an error for testing".to_string());
            }
            "test_tool_with_logging" | "test_logging_tool" => log(),
            "test_tool_with_progress" => work(),
            "json_schema_2020_12_tool" | "test_header_parameter" => return Ok(params_json),
            tool if input::is_known(tool) => return input::answer(tool, &params_json),
            other => return Err(["conformance has no tool `", other, "`"].concat()),
        };
        Ok(answer.to_string())
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

fn log() -> &'static str {
    for message in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        host::log(LEVEL_INFO, message);
    }
    "Three lines have been logged."
}

fn work() -> &'static str {
    let odd = (0..ROUNDS).fold(1_u32, |state, round| {
        core::hint::black_box(state.wrapping_mul(1_664_525).wrapping_add(round) | 1)
    });
    // It is odd, which the compiler doesn't know of a black box.
    if odd % 2 == 1 { "The work is done." } else { "The work went wrong." }
}
