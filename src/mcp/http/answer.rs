//! One message over HTTP: which era it is in, and whether its answer is a text or a stream of events.
//!
//! A legacy client can't be told from a modern one by its connection, so the era is decided for each
//! message. Nothing of a request is kept once it is answered.

use async_channel::Receiver;
use futures_lite::future::{or, pending};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode};
use smol::Timer;

use super::body::{EventStream, ResponseBody, event};
use super::guard::only;
use super::headers::{self, VERSION};
use super::listener::ClientStream;
use super::response::{HttpResponse, JSON, no_room, not_allowed, text};
use super::service::{Accepted, EVENTS, Endpoint, HeldBody, accepts};
use crate::contract::{BoxFuture, CancellationSource, HeldBytes};
use crate::mcp::client::{ClientHandle, HeldText};
use crate::mcp::discovery;
use crate::mcp::message::{Incoming, Malformed, Request, RpcError, code};
use crate::mcp::object::Object;
use crate::mcp::request_context::{Meta, RequestContext, request_context};
use crate::mcp::result::success;
use crate::mcp::revision::Revision;
use crate::task::contained;

/// Messages of one request that wait to be written. Every stream has room for so many; a sender then
/// waits for its client.
const EARLY: usize = 16;

impl Endpoint {
    /// Answers one message.
    ///
    /// A request is answered by its result or error, a notification by status 202 with no body
    /// (Streamable HTTP, Sending Messages), and what is no message by status 400. Dropping the future
    /// cancels what runs.
    pub(super) async fn take(
        &self,
        Parts { headers, extensions, .. }: &Parts,
        HeldBody { bytes, held }: HeldBody,
        accepted: Accepted,
    ) -> HttpResponse {
        let stream = extensions.get::<ClientStream>().cloned();
        match Incoming::read(bytes.into()) {
            Ok(Incoming::Request(request)) => match self.request_context(headers, &request) {
                Ok(None) => self.initialize(&request, accepted),
                Ok(Some(request_context)) => {
                    self.begin(request, held, request_context, accepted, stream).await
                }
                Err(error) => refused(&error, &request),
            },
            // A cancellation is the end of the connection; nothing else asks for anything.
            Ok(Incoming::Notification { .. } | Incoming::Response) => {
                let mut answer = Response::new(ResponseBody::Text(None));
                *answer.status_mut() = StatusCode::ACCEPTED;
                answer
            }
            Err(Malformed { id, error }) => {
                text(StatusCode::BAD_REQUEST, JSON, error.answer(id.as_ref()))
            }
        }
    }

    /// The era of a request; `None` for `initialize`, with which the legacy one begins.
    ///
    /// # Errors
    ///
    /// -32020 where the headers contradict the body, -32022 for a revision that is not served, and
    /// -32602 for a `_meta` that lacks something. All of them have status 400 (Streamable HTTP, Server
    /// Validation).
    fn request_context(
        &self,
        headers: &HeaderMap,
        request: &Request,
    ) -> Result<Option<RequestContext>, RpcError> {
        let meta = Meta::of(request)?;
        if &*request.method == "initialize" && meta.protocol_version.is_none() {
            return Ok(None);
        }
        headers::check_version(headers, meta.protocol_version.as_deref())?;
        let agreed = match only(headers, VERSION) {
            Some(name) => {
                Revision::named(name).ok_or_else(|| RpcError::unsupported_version(name))?
            }
            None => Revision::UNNAMED,
        };
        let request_context = request_context(request, meta, Some(agreed))?;
        if request_context.revision.is_modern() {
            headers::check_subject(headers, request)?;
            if let Some(parameters) = self.server().header_parameters(request) {
                headers::check_parameters(headers, &parameters, request)?;
            }
        }
        Ok(Some(request_context))
    }

    /// Answers `initialize`. Nothing is kept of it: each later request names its revision.
    fn initialize(&self, request: &Request, accepted: Accepted) -> HttpResponse {
        match discovery::agree(request) {
            Ok(agreed) => {
                let mut result = Object::new();
                discovery::initialize(&mut result, agreed);
                let mut answer = self.small(success(request, result), accepted);
                if let Some(session) = session_id() {
                    answer.headers_mut().insert("mcp-session-id", session);
                }
                answer
            }
            Err(error) => self.small(error.answer(Some(&request.id)), accepted),
        }
    }

    /// An answer that takes no room to speak of.
    fn small(&self, text: String, accepted: Accepted) -> HttpResponse {
        whole(StatusCode::OK, HeldText { text, held: self.budget().nothing() }, accepted)
    }

