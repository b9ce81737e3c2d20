//! The forms of an answer in which a secret can't be recognized: compressed, in parts, or in an encoding that
//! does not write ASCII as ASCII.
//!
//! The guest can't ask for one of them, because their request headers are the host's. A server may still send one.

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use hyper::http::response::Parts;

use super::RequestError;

/// The encodings in which a character of ASCII is its byte.
const CHARSETS: [&str; 3] = ["utf-8", "utf8", "us-ascii"];
/// The same, by what stands before their numbers.
const CHARSET_FAMILIES: [&str; 2] = ["iso-8859-", "windows-125"];

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
    if values(head, &CONTENT_TYPE).any(|it| !has_ascii(&it)) {
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

/// Whether the type names one of the known encodings, or none. Readers differ in which of two they use, so two
/// are one too many.
fn has_ascii(content_type: &str) -> bool {
    let mut charsets = content_type.split("charset").skip(1);
    let Some(charset) = charsets.next() else { return true };
    let name = charset.split(';').next().unwrap_or_default();
    let name = name.trim_matches([' ', '\t', '=', '"', '\'']);
    let mut numbers = CHARSET_FAMILIES.iter().filter_map(|family| name.strip_prefix(family));
    let is_numbered = |number: &str| number.bytes().all(|byte| byte.is_ascii_digit());
    let is_known = CHARSETS.contains(&name) || numbers.any(is_numbered);
    is_known && charsets.next().is_none()
}

/// The values of a header in lower case. What is not UTF-8 is replaced.
fn values(head: &Parts, name: &HeaderName) -> impl Iterator<Item = String> {
    let values = head.headers.get_all(name).iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
}
