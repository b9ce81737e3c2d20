//! The headers that a browser needs before a page of an allowed origin may send requests (CORS,
//! the Fetch standard). Other origins never get here.
//!
//! The protocol says nothing of CORS; without these headers clients that run in a browser could not use
//! any server.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, VARY,
};
use hyper::{Method, Request, Response, StatusCode};

use super::body::ResponseBody;
use super::response::HttpResponse;

/// The headers that clients send, where a page does not say which.
const HEADERS: &str = "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id";

/// The answer to a preflight request; `None` for any other.
///
/// A browser sends no token with it, so it is answered before tokens are checked. Its answer allows
/// nothing by itself: the request that follows is checked like any other.
pub(super) fn preflight<B>(request: &Request<B>) -> Option<HttpResponse> {
    let asks = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() != Method::OPTIONS || !asks {
        return None;
    }
    let mut answer = Response::new(ResponseBody::Text(None));
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
    // A tool may have headers of its own, so they are those that are asked for.
    let wanted = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let wanted = wanted.unwrap_or(HeaderValue::from_static(HEADERS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(answer)
}

/// Lets a page of this origin read the answer.
pub(super) fn allow(answer: &mut HttpResponse, origin: HeaderValue) {
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let exposed = HeaderValue::from_static("mcp-session-id, www-authenticate");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    headers.insert(VARY, HeaderValue::from_static("Origin"));
}
