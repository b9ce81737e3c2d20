//! The guest that the official conformance runner is shown: what it offers, in every revision.
//!
//! The runner itself is `.ci/mcp-conformance`, which needs more than a Rust toolchain.

use serde_json::{Value, json};
use weft_lite::config::ToolNames;
use weft_lite::mcp::McpOptions;

use crate::session::{ALL, Server, guest, package};

fn server() -> Server {
    let options = McpOptions { tool_names: ToolNames::Bare, ..McpOptions::default() };
    Server::with([package("conformance", guest("conformance"), &json!({}))], options)
}

fn kinds(result: &Value) -> Vec<&str> {
    let blocks = result["content"].as_array().unwrap();
    blocks.iter().map(|block| block["type"].as_str().unwrap()).collect()
}

#[test]
fn tool_names_match_the_conformance_runner() {
    let server = server();
    for revision in ALL {
        let list = server.client(revision).result("tools/list", &json!({}));
        let names: Vec<&str> = list["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "json_schema_2020_12_tool",
                "test_audio_content",
                "test_embedded_resource",
                "test_error_handling",
                "test_header_parameter",
                "test_image_content",
                "test_input_required_result_capabilities",
                "test_input_required_result_elicitation",
                "test_input_required_result_list_roots",
                "test_input_required_result_multi_round",
                "test_input_required_result_multiple_inputs",
                "test_input_required_result_request_state",
                "test_input_required_result_sampling",
                "test_input_required_result_tampered_state",
                "test_logging_tool",
                "test_missing_capability",
                "test_multiple_content_types",
                "test_simple_text",
                "test_streaming_elicitation",
                "test_structured_content",
                "test_tool_with_logging",
                "test_tool_with_progress",
            ]
        );
    }
}

#[test]
fn its_results_are_of_every_kind_of_content() {
    let server = server();
    for revision in ALL {
        let mut client = server.client(revision);
        for (tool, expected) in [
            ("test_simple_text", &["text"] as &[&str]),
            ("test_image_content", &["image"]),
            ("test_audio_content", &["audio"]),
            ("test_embedded_resource", &["resource"]),
            ("test_multiple_content_types", &["text", "image", "resource"]),
        ] {
            let result = client.result("tools/call", &json!({ "name": tool }));
            assert_eq!(
                (kinds(&result), result.get("isError")),
                (expected.to_vec(), None),
                "{tool}"
            );
        }
        let result = client.result("tools/call", &json!({ "name": "test_structured_content" }));
        assert_eq!(result["structuredContent"], json!({ "temperature": 22.5, "unit": "celsius" }));
        let result = client.result("tools/call", &json!({ "name": "test_error_handling" }));
        assert_eq!(result["isError"], true);
        let words = "This tool intentionally returns an error for testing";
        assert_eq!(result["content"], json!([{ "type": "text", "text": words }]));
    }
}
