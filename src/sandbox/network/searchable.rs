//! The forms of an answer in which a secret can't be recognized: compressed, in parts, or in a wide encoding.
//!
//! The guest can't ask for one of them, because their request headers are the host's. A server may still send one.

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use hyper::http::response::Parts;

use super::RequestError;

/// Encodings of text in which a letter is not its byte of ASCII.
const WIDE_CHARSETS: [&str; 5] = ["utf-16", "utf-32", "utf-7", "ucs-", "iso-10646-ucs"];

/// Whether the body of this answer can be searched for secrets.
///
/// # Errors
///
/// `response can't be searched for secrets`.
pub(super) fn check(head: &Parts) -> Result<(), RequestError> {
    let refused = |form| Err(RequestError::NotSearchable { form });
    if !all_are(head, &CONTENT_ENCODING, "identity") {
        return refused("compressed by its `content-encoding`");
    }
    // hyper decodes `chunked` alone.
    if !all_are(head, &TRANSFER_ENCODING, "chunked") {
        return refused("compressed by its `transfer-encoding`");
    }
    if is_partial(head) {
        return refused("only a part of the whole");
    }
    if values(head, &CONTENT_TYPE).any(|it| is_wide(&it)) {
        return refused("not in UTF-8 by its `content-type`");
    }
    Ok(())
}

/// Whether a list header has no other member than this one.
fn all_are(head: &Parts, name: &HeaderName, only: &str) -> bool {
    values(head, name).all(|value| {
        let mut members = value.split(',').map(str::trim);
        members.all(|member| member.is_empty() || member == only)
    })
}

/// A range (RFC 9110, section 14) or a difference to an earlier answer (RFC 3229).
fn is_partial(head: &Parts) -> bool {
    let is_range = head.status != StatusCode::RANGE_NOT_SATISFIABLE
        && values(head, &CONTENT_RANGE).any(|it| it.trim_start().starts_with("bytes"));
    let mut types = values(head, &CONTENT_TYPE);
    let is_ranges = types.any(|it| it.contains("byteranges"));
    [StatusCode::PARTIAL_CONTENT, StatusCode::IM_USED].contains(&head.status)
        || is_range
        || is_ranges
}

fn is_wide(content_type: &str) -> bool {
    let charset = content_type.split_once("charset").map(|(_, behind)| behind);
    let name = charset.map(|it| it.trim_start_matches([' ', '\t', '=', '"', '\'']));
    name.is_some_and(|name| WIDE_CHARSETS.iter().any(|wide| name.starts_with(wide)))
}

/// The values of a header in lower case. What is not UTF-8 is replaced.
fn values(head: &Parts, name: &HeaderName) -> impl Iterator<Item = String> {
    let values = head.headers.get_all(name).iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
}
