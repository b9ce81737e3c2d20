//! JSON-RPC 2.0 as MCP uses it: incoming messages are parsed once, outgoing ones are text.
//!
//! A message is read without copying more than its parameters, and a long one without copying those.
//! They stay the text they were, so that a tool's arguments can reach a guest as its caller wrote them.
//! Batches, which only revision 2025-03-26 has, are refused.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value, json};

use super::object::Object;
use super::revision::Revision;
use super::scan;
use crate::contract::{missing, sanitize_text};

/// The identity of a request, as its sender chose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum RequestId {
    /// A number without a fraction, as it was written.
    Integer(Number),
    /// A string.
    Text(Box<str>),
}

impl RequestId {
    /// The id of a request of which only the beginning is known, if it stands there.
    pub(super) fn near_start(begin: &[u8]) -> Option<Self> {
        serde_json::from_str(scan::id_near_start(begin)?).ok()
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Self::Text(text.into())),
            Value::Number(number) if number.is_i64() || number.is_u64() => {
                Ok(Self::Integer(number))
            }
            _ => Err(D::Error::custom("an id is a string or an integer")),
        }
    }
}

/// The token with which a client opts in to progress; echoed unchanged.
pub(super) type ProgressToken = RequestId;

/// A request that waits for an answer.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The id that the answer repeats.
    pub(super) id: RequestId,
    /// Which of the methods it asks for; not checked yet.
    pub(super) method: Box<str>,
    /// An object, or nothing.
    pub(super) params: Option<Params>,
}

/// The parameters of a message: the text of a JSON object. A long message is kept as it came, and they
/// are a part of it, because copies of it would cost more than the rest.
#[derive(Debug, Clone)]
pub(super) struct Params {
    /// The message, or the parameters alone where it was copied.
    message: String,
    /// Where the parameters are in it.
    at: Range<usize>,
}

impl Params {
    /// The parameters' text, from brace to brace.
    pub(super) fn get(&self) -> &str {
        &self.message[self.at.clone()]
    }

    /// A part of them alone, in the same memory.
    pub(super) fn into_part(self, part: Range<usize>) -> String {
        let Self { mut message, at } = self;
        message.truncate(at.start + part.end);
        message.drain(..at.start + part.start);
        message
    }
}

/// Where a part of a text stands in it.
pub(super) fn place(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    start..start + part.len()
}

impl Request {
    /// The values of these members of the parameters, as they are written; `null` is none. What is beside
    /// them and within them is passed over, so that long arguments are not read for a short name.
    ///
    /// # Errors
    ///
    /// -32602 for a member that is there twice, and for a name that is no text.
    pub(super) fn members<'a, const N: usize>(
        &'a self,
        names: [&str; N],
    ) -> Result<[Option<&'a str>; N], RpcError> {
        members_of(self.params.as_ref().map_or("{}", Params::get), names)
    }

    /// The same for members that are texts.
    ///
    /// # Errors
    ///
    /// Also -32602 for one that is no text.
    pub(super) fn texts<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[Option<String>; N], RpcError> {
        texts_of(self.params.as_ref().map_or("{}", Params::get), names)
    }
}

/// [`Request::members`] of another object.
///
/// # Errors
///
/// Also -32602 for what is no object.
pub(super) fn members_of<'a, const N: usize>(
    object: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], RpcError> {
    let mut values = [None; N];
    scan::members(object, &names, &mut values).map_err(RpcError::invalid_params)?;
    Ok(values)
}

/// [`Request::texts`] of another object.
///
/// # Errors
///
/// Also -32602 for what is no object.
pub(super) fn texts_of<const N: usize>(
    object: &str,
    names: [&str; N],
) -> Result<[Option<String>; N], RpcError> {
    let mut texts = [const { None }; N];
    read_texts(object, &names, &mut texts)?;
    Ok(texts)
}

/// The one copy of it for all numbers of names.
fn read_texts(object: &str, names: &[&str], texts: &mut [Option<String>]) -> Result<(), RpcError> {
    let mut values = vec![None; names.len()];
    scan::members(object, names, &mut values).map_err(RpcError::invalid_params)?;
    for ((name, json), text) in names.iter().zip(values).zip(texts) {
        *text = json.map(|json| text_of(name, json)).transpose()?;
    }
    Ok(())
}

/// The value of a text parameter.
///
/// # Errors
///
/// -32602 if it is none.
pub(super) fn text_of(name: &str, json: &str) -> Result<String, RpcError> {
    let text = scan::text(json).map(Cow::into_owned);
    text.ok_or_else(|| RpcError::invalid_params(format!("`{name}` is not a string")))
}

