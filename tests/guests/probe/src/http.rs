//! Requests: through the function of the host, and through the door `http`.

use serde_json::{Value, json};

use crate::host;
use crate::weft::host::http as door;
use crate::{number, text};

/// Method, headers and body of a request.
struct Request<'a> {
    method: &'a str,
    url: &'a str,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    /// A `body` is text or a list of bytes; `size` stands for one of that many.
    fn of(params: &'a Value) -> Result<Self, String> {
        let headers = headers(params)?;
        let body = match params.get("body") {
            Some(Value::String(text)) => Some(text.as_bytes().to_vec()),
            Some(Value::Array(bytes)) => {
                Some(bytes.iter().map(|byte| byte.as_u64().unwrap_or_default() as u8).collect())
            }
            _ if params.get("size").is_some() => Some(vec![b'x'; number(params, "size")?]),
            _ => None,
        };
        let method = params.get("method").and_then(Value::as_str).unwrap_or("GET");
        Ok(Self { method, url: text(params, "url")?, headers, body })
    }
}

/// The pairs in `headers`.
pub(crate) fn headers(params: &Value) -> Result<Vec<(String, String)>, String> {
    let mut headers = Vec::new();
    for header in params.get("headers").and_then(Value::as_array).into_iter().flatten() {
        let side = |at: usize| header.get(at).and_then(Value::as_str);
        let pair = side(0).zip(side(1)).ok_or("a header must be a pair of strings")?;
        headers.push((pair.0.to_string(), pair.1.to_string()));
    }
    Ok(headers)
}

pub(crate) fn request(params: &Value) -> Result<Value, String> {
    let Request { method, url, headers, body } = Request::of(params)?;
    let body = body.map(String::from_utf8).transpose().map_err(|error| error.to_string())?;
    Ok(json!({ "body": host::http_request(method, url, &headers, body.as_deref())? }))
}

pub(crate) fn fetch(params: &Value) -> Result<Value, String> {
    let Request { method, url, headers, body } = Request::of(params)?;
    let door::Response { status, headers, body } =
        door::request(method, url, &headers, body.as_deref())?;
    Ok(json!({ "status": status, "headers": headers, "body": shown(body) }))
}

pub(crate) fn open(params: &Value) -> Result<Value, String> {
    let Request { method, url, headers, body } = Request::of(params)?;
    let door::Head { stream, status, headers } =
        door::open(method, url, &headers, body.as_deref())?;
    Ok(json!({ "stream": stream, "status": status, "headers": headers }))
}

pub(crate) fn next(params: &Value) -> Result<Value, String> {
    Ok(json!({ "body": door::read(stream(params)?)?.map(shown) }))
}

pub(crate) fn drain(params: &Value) -> Result<Value, String> {
    let (mut bytes, mut longest) = (0, 0);
    while let Some(part) = door::read(stream(params)?)? {
        bytes += part.len();
        longest = longest.max(part.len());
    }
    Ok(json!({ "bytes": bytes, "longest": longest }))
}

pub(crate) fn close(params: &Value) -> Result<Value, String> {
    door::close(stream(params)?);
    Ok(json!({}))
}

fn stream(params: &Value) -> Result<u32, String> {
    number(params, "stream").map(|number| number as u32)
}

/// Text as text, other bytes as a list.
fn shown(body: Vec<u8>) -> Value {
    match String::from_utf8(body) {
        Ok(text) => text.into(),
        Err(error) => error.into_bytes().into(),
    }
}
