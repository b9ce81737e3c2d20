//! The text of an answer: kept no further than its limit, and without secrets.
//!
//! A long answer is read a little beyond its limit and redacted before it is cut, so that a secret across the
//! cut is recognized.

use std::str;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::LOCATION;
use hyper::{Response, StatusCode};

use super::RequestError;
use crate::contract::limits::{self, KB};
use crate::sandbox::redact::Redactor;
use crate::task::off_executor;

/// The part of a failed answer that the error repeats.
const MAX_STATUS_TEXT_BYTES: usize = KB;
/// A longer body is redacted off the executor, so that no neighbour waits for it.
const SHORT_BODY_BYTES: usize = 64 * KB;
/// The longest character of UTF-8. So much is read beyond a limit, because a cut character would look like
/// invalid UTF-8.
const LONGEST_CHARACTER_BYTES: usize = 4;

/// The body of a successful answer, cut past [`limits::HTTP_RESPONSE_BODY_BYTES`].
///
/// # Errors
///
/// `HTTP <status>` for every other answer, `response is not valid UTF-8`, `request failed`.
pub(super) async fn read(
    response: Response<Incoming>,
    redactor: Arc<Redactor>,
) -> Result<String, RequestError> {
    let (head, body) = response.into_parts();
    if head.status.is_success() {
        let limit = limits::HTTP_RESPONSE_BODY_BYTES;
        let bytes = read_beyond(body, limit, &redactor).await?;
        let is_short = bytes.len() <= SHORT_BODY_BYTES;
        let redact = move || Ok(redactor.cut(text(&bytes, limit)?, limit).0.into_owned());
        return if is_short { redact() } else { off_executor(redact).await };
    }
    let location = head.headers.get(LOCATION).filter(|_| head.status.is_redirection());
    match location {
        Some(location) => Err(status(head.status, location.as_bytes(), &redactor)),
        None => {
            let bytes = read_beyond(body, MAX_STATUS_TEXT_BYTES, &redactor).await?;
            Err(status(head.status, &bytes, &redactor))
        }
    }
}

/// The error for an answer other than success, with the beginning of its text.
fn status(status: StatusCode, bytes: &[u8], redactor: &Redactor) -> RequestError {
    let text = String::from_utf8_lossy(bytes);
    let text = redactor.cut(&text, MAX_STATUS_TEXT_BYTES).0.into_owned();
    RequestError::Status { status: status.as_u16(), text }
}

/// The first `limit` bytes, and as many more as redaction and the check of UTF-8 need.
async fn read_beyond(
    mut body: Incoming,
    limit: usize,
    redactor: &Redactor,
) -> Result<Vec<u8>, RequestError> {
    let limit = limit + redactor.longest_bytes() + LONGEST_CHARACTER_BYTES;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    let mut bytes = Vec::with_capacity(announced.min(limit));
    while let Some(frame) = body.frame().await {
        // A frame without data is a trailer.
        let Ok(data) = frame?.into_data() else { continue };
        bytes.extend_from_slice(&data[..data.len().min(limit - bytes.len())]);
        if bytes.len() == limit {
            break;
        }
    }
    Ok(bytes)
}

/// The text. Only the part that is kept must be valid.
fn text(bytes: &[u8], limit: usize) -> Result<&str, RequestError> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.valid_up_to() >= limit => {
            str::from_utf8(&bytes[..error.valid_up_to()]).map_err(|_| RequestError::NotUtf8)
        }
        Err(_) => Err(RequestError::NotUtf8),
    }
}