/// A parameter that has to be there.
///
/// # Errors
///
/// -32602 if it is not.
pub(super) fn required<T>(name: &str, parameter: Option<T>) -> Result<T, RpcError> {
    parameter.ok_or_else(|| RpcError::invalid_params(missing(name)))
}

/// A parameter as `T`.
///
/// # Errors
///
/// -32602, with what is wrong with it.
pub(super) fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, RpcError> {
    serde_json::from_str(json).map_err(|error| RpcError::invalid_params(error.to_string()))
}

/// One message from a client.
#[derive(Debug, Clone)]
pub(super) enum Incoming {
    /// A message with an id and a method.
    Request(Request),
    /// A message with a method and no id; it is never answered.
    Notification { method: Box<str>, params: Option<Params> },
    /// An answer. This server sends no requests, so it is ignored.
    Response,
}

/// An invalid message, with its id where it has one.
#[derive(Debug, Clone)]
pub(super) struct Malformed {
    pub(super) id: Option<RequestId>,
    pub(super) error: RpcError,
}

/// The members of a message that say what it is.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(default, borrow, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    /// Many clients write `null` where there are none.
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

/// The id, and the method with the place of its parameters.
type MessageParts = (Option<RequestId>, Option<(Box<str>, Option<Range<usize>>)>);

/// A member that is there, `null` included: an id of `null` is not an absent one.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

impl Incoming {
    /// Reads one message.
    ///
    /// # Errors
    ///
    /// -32700 for what is not JSON, -32600 for what is no message.
    pub(super) fn read(message: Cow<'_, [u8]>) -> Result<Self, Malformed> {
        let text = match message {
            Cow::Borrowed(message) => std::str::from_utf8(message).ok().map(Cow::Borrowed),
            Cow::Owned(message) => String::from_utf8(message).ok().map(Cow::Owned),
        };
        let Some(text) = text else {
            let error = RpcError::new(code::PARSE, "the message is not UTF-8");
            return Err(Malformed { id: None, error });
        };
        let (id, Some((method, at))) = Self::parts(&text)? else { return Ok(Self::Response) };
        let params = at.map(|at| match text {
            Cow::Borrowed(text) => Params { at: 0..at.len(), message: text[at].to_owned() },
            Cow::Owned(message) => Params { message, at },
        });
        Ok(match id {
            Some(id) => Self::Request(Request { id, method, params }),
            None => Self::Notification { method, params },
        })
    }

    /// The id, the method and where the parameters are; no method in an answer.
    fn parts(text: &str) -> Result<MessageParts, Malformed> {
        let nameless = |error| Malformed { id: None, error };
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
            // What is JSON and no such object is an invalid request, like a batch.
            let data = serde_json::from_str::<IgnoredAny>(text).is_ok();
            nameless(match data {
                true if text.trim_start().starts_with('[') => {
                    RpcError::invalid_request("batches are not supported; send single messages")
                }
                true => RpcError::invalid_request(error.to_string()),
                false => RpcError::new(code::PARSE, format!("the message is not JSON: {error}")),
            })
        })?;
        let id = envelope.id.map(|id| serde_json::from_str::<RequestId>(id.get()));
        let id = id.transpose().map_err(|_| {
            nameless(RpcError::invalid_request("`id` is neither a string nor an integer"))
        })?;
        let malformed =
            |id, problem: &str| Malformed { id, error: RpcError::invalid_request(problem) };
        if envelope.jsonrpc.as_deref() != Some("2.0") {
            return Err(malformed(id, "`jsonrpc` is not \"2.0\""));
        }
        let Some(method) = envelope.method else {
            return match envelope.result.is_some() || envelope.error.is_some() {
                true => Ok((id, None)),
                false => Err(malformed(id, "there is no `method`")),
            };
        };
        if envelope.params.is_some_and(|params| !params.get().starts_with('{')) {
            return Err(malformed(id, "`params` is not an object"));
        }
        let at = envelope.params.map(|params| place(text, params.get()));
        Ok((id, Some((method.into(), at))))
    }
}

/// The error codes of JSON-RPC, and those that MCP adds.
///
/// MCP has -32020 to -32099 for its own (2026-07-28, Overview, Error Codes).
pub(super) mod code {
    /// What came is not JSON.
    pub(in crate::mcp) const PARSE: i32 = -32700;
    /// It is JSON and no message, or one that can't be taken now.
    pub(in crate::mcp) const INVALID_REQUEST: i32 = -32600;
    /// The revision has no such method.
    pub(in crate::mcp) const METHOD_NOT_FOUND: i32 = -32601;
    /// The parameters are wrong, or name what isn't offered.
    pub(in crate::mcp) const INVALID_PARAMS: i32 = -32602;
    /// Only in the legacy era; the modern one uses [`INVALID_PARAMS`].
    pub(in crate::mcp) const RESOURCE_NOT_FOUND: i32 = -32002;
    /// The fault is the server's, or it has no room.
    pub(in crate::mcp) const INTERNAL: i32 = -32603;
    /// HTTP only: a header contradicts the body.
    #[cfg(feature = "serve")]
    pub(in crate::mcp) const HEADER_MISMATCH: i32 = -32020;
    /// The revision is not served; the error lists those that are.
    pub(in crate::mcp) const UNSUPPORTED_VERSION: i32 = -32022;
    /// The client can't be asked for what the call needs.
    pub(in crate::mcp) const MISSING_CAPABILITY: i32 = -32021;
}