    /// Runs a request, and answers as its client takes it: with a text, or with a stream of events for
    /// a subscription and for a call with progress.
    ///
    /// The request holds its room in the budget until it is answered; then the answer does, until it is
    /// written. A panic costs this request alone.
    async fn begin(
        &self,
        request: Request,
        held: HeldBytes,
        request_context: RequestContext,
        accepted: Accepted,
        stream: Option<ClientStream>,
    ) -> HttpResponse {
        let modern = request_context.revision.is_modern();
        let asked = request.id.clone();
        let listens = modern && &*request.method == "subscriptions/listen";
        if listens && accepted == Accepted::Json {
            let problem = "a subscription is answered by a stream: accept text/event-stream";
            let answer = RpcError::invalid_request(problem).answer(Some(&request.id));
            return text(StatusCode::NOT_ACCEPTABLE, JSON, answer);
        }
        // A client that takes no stream gets nothing before a call ends.
        let streams = accepted != Accepted::Json
            && request_context.progress_token.is_some()
            && &*request.method == "tools/call";
        let (outbox, early) = async_channel::bounded(EARLY);
        let ends = CancellationSource::new();
        let budget = self.budget().clone();
        let client = ClientHandle { outbox, budget: budget.clone(), ends: ends.token(), caller: 0 };
        let server = self.server().clone();
        // There may be a thousand of these, so they hold no more than they need.
        if listens {
            let work = Box::pin(async move {
                Some(HeldText { text: server.subscribe(request, client).await, held })
            });
            return self.events(work, early, ends);
        }
        let id = request.id.clone();
        let answer: BoxFuture<'static, Result<HeldText, String>> = Box::pin(async move {
            let work =
                Box::pin(async move { server.answer(request, request_context, client).await });
            // Whoever sent it can't repair it, but must not wait for ever.
            let panicked = |_| RpcError::panicked().answer(Some(&id));
            let text = contained(work).await.unwrap_or_else(panicked);
            // The request is gone, and its room is the answer's.
            drop(held);
            let held =
                budget.hold(text.len()).ok_or_else(|| RpcError::no_room().answer(Some(&id)))?;
            Ok(HeldText { text, held })
        });
        if streams {
            let nothing = self.budget().nothing();
            let work = async move {
                let last = async {
                    Some(answer.await.unwrap_or_else(|text| HeldText { text, held: nothing }))
                };
                // Hyper looks for the client only as long as nothing came behind the request.
                let gone = async {
                    match stream {
                        Some(stream) => stream.gone().await,
                        None => pending().await,
                    }
                    None
                };
                or(last, gone).await
            };
            return self.events(Box::pin(work), early, ends);
        }
        let HeldText { text: answer, held } = match answer.await {
            Ok(answer) => answer,
            Err(error) => return no_room(error),
        };
        // These two errors have a status of their own (Streamable HTTP, Sending Messages to the Server).
        let status = match RpcError::code_of(&answer, &asked).filter(|_| modern) {
            Some(code::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
            Some(code::MISSING_CAPABILITY) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        whole(status, HeldText { text: answer, held }, accepted)
    }

    /// The stream that legacy clients get for a GET: which lists have changed.
    pub(super) fn changes(&self, headers: &HeaderMap) -> HttpResponse {
        let named = only(headers, VERSION).map(Revision::named);
        let legacy = match named {
            // A header that is repeated or malformed is no legacy client's.
            None => !headers.contains_key(VERSION),
            Some(revision) => revision.is_some_and(|revision| !revision.is_modern()),
        };
        if !legacy || !accepts(headers, EVENTS) {
            return not_allowed("POST");
        }
        let (outbox, early) = async_channel::bounded(EARLY);
        let ends = CancellationSource::new();
        let budget = self.budget().clone();
        let client = ClientHandle { outbox, budget, ends: ends.token(), caller: 0 };
        let server = self.server().clone();
        let known = server.offered();
        let work = Box::pin(async move {
            server.notify_lists(known, None, &client).await;
            None
        });
        self.events(work, early, ends)
    }

    /// The response for `work`, whose last message ends the stream; before it comes what arrives in
    /// `early`. The client cancels by closing the stream: hyper then drops the response's body, and
    /// `work` with it (Streamable HTTP, Cancellation).
    fn events(
        &self,
        work: BoxFuture<'static, Option<HeldText>>,
        early: Receiver<HeldText>,
        ends: CancellationSource,
    ) -> HttpResponse {
        let keep_alive = self.options().keep_alive;
        let events = EventStream {
            work: Some(work),
            early: Box::pin(early),
            keep_alive,
            timer: Timer::after(keep_alive),
            _ends: ends,
        };
        let mut answer = Response::new(ResponseBody::Events(Box::new(events)));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // A proxy that collects events would keep them from the client.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        answer
    }
}

/// A whole answer, as the client takes it.
fn whole(status: StatusCode, answer: HeldText, accepted: Accepted) -> HttpResponse {
    match accepted {
        Accepted::Both | Accepted::Json => text(status, JSON, answer),
        Accepted::Events => {
            let HeldText { text: answer, held } = answer;
            text(status, EVENTS, HeldText { text: event(&answer), held })
        }
    }
}

/// A name for the session that a legacy client begins, of visible ASCII as revision 2025-11-25 wants it
/// (Transports, Session Management). It is neither kept nor checked. Some clients
/// listen for changes only if they got one.
fn session_id() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::from_str(&format!("{:032x}", u128::from_be_bytes(bytes))).ok()
}

/// The answer to a request of unknown era, or with contradicting headers.
fn refused(error: &RpcError, request: &Request) -> HttpResponse {
    text(StatusCode::BAD_REQUEST, JSON, error.answer(Some(&request.id)))
}
