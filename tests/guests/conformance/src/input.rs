//! The tools that ask their caller for something before they answer.

use alloc::string::{String, ToString};
use json_text::{Value, read};

const NAME: &str = r#"{"weft:input":{"requests":{"user_name":{"method":"elicitation/create","params":{"message":"What is your name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}}}}"#;
const CAPITAL: &str = r#"{"weft:input":{"requests":{"capital_question":{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"What is the capital of France?"}}],"maxTokens":100}}}}}"#;
const ROOTS: &str = r#"{"weft:input":{"requests":{"client_roots":{"method":"roots/list"}}}}"#;
const CONFIRM: &str = r#"{"weft:input":{"requests":{"confirm":{"method":"elicitation/create","params":{"message":"Please confirm","requestedSchema":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]}}}},"state":"asked"}}"#;
const ALL: &str = r#"{"weft:input":{"requests":{"user_name":{"method":"elicitation/create","params":{"message":"What is your name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}},"greeting":{"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"type":"text","text":"Generate a greeting"}}],"maxTokens":50}},"client_roots":{"method":"roots/list"}},"state":"asked"}}"#;
const STEP_1: &str = r#"{"weft:input":{"requests":{"step1":{"method":"elicitation/create","params":{"message":"Step 1: What is your name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}},"state":"1"}}"#;
const STEP_2: &str = r#"{"weft:input":{"requests":{"step2":{"method":"elicitation/create","params":{"message":"Step 2: What is your favorite color?","requestedSchema":{"type":"object","properties":{"color":{"type":"string"}},"required":["color"]}}}},"state":"2"}}"#;

/// Each tool with what it asks for first.
const TOOLS: [(&str, &str); 10] = [
    ("test_input_required_result_elicitation", NAME),
    ("test_input_required_result_sampling", CAPITAL),
    ("test_input_required_result_list_roots", ROOTS),
    ("test_input_required_result_request_state", CONFIRM),
    ("test_input_required_result_tampered_state", CONFIRM),
    ("test_input_required_result_multiple_inputs", ALL),
    ("test_input_required_result_multi_round", STEP_1),
    ("test_input_required_result_capabilities", NAME),
    ("test_missing_capability", CAPITAL),
    ("test_streaming_elicitation", NAME),
];

pub fn is_known(tool: &str) -> bool {
    TOOLS.iter().any(|(name, _)| *name == tool)
}

pub fn answer(tool: &str, params: &str) -> Result<String, String> {
    let params = read(params).map_err(|error| error.message())?;
    let state = text(&params, &["weft:input", "state"]);
    let responses = at(&params, &["weft:input", "responses"]);
    let Some(responses) = responses else {
        let first = TOOLS.iter().find(|(name, _)| *name == tool).map_or("", |(_, first)| first);
        let limited = tool == "test_input_required_result_capabilities" && !takes_forms(&params);
        return Ok(if limited { CAPITAL } else { first }.to_string());
    };
    let word = |path: &[&str]| text(responses, path).unwrap_or("nothing");
    Ok(match tool {
        "test_input_required_result_sampling" | "test_missing_capability" => {
            word(&["capital_question", "content", "text"]).to_string()
        }
        "test_input_required_result_list_roots" => {
            let roots = match at(responses, &["client_roots", "roots"]) {
                Some(Value::Array(roots)) => roots.as_slice(),
                _ => &[],
            };
            roots.first().and_then(|root| text(root, &["uri"])).unwrap_or("no root").to_string()
        }
        "test_input_required_result_multi_round" if state == Some("1") => STEP_2.to_string(),
        "test_input_required_result_multi_round" => {
            word(&["step2", "content", "color"]).to_string()
        }
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state" => {
            if state == Some("asked") { "state-ok" } else { "state-lost" }.to_string()
        }
        _ => ["Hello, ", word(&["user_name", "content", "name"]), "!"].concat(),
    })
}

fn takes_forms(params: &Value) -> bool {
    let Some(Value::Array(can_ask)) = at(params, &["weft:input", "can_ask"]) else { return false };
    can_ask.contains(&Value::String("elicitation/create".to_string()))
}

fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    match at(value, path)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}
