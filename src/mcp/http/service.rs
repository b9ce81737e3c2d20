//! From a request to a response: the paths, who may ask, and what is read of the body.
//!
//! The checks come in the order of their cost: where a request comes from, its path, the token, the
//! content type, and only then the body.

use std::ascii;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCEPT, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, WWW_AUTHENTICATE,
};
use hyper::{HeaderMap, Method, Request, StatusCode};

use super::cors;
use super::guard::{self, Refusal};
use super::metadata;
use super::options::HttpOptions;
use super::response::{HttpResponse, JSON, no_room, not_allowed, problem_of, text};
use crate::contract::{ByteBudget, HeldBytes};
use crate::mcp::message::RpcError;
use crate::mcp::server::McpServer;
use crate::task::{SystemClock, within};

/// Where clients look for the authorization server (RFC 9728, section 3.1).
const METADATA: &str = "/.well-known/oauth-protected-resource";
/// The beginning of the paths of plugins.
pub(super) const HOOKS: &str = "/hook/";
/// The content type of a stream of events.
pub(super) const EVENTS: &str = "text/event-stream";
/// Refused requests that are logged as warnings.
const LOGGED_REFUSALS: u32 = 20;
/// The content type of what people read.
pub(super) const PLAIN: &str = "text/plain; charset=utf-8";

/// The types that a client takes for an answer.
///
/// Revision 2026-07-28 has clients accept both types (Streamable HTTP, Sending Messages); those that
/// accept one get that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Then the server chooses for each request.
    Both,
    /// Only whole answers: no progress and no subscriptions.
    Json,
    /// Only streams; a whole answer is a stream of one event.
    Events,
}

/// A request's body, and the room that it and what is read from it take.
pub(super) struct HeldBody {
    pub(super) bytes: Vec<u8>,
    pub(super) held: HeldBytes,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Answers the requests of all connections.
pub(super) struct Endpoint {
    server: McpServer,
    address: SocketAddr,
    options: HttpOptions,
    /// How many requests were refused for where they came from.
    refusals: AtomicU32,
    /// What all connections may hold together.
    budget: ByteBudget,
}

impl Endpoint {
    /// The endpoint of a server that listens on `address`.
    pub(super) fn new(server: McpServer, address: SocketAddr, options: HttpOptions) -> Self {
        let budget = ByteBudget::new("mcp", options.memory_bytes);
        Self { server, address, options, refusals: AtomicU32::new(0), budget }
    }

    /// The server that answers messages.
    pub(super) fn server(&self) -> &McpServer {
        &self.server
    }

    /// What the operator decided.
    pub(super) fn options(&self) -> &HttpOptions {
        &self.options
    }

    /// The room that all connections share. Other transports have their own.
    pub(super) fn budget(&self) -> &ByteBudget {
        &self.budget
    }

    /// The response to a request. It never fails: what is wrong becomes a status. Dropping the future
    /// cancels what runs.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> HttpResponse {
        if let Err(refusal) = guard::place(request.headers(), self.address, &self.options) {
            self.log_refusal(refusal, request.headers());
            return self.refused(refusal, request.headers());
        }
        // What plugins answer is no page's to read.
        if request.uri().path().starts_with(HOOKS) {
            return self.hook(request).await;
        }
        let Some(origin) = request.headers().get(ORIGIN).cloned() else {
            return self.route(request).await;
        };
        let mut answer = match cors::preflight(&request) {
            Some(answer) => answer,
            None => self.route(request).await,
        };
        cors::allow(&mut answer, origin);
        answer
    }

    /// Logs what the operator can configure if the request should be served. After [`LOGGED_REFUSALS`]
    /// it is logged at debug level, so that a stranger can't fill the log.
    fn log_refusal(&self, refusal: Refusal, headers: &HeaderMap) {
        let name = if refusal == Refusal::Host { HOST } else { ORIGIN };
        let value = headers.get(&name).map_or(&b"nothing"[..], HeaderValue::as_bytes);
        let value: String = value
            .iter()
            .take(100)
            .copied()
            .flat_map(ascii::escape_default)
            .map(char::from)
            .collect();
        let count = self.refusals.fetch_add(1, Ordering::Relaxed);
        let level = if count < LOGGED_REFUSALS { log::Level::Warn } else { log::Level::Debug };
        // A page from a file or a sandboxed frame names no place that could be allowed.
        let next_step = if refusal == Refusal::Origin && value == "null" {
            "serve the page that sent it from a host of its own"
        } else {
            "if it is one of this machine's names, add it to `mcp.allowed_hosts`"
        };
        log::log!(level, "mcp: refused a request with `{name}: {value}`; {next_step}");
    }

