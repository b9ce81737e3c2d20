//! Responses that are a short text.

use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::body::ResponseBody;
use crate::mcp::message::RpcError;

/// The content type of every message, in both directions.
pub(super) const JSON: &str = "application/json";

/// What every path answers with.
pub(super) type HttpResponse = Response<ResponseBody>;

/// A response that is a text.
///
/// Nothing is stored by caches on the way: a result is for the client that asked.
pub(super) fn text(
    status: StatusCode,
    kind: &'static str,
    text: impl Into<hyper::body::Bytes>,
) -> HttpResponse {
    let mut answer = Response::new(ResponseBody::text(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The response to an invalid body: a JSON-RPC error without an id.
pub(super) fn problem_of(status: StatusCode, problem: &str) -> HttpResponse {
    text(status, JSON, RpcError::invalid_request(problem).answer(None))
}

/// The response to a request for which there is no memory.
///
/// With `Retry-After`, as the room is given back when other requests have been answered.
pub(super) fn no_room(error: String) -> HttpResponse {
    let mut answer = text(StatusCode::SERVICE_UNAVAILABLE, JSON, error);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

/// Status 405, with the methods that the path has (RFC 9110, section 15.5.6).
pub(super) fn not_allowed(methods: &'static str) -> HttpResponse {
    let mut answer = problem_of(StatusCode::METHOD_NOT_ALLOWED, "this method is not for this path");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}
