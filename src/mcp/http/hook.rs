//! Webhooks: requests of third parties for a plugin, at `/hook/<id>`.
//!
//! They need no token of the server, since third parties have none: the plugin checks their own signature. So a hook is there
//! only if the operator has approved it, what the plugin sees holds nothing of the server's own authority, and what it
//! answers can't act as a page of this server.

use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};

use super::body::ResponseBody;
use super::response::{HttpResponse, text};
use super::service::{Endpoint, HOOKS, HeldBody, PLAIN, unread};
use crate::contract::{CallError, Exhausted, PluginError, limits, shown};
use crate::sandbox::{HookRefusal, WebResponse};
use crate::wasm::HookRequest;

/// Bytes of the headers of an answer.
const HEADER_BYTES: usize = 16 << 10;
/// Bytes of what is wrong with an answer that are logged.
const PROBLEM_BYTES: usize = 300;
/// How long to wait after too many requests, in seconds.
const LATER: &str = "60";

/// Headers that a plugin neither sees nor sets: they are about the connection.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that a plugin doesn't set: browsers apply them to the whole server, proxies obey them, or the server sets them
/// itself. Cookies are shared even by all servers of a host.
const OF_THE_SERVER: [&str; 18] = [
    "accept-ch",
    "activate-storage-access",
    "alt-svc",
    "clear-site-data",
    "content-length",
    "content-security-policy",
    "date",
    "nel",
    "origin-agent-cluster",
    "public-key-pins",
    "report-to",
    "service-worker-allowed",
    "set-cookie",
    "set-login",
    "strict-transport-security",
    "use-as-dictionary",
    "x-content-type-options",
    "x-reproxy-url",
];

/// The beginnings of further ones.
const FAMILIES_OF_THE_SERVER: [&str; 5] =
    ["access-control-", "mcp-", "x-accel-", "x-litespeed-", "x-sendfile"];

impl Endpoint {
    /// Answers a request for a plugin. Whether there is no such plugin, or it has no webhook, is not running or not
    /// approved, makes no difference to the answer.
    pub(super) async fn hook(&self, request: Request<Incoming>) -> HttpResponse {
        let (head, body) = request.into_parts();
        if ![Method::GET, Method::POST].contains(&head.method) {
            let mut answer =
                says(StatusCode::METHOD_NOT_ALLOWED, "this method is not for this path");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            return unread(answer);
        }
        let rest = head.uri.path().strip_prefix(HOOKS).unwrap_or_default();
        let (id, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let Some(hook) = self.server().host().webhook(id) else {
            return unread(says(StatusCode::NOT_FOUND, "there is nothing here"));
        };
        let query = head.uri.query().unwrap_or_default();
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let permit = match hook.admit(head.method.as_str(), &target) {
            Ok(permit) => permit,
            Err(refusal) => {
                let (status, when) = match refusal {
                    HookRefusal::TooMany => (StatusCode::TOO_MANY_REQUESTS, LATER),
                    HookRefusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, "1"),
                };
                return unread(later(status, when));
            }
        };
        let HeldBody { bytes, mut held } = match self.read(body, limits::HOOK_BYTES).await {
            Ok(body) => body,
            Err(status) => {
                let (rule, words) = match status {
                    StatusCode::PAYLOAD_TOO_LARGE => ("request body too large", "too large"),
                    StatusCode::SERVICE_UNAVAILABLE => ("no memory for the body", "no room now"),
                    StatusCode::REQUEST_TIMEOUT => ("the body took too long", "too slow"),
                    _ => ("the body broke off", "broken off"),
                };
                permit.close(Err(rule));
                return unread(says(status, words));
            }
        };
        let request = HookRequest {
            method: head.method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: self.seen(&head.headers),
            body: bytes,
        };
        let answer =
            hook.handle(request).await.map_err(|error| (status_of(&error), error.to_string()));
        let answer = answer.and_then(|WebResponse { status, headers, body }| {
            let room = held.resize(body.len());
            let headers = checked(status, headers)
                .map_err(|problem| (StatusCode::INTERNAL_SERVER_ERROR, problem))?;
            match room {
                true => Ok((headers, HeldBody { bytes: body, held })),
                false => Err((StatusCode::SERVICE_UNAVAILABLE, "no memory for the answer".into())),
            }
        });
        match answer {
            Ok((mut answer, body)) => {
                permit.close(Ok(body.bytes.len()));
                *answer.body_mut() = ResponseBody::text(Bytes::from_owner(body));
                answer
            }
            Err((status, problem)) => {
                // A sender may have chosen a part of the words.
                let logged = &problem[..problem.floor_char_boundary(PROBLEM_BYTES)];
                log::info!("plugin {id}: its webhook failed: {}", shown(logged));
                permit.close(Err(&problem));
                match status {
                    StatusCode::SERVICE_UNAVAILABLE => later(status, "1"),
                    StatusCode::GATEWAY_TIMEOUT => says(status, "the plugin took too long"),
                    _ => says(status, "the plugin failed"),
                }
            }
        }
    }

