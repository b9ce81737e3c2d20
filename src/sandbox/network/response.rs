//! An answer as the guest gets it: cut at its limit, and without secrets.
//!
//! A long answer is read a little beyond its limit and redacted before it is cut, so that a secret across the
//! cut is recognized.

use std::str;
#[cfg(feature = "websocket")]
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::LOCATION;
use hyper::http::response::Parts;

use super::RequestError;
use super::answer::{AnswerBody, ReceivedAnswer};
use super::stream::BodyStream;
use crate::contract::limits::{self, KB};
use crate::sandbox::WebResponse;
#[cfg(feature = "websocket")]
use crate::sandbox::WebSocketMessage;
use crate::sandbox::redact::Redactor;
use crate::task::off_executor;

/// The part of a failed answer that the error repeats.
const MAX_STATUS_TEXT_BYTES: usize = KB;
/// A longer body is redacted off the executor, so that no neighbour waits for it.
const SHORT_BODY_BYTES: usize = 64 * KB;
/// The headers with a digest of the body, by which a guest could verify guesses of a secret in it.
const DIGESTS: [&str; 5] =
    ["content-digest", "content-md5", "digest", "repr-digest", "unencoded-digest"];
/// The longest character of UTF-8. So much is read beyond a limit, because a cut character would look like
/// invalid UTF-8.
const LONGEST_CHARACTER_BYTES: usize = 4;

/// Status and headers of an answer.
pub(super) struct ResponseHead {
    pub(super) status: u16,
    /// Names in lower case, and values. What is not UTF-8 is replaced.
    pub(super) headers: Vec<(String, String)>,
}

/// The body of a successful answer as text, cut past [`limits::HTTP_RESPONSE_BODY_BYTES`].
///
/// # Errors
///
/// `HTTP <status>` for every other answer, `response is not valid UTF-8`, `request failed`.
pub(super) async fn text(answer: ReceivedAnswer) -> Result<String, RequestError> {
    let ReceivedAnswer { head, mut body, redactor } = answer;
    if head.status.is_success() {
        let limit = limits::HTTP_RESPONSE_BODY_BYTES;
        let bytes = read_beyond(&mut body, limit, &redactor).await?;
        let is_short = bytes.len() <= SHORT_BODY_BYTES;
        let redact = move || Ok(redactor.cut(as_text(&bytes, limit)?, limit).0.into_owned());
        return if is_short { redact() } else { off_executor(redact).await };
    }
    Err(failure(ReceivedAnswer { head, body, redactor }).await)
}

/// The error for an answer that is not the one that was asked for, with the target of its redirection or the
/// beginning of its body.
pub(super) async fn failure(answer: ReceivedAnswer) -> RequestError {
    let ReceivedAnswer { head, mut body, redactor } = answer;
    let location = head.headers.get(LOCATION).filter(|_| head.status.is_redirection());
    match location {
        Some(location) => status(head.status, location.as_bytes(), &redactor),
        None => match read_beyond(&mut body, MAX_STATUS_TEXT_BYTES, &redactor).await {
            Ok(bytes) => status(head.status, &bytes, &redactor),
            Err(error) => error,
        },
    }
}

/// The message of a WebSocket as the guest gets it: without secrets, and no longer than
/// [`limits::WEBSOCKET_MESSAGE_BYTES`].
#[cfg(feature = "websocket")]
pub(super) async fn message(
    message: WebSocketMessage,
    redactor: Arc<Redactor>,
) -> WebSocketMessage {
    if redactor.is_empty() {
        return message;
    }
    let (limit, is_short) = (limits::WEBSOCKET_MESSAGE_BYTES, message.bytes() <= SHORT_BODY_BYTES);
    let redact = move || match message {
        WebSocketMessage::Text(text) => {
            WebSocketMessage::Text(redactor.cut(&text, limit).0.into_owned())
        }
        WebSocketMessage::Binary(bytes) => {
            WebSocketMessage::Binary(redactor.cut_bytes(&bytes, limit))
        }
    };
    if is_short { redact() } else { off_executor(redact).await }
}

/// An answer of any status with its body, cut past [`limits::HTTP_RESPONSE_BODY_BYTES`].
///
/// # Errors
///
/// `request failed`.
pub(super) async fn whole(answer: ReceivedAnswer) -> Result<WebResponse, RequestError> {
    let ReceivedAnswer { head, mut body, redactor } = answer;
    let ResponseHead { status, headers } = redacted(&head, &redactor);
    let limit = limits::HTTP_RESPONSE_BODY_BYTES;
    let bytes = read_beyond(&mut body, limit, &redactor).await?;
    let is_short = bytes.len() <= SHORT_BODY_BYTES;
    let redact = move || redactor.cut_bytes(&bytes, limit);
    let body = if is_short { redact() } else { off_executor(redact).await };
    Ok(WebResponse { status, headers, body })
}

/// An answer of any status with its body to come.
pub(super) fn streamed(answer: ReceivedAnswer) -> (ResponseHead, BodyStream) {
    let ReceivedAnswer { head, body, redactor } = answer;
    (redacted(&head, &redactor), BodyStream::new(body, redactor))
}

/// The head without secrets. If there are some, digests are left out.
fn redacted(head: &Parts, redactor: &Redactor) -> ResponseHead {
    let redact = |bytes: &[u8]| redactor.redact(&String::from_utf8_lossy(bytes)).into_owned();
    let headers = head.headers.iter();
    let headers =
        headers.filter(|(name, _)| redactor.is_empty() || !DIGESTS.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| (redact(name.as_str().as_bytes()), redact(value.as_bytes())));
    ResponseHead { status: head.status.as_u16(), headers: headers.collect() }
}

/// The error for an answer other than success, with the beginning of its text.
fn status(status: StatusCode, bytes: &[u8], redactor: &Redactor) -> RequestError {
    let text = String::from_utf8_lossy(bytes);
    let text = redactor.cut(&text, MAX_STATUS_TEXT_BYTES).0.into_owned();
    RequestError::Status { status: status.as_u16(), text }
}

/// The first `limit` bytes, and as many more as redaction and the check of UTF-8 need.
async fn read_beyond(
    body: &mut AnswerBody,
    limit: usize,
    redactor: &Redactor,
) -> Result<Vec<u8>, RequestError> {
    let limit = limit + redactor.longest_bytes() + LONGEST_CHARACTER_BYTES;
    let announced = usize::try_from(body.announced_bytes()).unwrap_or(limit);
    let mut bytes = Vec::with_capacity(announced.min(limit));
    while let Some(data) = body.next().await? {
        bytes.extend_from_slice(&data[..data.len().min(limit - bytes.len())]);
        if bytes.len() == limit {
            break;
        }
    }
    Ok(bytes)
}

/// The text. Only the part that is kept must be valid.
fn as_text(bytes: &[u8], limit: usize) -> Result<&str, RequestError> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.valid_up_to() >= limit => {
            str::from_utf8(&bytes[..error.valid_up_to()]).map_err(|_| RequestError::NotUtf8)
        }
        Err(_) => Err(RequestError::NotUtf8),
    }
}
