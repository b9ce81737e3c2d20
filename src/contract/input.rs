//! What a tool asks its caller for before it can go on, and what the caller says to it.
//!
//! No instance waits for the answer: the call ends with [`CallError::InputRequired`](super::CallError::InputRequired), and the caller calls
//! again with a [`CallerInput`]. A guest whose tool has `"asks_for_input": true` in its description says
//! it in JSON, under the reserved member [`INPUT_KEY`]. It asks with a result that has this member alone:
//!
//! ```json
//! { "weft:input": {
//!     "requests": { "seats": {
//!         "method": "elicitation/create",
//!         "params": { "message": "How many seats?", "requestedSchema": {
//!             "type": "object", "properties": { "count": { "type": "integer" } }, "required": ["count"] } } } },
//!     "state": "any text of at most 64 KB" } }
//! ```
//!
//! and finds the same member among its parameters, in every call: what its caller can be asked for, and
//! in the next call, whose other parameters are the same, the checked answers and its state:
//!
//! ```json
//! { "show": "Aida", "weft:input": {
//!     "can_ask": ["elicitation/create"],
//!     "responses": { "seats": { "action": "accept", "content": { "count": 2 } } },
//!     "state": "any text of at most 64 KB" } }
//! ```
//!
//! A caller can't write this member itself, and a tool without that word in its description can't ask.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::control_tokens::neutralise_value;
use super::object_reader::{ObjectReader, missing};
use super::{SortedMap, limits};

/// The member by which the host and a guest speak of input, in results and in parameters.
pub const INPUT_KEY: &str = "weft:input";

/// The method of a request that a person answers in a form.
pub(crate) const ELICITATION: &str = "elicitation/create";

/// A member of a request's parameters: its name, whether it has to be there, and what it is.
type MemberRule = (&'static str, bool, fn(&Value) -> bool);

/// What can be asked for: the method, and every member of its parameters.
const REQUESTS: [(&str, &[MemberRule]); 3] = [
    (
        ELICITATION,
        &[
            ("message", true, Value::is_string),
            ("requestedSchema", true, is_form),
            ("mode", false, |mode| mode == "form"),
        ],
    ),
    (
        "sampling/createMessage",
        &[
            ("messages", true, is_conversation),
            ("maxTokens", true, Value::is_u64),
            ("systemPrompt", false, Value::is_string),
            ("temperature", false, Value::is_number),
        ],
    ),
    ("roots/list", &[]),
];

/// What a tool asks its caller for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct InputRequired {
    requests: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

impl TryFrom<Value> for InputRequired {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let (requests, state) = unchecked(value)?;
        Self::new(requests, state)
    }
}

/// The requests and the state as they came.
fn unchecked(value: Value) -> Result<(Map<String, Value>, Option<String>), String> {
    let mut input = ObjectReader::new(value)?.without_nulls(&["state"]);
    let requests = input.object("requests")?.ok_or_else(|| missing("requests"))?;
    let state = input.text("state")?;
    input.end()?;
    Ok((requests, state))
}

