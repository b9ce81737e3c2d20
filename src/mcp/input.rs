//! What a client is asked for, and whether its answers are of that kind.
//!
//! An answer comes from a person or a model by way of the client. A form is checked against its schema
//! before the guest sees it; one that was declined has no content.

use serde_json::{Map, Value, json};

use super::message::RpcError;
use super::object::Object;
use super::result::begin_modern;
use crate::contract::{ELICITATION, limits};
use crate::schema::{Schema, SchemaPolicy};
use crate::task::off_executor;

/// Makes `result` one that asks.
pub(super) fn write_requests(result: &mut Object, requests: &Map<String, Value>) {
    *result = begin_modern("input_required", "");
    result.member("inputRequests", requests);
}

/// The client's responses to requests.
///
/// # Errors
///
/// -32602 for what is no object of answers, or too long.
pub(super) fn responses(text: Option<&str>) -> Result<Option<Map<String, Value>>, RpcError> {
    let Some(text) = text else { return Ok(None) };
    let limit = limits::INPUT_RESPONSES_BYTES;
    if text.len() > limit {
        return Err(RpcError::invalid_params(format!("`inputResponses` is over {limit} bytes")));
    }
    serde_json::from_str(text)
        .map_err(|error| RpcError::invalid_params(format!("`inputResponses`: {error}")))
}

/// The answers to all requests and nothing else, or `None` where one is missing.
///
/// # Errors
///
/// -32602 for an answer that is not what was asked for.
pub(super) async fn answers(
    requests: &Map<String, Value>,
    mut given: Map<String, Value>,
) -> Result<Option<Map<String, Value>>, RpcError> {
    let requests = requests.clone();
    off_executor(move || {
        let mut all = Map::new();
        for (name, request) in &requests {
            if let Some(answer) = given.remove(name) {
                all.insert(name.clone(), checked(name, request, answer)?);
            }
        }
        Ok((all.len() == requests.len()).then_some(all))
    })
    .await
}

/// The answer to one request, as far as it is one.
///
/// # Errors
///
/// -32602, with what is wrong with it.
pub(super) fn checked(name: &str, request: &Value, answer: Value) -> Result<Value, RpcError> {
    let wrong = |problem: &str| {
        RpcError::invalid_params(format!("`inputResponses.{name}` is no answer: {problem}"))
    };
    match request["method"].as_str() {
        Some(ELICITATION) => match answer["action"].as_str() {
            Some("accept") => {
                let content = &answer["content"];
                let form = form(request).map_err(|problem| wrong(&problem))?;
                if let Some(Err(violations)) = form.map(|form| form.validate(content)) {
                    let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
                    return Err(wrong(&list.join("\n")));
                }
                Ok(json!({ "action": "accept", "content": content }))
            }
            Some(action @ ("decline" | "cancel")) => Ok(json!({ "action": action })),
            _ => Err(wrong("`action` is neither `accept`, `decline` nor `cancel`")),
        },
        Some("roots/list") if !answer["roots"].is_array() => Err(wrong("it has no `roots`")),
        Some("sampling/createMessage") if answer["content"].is_null() => {
            Err(wrong("it has no `content`"))
        }
        _ => Ok(answer),
    }
}

/// The schema of the form that a request asks to fill in, where it asks for that.
///
/// # Errors
///
/// The tool's schema can't be compiled; the sentence is for its author.
pub(super) fn form(request: &Value) -> Result<Option<Schema>, String> {
    let schema = request.pointer("/params/requestedSchema");
    let compiled = schema.map(|schema| Schema::compile(schema, SchemaPolicy::Lenient));
    compiled.transpose().map_err(|error| error.to_string())
}

/// The capability of a client that answers such requests.
///
/// It is named like the part of the method before the slash (2026-07-28, Multi Round-Trip Requests).
pub(super) fn capability(method: &str) -> String {
    method.split('/').next().unwrap_or(method).to_owned()
}
