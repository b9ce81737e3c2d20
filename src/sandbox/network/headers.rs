//! What a guest may say about its request: the method and the headers.

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

use super::RequestError;
use crate::contract::limits::KB;

/// The methods that are served; `CONNECT` and `TRACE` are for proxies.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// What the host says itself, and the hop-by-hop headers of RFC 9110, section 7.6.1. `proxy-*` is
/// refused beside them. Servers that hand headers on as variables take `_` for `-`, and so does this
/// list.
const HOST_ONLY: [&str; 11] = [
    "host",
    "content-length",
    "user-agent",
    "connection",
    // RFC 9110, section 10.1.1: the answer would be one that this client doesn't wait for.
    "expect",
    "keep-alive",
    "http2-settings",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of one request.
const MAX_HEADERS: usize = 64;
/// Names and values of all headers of one request.
const MAX_HEADERS_BYTES: usize = 32 * KB;

/// A method, in any case.
///
/// # Errors
///
/// `method not allowed`.
pub(super) fn method(text: &str) -> Result<Method, RequestError> {
    METHODS
        .into_iter()
        .find(|method| method.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| RequestError::Method { method: text.to_owned() })
}

/// Names that may be set, with values that are one line of ASCII. Secrets are still placeholders.
///
/// # Errors
///
/// `request headers too large`, `invalid header`, `header not allowed`.
pub(super) fn headers(
    asked: Vec<(String, String)>,
) -> Result<Vec<(HeaderName, String)>, RequestError> {
    let bytes: usize = asked.iter().map(|(name, value)| name.len() + value.len()).sum();
    if asked.len() > MAX_HEADERS || bytes > MAX_HEADERS_BYTES {
        return Err(RequestError::HeadersTooLarge);
    }
    asked
        .into_iter()
        .map(|(asked, value)| {
            let Ok(name) = HeaderName::from_bytes(asked.as_bytes()) else {
                return Err(RequestError::InvalidHeader { name: asked });
            };
            let spelled = name.as_str().replace('_', "-");
            if HOST_ONLY.contains(&spelled.as_str()) || spelled.starts_with("proxy-") {
                return Err(RequestError::HeaderNotAllowed { name: asked });
            }
            if header_value(&value).is_none() {
                return Err(RequestError::InvalidHeader { name: asked });
            }
            Ok((name, value))
        })
        .collect()
}

/// A value as it is sent: one line of ASCII. What lies beyond ASCII has no agreed meaning there
/// (RFC 9110, section 5.5), and a secret in it could come back in another encoding.
pub(super) fn header_value(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() { HeaderValue::from_str(text).ok() } else { None }
}