/// What a caller says to what it was asked for, beside the parameters of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CallerInput {
    /// The methods of requests that the caller answers, as in [`InputRequired::requests`].
    pub can_ask: Vec<&'static str>,
    /// The answers to the requests of the call before, under the same names. Whoever calls checks them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responses: Option<Map<String, Value>>,
    /// The state that the call before gave. Whoever calls vouches that it is the one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl InputRequired {
    /// Requests, each under a name of the tool's choice, and a state that comes back with the answers.
    ///
    /// A request is one of MCP, `{"method": ..., "params": ...}`: `elicitation/create` in the form mode,
    /// `sampling/createMessage` with texts, or `roots/list`. Control tokens in their words are made
    /// harmless.
    ///
    /// # Errors
    ///
    /// A sentence on the first thing that is wrong with them, or over a limit.
    pub fn new(mut requests: Map<String, Value>, state: Option<String>) -> Result<Self, String> {
        if state.as_ref().is_some_and(|state| state.len() > limits::INPUT_STATE_BYTES) {
            return Err(format!("`state` is over {} bytes", limits::INPUT_STATE_BYTES));
        }
        if !(1..=limits::INPUT_REQUESTS).contains(&requests.len()) {
            return Err(format!("`requests` has to be 1 to {} requests", limits::INPUT_REQUESTS));
        }
        for (name, request) in &mut requests {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
                return Err("a request's name has to be 1 to 64 of A-Z a-z 0-9 _ - .".into());
            }
            check(request).map_err(|problem| format!("`requests.{name}` {problem}"))?;
            // A stranger wrote it, and people and models read it.
            neutralise_value(request);
        }
        let bytes = serde_json::to_string(&requests).map_or(usize::MAX, |text| text.len());
        if bytes > limits::INPUT_REQUESTS_BYTES {
            return Err(format!("`requests` are over {} bytes", limits::INPUT_REQUESTS_BYTES));
        }
        Ok(Self { requests, state })
    }

    /// The requests by name.
    #[must_use]
    pub fn requests(&self) -> &Map<String, Value> {
        &self.requests
    }

    /// The state that the tool gets back with the answers.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The method of every request.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.requests.values().filter_map(|request| request["method"].as_str())
    }

    /// The input that the plugin `owner` requests with a tool's result, if it requests any.
    ///
    /// # Errors
    ///
    /// What is wrong with the request.
    pub(crate) fn in_result(result: &str, owner: &str) -> Result<Option<Self>, String> {
        if !result.contains(INPUT_KEY) || !reserved(result).unwrap_or_default() {
            return Ok(None);
        }
        let result: Value = serde_json::from_str(result).map_err(|error| error.to_string())?;
        let mut result = ObjectReader::new(result)?;
        let input = result.value(INPUT_KEY).unwrap_or_default();
        result.end()?;
        let (mut requests, state) = unchecked(input)?;
        // A client knows only this server, and a person should know whose question it is.
        for request in requests.values_mut() {
            if let Some(Value::String(message)) = request.pointer_mut("/params/message") {
                message.insert_str(0, &format!("{owner} asks: "));
            }
        }
        Self::new(requests, state).map(Some)
    }
}

impl CallerInput {
    /// The parameters with this beside them.
    ///
    /// # Errors
    ///
    /// What is wrong with parameters that are no object, and with those that have it already.
    pub(crate) fn put_into(&self, params: &str) -> Result<String, String> {
        if reserved(params).map_err(|error| error.to_string())? {
            return Err(format!("`{INPUT_KEY}` is reserved for the host"));
        }
        let rest = params.trim_start().strip_prefix('{').unwrap_or_default();
        let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
        let input = serde_json::to_string(self).map_err(|error| error.to_string())?;
        Ok(format!("{{\"{INPUT_KEY}\":{input}{comma}{rest}"))
    }
}

/// Whether a JSON object has the reserved member, however it is written.
fn reserved(json: &str) -> serde_json::Result<bool> {
    let members: SortedMap<String, IgnoredAny> = serde_json::from_str(json)?;
    Ok(members.contains_key(INPUT_KEY))
}

/// What is wrong with a request, if anything is.
fn check(request: &Value) -> Result<(), String> {
    let method = request["method"].as_str().unwrap_or_default();
    let Some((_, members)) = REQUESTS.iter().find(|(known, _)| *known == method) else {
        let known = REQUESTS.map(|(known, _)| known).join("`, `");
        return Err(format!("has to have a `method` of `{known}`"));
    };
    let nothing = Map::new();
    let params = match &request["params"] {
        Value::Null => &nothing,
        params => params.as_object().ok_or("has `params` that are no object")?,
    };
    let known = |name: &str| members.iter().any(|(known, ..)| *known == name);
    if let Some(name) = params.keys().find(|name| !known(name)) {
        return Err(format!("has a `params.{name}`, which can't be asked for"));
    }
    if let Some(name) = request.as_object().and_then(|it| it.keys().nth(2)) {
        return Err(format!("has more than `method` and `params`: `{name}`"));
    }
    for (name, required, is_right) in *members {
        match params.get(*name) {
            Some(value) if is_right(value) => {}
            None if !required => {}
            Some(_) => return Err(format!("has a wrong `params.{name}`")),
            None => return Err(format!("lacks `params.{name}`")),
        }
    }
    Ok(())
}

/// A schema of one flat object, which clients make a form of.
fn is_form(schema: &Value) -> bool {
    let is_field = |field: &Value| match field["type"].as_str() {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => field["items"].is_object(),
        _ => false,
    };
    schema["type"] == "object"
        && schema["properties"].as_object().is_some_and(|fields| fields.values().all(is_field))
}

/// Messages of texts.
fn is_conversation(messages: &Value) -> bool {
    let is_text = |message: &Value| {
        (message["role"] == "user" || message["role"] == "assistant")
            && message["content"]["type"] == "text"
            && message["content"]["text"].is_string()
    };
    messages.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_text))
}
