//! An answer as text: read no further than its limit, and without secrets.
//!
//! What is cut is redacted first, and read a little further for that: a secret that lies across the
//! cut is recognized whole.

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

/// As much of a failed answer as the error repeats.
const MAX_STATUS_TEXT_BYTES: usize = KB;
/// A longer body is redacted off the executor, so that no neighbour waits for it.
const SHORT_BODY_BYTES: usize = 64 * KB;
/// The longest character of UTF-8: read beyond a limit, so that a cut in it is not taken for one
/// that is invalid.
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
        let bytes = collect(body, limit, &redactor).await?;
        let is_short = bytes.len() <= SHORT_BODY_BYTES;
        let redact = move || Ok(redactor.cut(text(&bytes, limit)?, limit).0.into_owned());
        return if is_short { redact() } else { off_executor(redact).await };
    }
    let location = head.headers.get(LOCATION).filter(|_| head.status.is_redirection());
    match location {
        Some(location) => Err(status(head.status, location.as_bytes(), &redactor)),
        None => {
            let bytes = collect(body, MAX_STATUS_TEXT_BYTES, &redactor).await?;
            Err(status(head.status, &bytes, &redactor))
        }
    }
}

fn status(status: StatusCode, bytes: &[u8], redactor: &Redactor) -> RequestError {
    let text = String::from_utf8_lossy(bytes);
    let text = redactor.cut(&text, MAX_STATUS_TEXT_BYTES).0.into_owned();
    RequestError::Status { status: status.as_u16(), text }
}

/// The first `limit` bytes, and what follows as far as it may tell what they are.
async fn collect(
    mut body: Incoming,
    limit: usize,
    redactor: &Redactor,
) -> Result<Vec<u8>, RequestError> {
    let limit = limit + redactor.longest_bytes() + LONGEST_CHARACTER_BYTES;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    let mut bytes = Vec::with_capacity(announced.min(limit));
    while let Some(frame) = body.frame().await {
        // Anything else than data is a trailer.
        let Ok(data) = frame?.into_data() else { continue };
        bytes.extend_from_slice(&data[..data.len().min(limit - bytes.len())]);
        if bytes.len() == limit {
            break;
        }
    }
    Ok(bytes)
}

/// The text, which must be valid as far as it is kept.
fn text(bytes: &[u8], limit: usize) -> Result<&str, RequestError> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.valid_up_to() >= limit => {
            str::from_utf8(&bytes[..error.valid_up_to()]).map_err(|_| RequestError::NotUtf8)
        }
        Err(_) => Err(RequestError::NotUtf8),
    }
}