    /// The headers that a plugin sees: those of the request, without the connection's, and without any in which the
    /// token of this server is. Cookies are for other servers of this host, to which a browser has logged in. A value that
    /// is no UTF-8 is left out.
    fn seen(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let is_separator = |byte: &u8| byte.is_ascii_whitespace() || b",;\"'".contains(byte);
        let is_ours = |value: &[u8]| {
            let Some(token) = &self.options().token else { return false };
            value.split(is_separator).any(|word| {
                // A parameter has its value behind `=`, which a token may end with.
                let begin = word.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
                token.is(word) || token.is(&word[begin..])
            })
        };
        let connection = named_in_connection(headers);
        let seen = headers.iter().filter(|(name, value)| {
            let name = name.as_str();
            !HOP_BY_HOP.contains(&name)
                && name != "cookie"
                && !connection.iter().any(|other| other == name)
                && !is_ours(value.as_bytes())
        });
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        };
        seen.filter_map(text).collect()
    }
}

/// The headers that a request says are the connection's (RFC 9110, section 7.6.1).
fn named_in_connection(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("connection").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// A plugin's answer without its body.
///
/// # Errors
///
/// What a plugin may not say.
fn checked(status: u16, headers: Vec<(String, String)>) -> Result<HttpResponse, String> {
    let mut answer = Response::new(ResponseBody::Text(None));
    // Below 200 there is more to come.
    let valid = StatusCode::from_u16(status).ok().filter(|_| (200..600).contains(&status));
    *answer.status_mut() = valid.ok_or_else(|| format!("its answer has the status {status}"))?;
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADER_BYTES {
        return Err(format!(
            "the headers of its answer have {bytes} bytes, of at most {HEADER_BYTES}"
        ));
    }
    let all = answer.headers_mut();
    for (name, value) in headers {
        let invalid = || format!("its answer has a header that is none: `{}`", shown(&name));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        let value = HeaderValue::from_str(&value).map_err(|_| invalid())?;
        let known = header.as_str();
        if HOP_BY_HOP.contains(&known)
            || OF_THE_SERVER.contains(&known)
            || FAMILIES_OF_THE_SERVER.iter().any(|family| known.starts_with(family))
        {
            return Err(format!(
                "its answer has the header `{known}`, which is not a plugin's to set"
            ));
        }
        all.append(header, value);
    }
    // A page of this server could use its tools, so what a plugin answers is no page of it.
    all.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    all.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    all.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// The status for a plugin that gives no answer.
fn status_of(error: &PluginError) -> StatusCode {
    match error {
        PluginError::Call(CallError::Exhausted(Exhausted::Time { .. })) => {
            StatusCode::GATEWAY_TIMEOUT
        }
        PluginError::Cancelled
        | PluginError::Call(
            CallError::Cancelled
            | CallError::NotReady { .. }
            | CallError::NotLoaded(_)
            | CallError::Exhausted(Exhausted::MemoryBudget { .. }),
        ) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A status with a line for people.
fn says(status: StatusCode, words: &'static str) -> HttpResponse {
    text(status, PLAIN, format!("{words}\n"))
}

/// A status with the time after which to try again.
fn later(status: StatusCode, seconds: &'static str) -> HttpResponse {
    let mut answer = says(status, "try again later");
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(seconds));
    answer
}