    /// Chooses by path and method. `/healthz` and the metadata come before the check of the token.
    async fn route(&self, request: Request<Incoming>) -> HttpResponse {
        let (path, method) = (request.uri().path(), request.method());
        match (path, method.as_str()) {
            ("/healthz", "GET" | "HEAD") => text(StatusCode::OK, PLAIN, "ok\n"),
            (METADATA | "/.well-known/oauth-protected-resource/mcp", "GET") => {
                self.metadata(request.headers())
            }
            ("/metrics" | "/mcp", _) => match guard::token(request.headers(), &self.options) {
                Ok(()) if path == "/mcp" => self.endpoint(request).await,
                Ok(()) if method == Method::GET => {
                    let metrics = metadata::metrics(&self.server);
                    text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics)
                }
                Ok(()) => not_allowed("GET"),
                Err(refusal) => self.refused(refusal, request.headers()),
            },
            ("/healthz", _) => not_allowed("GET, HEAD"),
            _ => text(StatusCode::NOT_FOUND, PLAIN, "the endpoint is /mcp\n"),
        }
    }

    /// The path `/mcp`.
    async fn endpoint(&self, request: Request<Incoming>) -> HttpResponse {
        match request.method().as_str() {
            "POST" => self.post(request).await,
            "GET" => self.changes(request.headers()),
            // No session is kept that a DELETE could end.
            _ => not_allowed("GET, POST"),
        }
    }

    /// Takes one message, if its type, size and time are within bounds.
    async fn post(&self, request: Request<Incoming>) -> HttpResponse {
        let (head, body) = request.into_parts();
        if !is_type(&head.headers, JSON) {
            let problem = "the Content-Type is not application/json";
            return problem_of(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem);
        }
        let accepted = match (accepts(&head.headers, JSON), accepts(&head.headers, EVENTS)) {
            (true, true) => Accepted::Both,
            (true, false) => Accepted::Json,
            (false, true) => Accepted::Events,
            (false, false) => {
                let problem = "the client has to accept application/json or text/event-stream";
                return problem_of(StatusCode::NOT_ACCEPTABLE, problem);
            }
        };
        match self.read(body, self.options.body_bytes).await {
            Ok(message) => self.take(&head, message, accepted).await,
            Err(StatusCode::SERVICE_UNAVAILABLE) => no_room(RpcError::no_room().answer(None)),
            Err(status) => {
                let problem = match status {
                    StatusCode::PAYLOAD_TOO_LARGE => {
                        format!("the body is over {} bytes", self.options.body_bytes)
                    }
                    StatusCode::REQUEST_TIMEOUT => "the body was too long on its way".into(),
                    _ => "the body broke off".into(),
                };
                unread(problem_of(status, &problem))
            }
        }
    }

    /// The whole body, which may neither be too long nor take too long. If there is no room, the body
    /// is read to its end and dropped, so that its sender gets to read the answer.
    pub(super) async fn read(
        &self,
        mut body: Incoming,
        limit: usize,
    ) -> Result<HeldBody, StatusCode> {
        let hint = body.size_hint();
        if hint.lower() > limit as u64 {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let reading = async {
            // Memory that is not written to costs nothing, so the whole length is reserved.
            let length = hint.exact().and_then(|length| usize::try_from(length).ok());
            let mut message = Vec::with_capacity(length.unwrap_or_default());
            let (mut held, mut count, mut has_room) = (self.budget.nothing(), 0, true);
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
                let Ok(data) = frame.into_data() else { continue };
                count += data.len();
                if count > limit {
                    return Err(StatusCode::PAYLOAD_TOO_LARGE);
                }
                if has_room && !held.resize(count) {
                    (message, held, has_room) = (Vec::new(), self.budget.nothing(), false);
                }
                if has_room {
                    message.extend_from_slice(&data);
                }
            }
            match has_room {
                true => Ok(HeldBody { bytes: message, held }),
                false => Err(StatusCode::SERVICE_UNAVAILABLE),
            }
        };
        let read = within(&SystemClock, self.options.write_timeout, reading).await;
        read.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
    }

    /// The answer at the path of the metadata; 404 where no authorization server is configured.
    fn metadata(&self, headers: &HeaderMap) -> HttpResponse {
        match &self.options.authorization_server {
            Some(server) => {
                text(StatusCode::OK, JSON, metadata::resource(&self.base(headers), server))
            }
            None => text(StatusCode::NOT_FOUND, PLAIN, "no server of tokens is configured\n"),
        }
    }

    /// The URL under which the client has reached this server. Behind a proxy with TLS it is named
    /// among the allowed hosts.
    fn base(&self, headers: &HeaderMap) -> String {
        let host = guard::only(headers, HOST.as_str()).unwrap_or_default();
        let name = guard::host_of(host).unwrap_or_default();
        let scheme = if self.options.allowed_hosts.contains(&name) { "https" } else { "http" };
        format!("{scheme}://{host}")
    }

    /// The response to a request that is not let in. With 401 comes where tokens are to be had, if the
    /// operator said so (RFC 9728, section 5.1).
    fn refused(&self, refusal: Refusal, headers: &HeaderMap) -> HttpResponse {
        let mut answer = problem_of(refusal.status(), refusal.message());
        if refusal == Refusal::Token {
            let metadata = self.options.authorization_server.is_some();
            let mut challenge = "Bearer".to_owned();
            if metadata {
                let url = format!("{}{METADATA}/mcp", self.base(headers));
                challenge = format!("Bearer resource_metadata=\"{url}\"");
            }
            // The Host header is visible ASCII, or it would have been refused.
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
        }
        answer
    }
}

/// The answer to a request whose body is not read to its end.
pub(super) fn unread(mut answer: HttpResponse) -> HttpResponse {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Whether the body has this content type.
fn is_type(headers: &HeaderMap, kind: &str) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value.split(';').next().is_some_and(|named| named.trim().eq_ignore_ascii_case(kind))
    })
}

/// Whether the client takes this type; one that doesn't say takes any.
pub(super) fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let family = kind.split('/').next().unwrap_or(kind);
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    values.peek().is_none()
        || values.filter_map(|value| value.to_str().ok()).any(|value| {
            value.split(',').filter_map(|part| part.split(';').next()).any(|named| {
                let named = named.trim().to_ascii_lowercase();
                named == kind || named == "*/*" || named == format!("{family}/*")
            })
        })
}