/// The error of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct RpcError {
    /// One of [`code`].
    pub(super) code: i32,
    /// What happened, in a sentence for the author of the client; models read it too.
    pub(super) message: String,
    /// What a client can act on without reading the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Box<Value>>,
}

impl RpcError {
    /// An error without data.
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        // What strangers named may be in it, and models read errors.
        let message = sanitize_text(&message.into()).into_owned();
        Self { code, message, data: None }
    }

    /// -32600, with what is wrong with the message.
    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_REQUEST, message)
    }

    /// The server holds as much as it may.
    pub(super) fn no_room() -> Self {
        let message = "the server holds as much as it may for all its clients; send it again later";
        Self::new(code::INTERNAL, message)
    }

    /// The request made this program panic.
    pub(super) fn panicked() -> Self {
        Self::new(code::INTERNAL, "the request made this program panic; report it")
    }

    /// The program is replaced by another one that goes on with this client, and the request was not
    /// done in time.
    pub(super) fn given_up() -> Self {
        Self::new(code::INTERNAL, "the program restarts and could not do this; send it again")
    }

    /// -32602, with what is wrong with the parameters.
    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMS, message)
    }

    /// -32601. The transport over HTTP gives it status 404 in the modern era.
    pub(super) fn method_not_found(method: &str) -> Self {
        Self::new(code::METHOD_NOT_FOUND, format!("there is no method `{method}`"))
    }

    /// -32022: the client speaks a revision that is not served.
    pub(super) fn unsupported_version(requested: &str) -> Self {
        let supported: Vec<&str> = Revision::ALL.iter().map(|revision| revision.name()).collect();
        let data = json!({ "supported": supported, "requested": requested });
        let message = format!("protocol version {requested:?} is not supported");
        Self { data: Some(Box::new(data)), ..Self::new(code::UNSUPPORTED_VERSION, message) }
    }

    /// -32021: the tool asks for what the client has not declared.
    pub(super) fn missing_capabilities(capabilities: &Map<String, Value>, message: String) -> Self {
        let data = json!({ "requiredCapabilities": capabilities });
        Self::new(code::MISSING_CAPABILITY, message).with_data(data)
    }

    /// The same error with data.
    pub(super) fn with_data(self, data: Value) -> Self {
        Self { data: Some(Box::new(data)), ..self }
    }

    /// The code of the error with which `answer` answers the request `id`, if it is an error.
    ///
    /// Only the head of the message counts. What comes after it in a result is a guest's to write, and may look
    /// like an error.
    #[cfg(feature = "serve")]
    pub(super) fn code_of(answer: &str, id: &RequestId) -> Option<i32> {
        let mut head = Object::message();
        head.member("id", id).raw("error", "");
        let error = answer.strip_prefix(head.end().strip_suffix('}')?)?;
        let (code, _) = error.strip_prefix("{\"code\":")?.split_once(',')?;
        code.parse().ok()
    }

    /// The message that answers the request `id`; without one if it could not be read.
    pub(super) fn answer(&self, id: Option<&RequestId>) -> String {
        let mut message = Object::message();
        if let Some(id) = id {
            message.member("id", id);
        }
        message.member("error", self);
        message.end()
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.code)
    }
}

/// A notification, which has no answer.
pub(super) fn notification(method: &str, params: Option<&str>) -> String {
    let mut message = Object::message();
    message.member("method", method);
    if let Some(params) = params {
        message.raw("params", params);
    }
    message.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_the_message_start() {
        let id =
            |text: &str| RequestId::near_start(text.as_bytes()).map(|id| json!(id).to_string());
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"#, Some("7")),
            (r#" { "params" : {"id":1,"b":["]",{}]} , "id" : "a\"b" , "x":"#, Some(r#""a\"b""#)),
            (r#"{"method":"x","params":{"id":3,"text":"xxxx"#, None),
            (r#"{"id":12"#, None),
            (r#"{"id":1.5,"a":1}"#, None),
            (r#"["id",1]"#, None),
            ("", None),
        ] {
            assert_eq!(id(text).as_deref(), expected, "{text}");
        }
    }
}
