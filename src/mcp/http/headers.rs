//! Headers of a modern request that repeat its body: they have to agree with it.
//!
//! Gateways route and filter by headers without reading bodies, so a header that differs from the body
//! would pass a request by their rules. Both have to agree (2026-07-28, Streamable HTTP, Server
//! Validation), or the request is refused with status 400 and -32020. Legacy clients send only the
//! version.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use hyper::HeaderMap;
use serde_json::Value;

use super::guard::only;
use crate::mcp::catalog::HeaderParameter;
use crate::mcp::message::{Request, RpcError, code, read};
use crate::mcp::scan;

/// The revision that a request is in. Since 2025-06-18.
pub(super) const VERSION: &str = "mcp-protocol-version";
/// The method of the body, for every modern request.
const METHOD: &str = "mcp-method";
/// What the method is about: a name or a URI.
const NAME: &str = "mcp-name";

/// The methods whose subject is in `Mcp-Name`, and what it is called in their parameters.
const NAMED: [(&str, &str); 3] =
    [("tools/call", "name"), ("prompts/get", "name"), ("resources/read", "uri")];

/// Checks `MCP-Protocol-Version` against what the body declares, where it declares anything.
///
/// # Errors
///
/// -32020.
pub(super) fn check_version(headers: &HeaderMap, declared: Option<&str>) -> Result<(), RpcError> {
    match declared {
        None => Ok(()),
        Some(declared) => same("MCP-Protocol-Version", only(headers, VERSION), declared),
    }
}

/// Checks `Mcp-Method` and `Mcp-Name` against the body.
///
/// # Errors
///
/// -32020.
pub(super) fn check_subject(headers: &HeaderMap, request: &Request) -> Result<(), RpcError> {
    same("Mcp-Method", only(headers, METHOD), &request.method)?;
    let Some((_, member)) = NAMED.iter().find(|(method, _)| *method == &*request.method) else {
        return Ok(());
    };
    // A request without it, or with two, is refused, whatever its header is.
    let Ok([Some(name)]) = request.members([member]) else { return Ok(()) };
    let Some(name) = scan::text(name) else { return Ok(()) };
    let header = only(headers, NAME).and_then(decoded);
    same("Mcp-Name", header.as_deref(), &name)
}

/// Checks the headers that a tool's schema asks for (`x-mcp-header`) against its arguments.
///
/// # Errors
///
/// -32020.
pub(super) fn check_parameters(
    headers: &HeaderMap,
    parameters: &[HeaderParameter],
    request: &Request,
) -> Result<(), RpcError> {
    if parameters.is_empty() {
        return Ok(());
    }
    let [arguments] = request.members(["arguments"])?;
    let arguments: Value = arguments.map_or_else(|| Ok(Value::Null), read)?;
    for HeaderParameter { header, path } in parameters {
        let value = path.iter().try_fold(&arguments, |value, name| value.get(name));
        let raw = only(headers, header);
        match (value.filter(|value| !value.is_null()), raw) {
            (None, None) => {}
            (None, Some(_)) => {
                return Err(mismatch(format!("there is a header {header} and no such argument")));
            }
            (Some(value), raw) => {
                let shown = raw.and_then(decoded);
                // An integer may be written as 1.0 in one of the two places.
                let number = |text: &str| text.parse::<f64>().ok();
                let equal = match (value, shown.as_deref()) {
                    (Value::String(text), Some(shown)) => text == shown,
                    (Value::Number(value), Some(shown)) => value.as_f64() == number(shown),
                    (Value::Bool(flag), Some(shown)) => flag.to_string() == shown,
                    _ => false,
                };
                if !equal {
                    let message = format!("header {header} is not what the argument says");
                    return Err(mismatch(message));
                }
            }
        }
    }
    Ok(())
}

/// Compares one header with what the body says.
fn same(name: &str, header: Option<&str>, body: &str) -> Result<(), RpcError> {
    match header {
        Some(header) if header == body => Ok(()),
        Some(_) => Err(mismatch(format!("header {name} is not what the body says"))),
        None => Err(mismatch(format!("header {name} is missing, repeated or malformed"))),
    }
}

/// The error -32020.
fn mismatch(message: String) -> RpcError {
    RpcError::new(code::HEADER_MISMATCH, message)
}

/// A value that may be written as `=?base64?...?=`.
///
/// Header values are ASCII, so clients write other text that way (Streamable HTTP, Value Encoding).
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let encoded = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    match encoded {
        None => Some(value.into()),
        Some(encoded) => {
            let bytes = Base64::decode_vec(encoded).ok()?;
            Some(String::from_utf8(bytes).ok()?.into())
        }
    }
}
