//! The parts of a request that the guest may choose: the method and the headers.

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

/// The headers that the host sets itself, and the hop-by-hop headers of RFC 9110, section 7.6.1. `proxy-*` is
/// refused beside them. Servers that pass headers on as variables treat `_` as `-`, and so does this list.
const HOST_ONLY: [&str; 28] = [
    "host",
    "content-length",
    "user-agent",
    "connection",
    // RFC 9110, section 10.1.1: this client doesn't wait for the interim answer.
    "expect",
    "keep-alive",
    "http2-settings",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // A secret in an answer is recognized only if the answer comes whole and as it is.
    "accept-encoding",
    "accept-charset",
    "a-im",
    "available-dictionary",
    "dictionary-id",
    "range",
    "if-range",
    // Older names of these two, which Apache's server still knows.
    "request-range",
    "unless-modified-since",
    // A digest of an answer with a secret would let the guest verify guesses.
    "want-content-digest",
    "want-repr-digest",
    "want-unencoded-digest",
    "want-digest",
    // The handshake of a WebSocket. An extension could compress messages, and so hide a secret in them.
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
];

/// Headers of one request.
const MAX_HEADERS: usize = 64;
/// Names and values of all headers of one request, also once secrets have replaced their placeholders.
pub(super) const MAX_HEADERS_BYTES: usize = 32 * KB;

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

/// A value to send: one line of ASCII. Characters beyond ASCII have no agreed meaning there (RFC 9110,
/// section 5.5), and a server could return a secret with them in another encoding.
pub(super) fn header_value(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() { HeaderValue::from_str(text).ok() } else { None }
}
