//! Lifts the results of guests of the other kinds: lists, records and nested options.
//!
//! The same rules hold as in `abi`: a pointer is a claim, a count is a claim, and each part of a result counts
//! against one limit before it is copied.
//!
//! Source: `CanonicalABI.md` of the component model; the types are those of `wit/deps/kinds.wit`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use super::abi::{AbiFault, Lift, Span, span_at, unknown_tag};
use super::{GuestInbound, GuestValue};
use crate::contract::{Audio, MemoryHit, limits};
#[cfg(feature = "serve")]
use crate::sandbox::WebResponse;

/// The value of a guest's function, or the guest's error message.
pub(super) type GuestAnswer = Result<GuestValue, String>;

/// A function that lifts the result area at a pointer.
pub(super) type LiftAnswer = fn(&mut Lift<'_>, u32) -> Result<GuestAnswer, AbiFault>;

/// Bytes of `record inbound`: four strings and two optional ones.
const INBOUND_BYTES: usize = 56;
/// Bytes of `record hit`: two strings and a number, aligned to 8.
const HIT_BYTES: usize = 24;

/// `result<string, string>`
pub(super) fn text(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    lift.limit_to(limits::RESULT_BYTES);
    Ok(lift.string_result("result", pointer)?.map(GuestValue::Text))
}

/// `string`
pub(super) fn bare_text(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    lift.limit_to(limits::INSTRUCTIONS_BYTES);
    let span = lift.string_area("result", pointer)?;
    Ok(Ok(GuestValue::Text(lift.string("result", span)?)))
}

/// `list<tuple<string, string>>`
pub(super) fn pairs(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    lift.limit_to(limits::INSTRUCTIONS_BYTES);
    let span = lift.string_area("result", pointer)?;
    Ok(Ok(GuestValue::Pairs(lift.string_pairs("variables", span)?)))
}

/// `result<_, string>`
pub(super) fn unit(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    lift.limit_to(limits::RESULT_BYTES);
    Ok(lift.unit_result("result", pointer)?.map(|()| GuestValue::Unit))
}

/// `result<bool, string>`
pub(super) fn boolean(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    result(lift, pointer, 12, |_, area| {
        // Any byte but 0 is true.
        Ok(GuestValue::Bool(area.get(4).is_some_and(|byte| *byte != 0)))
    })
}

/// `result<option<string>, string>`
pub(super) fn optional_text(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    result(lift, pointer, 16, |lift, area| {
        Ok(GuestValue::OptionalText(option(lift, "value", area, 4)?))
    })
}

/// `result<audio, string>`
pub(super) fn audio(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    result(lift, pointer, 20, |lift, area| {
        let Span { pointer, length } = span_at(area, 4);
        let bytes = lift.bytes("audio", pointer, u64::from(length))?;
        lift.charge(bytes.len())?;
        let mime = lift.string("mime", span_at(area, 12))?;
        Ok(GuestValue::Audio(Audio { bytes: bytes.to_vec(), mime }))
    })
}

/// `result<response, string>`
#[cfg(feature = "serve")]
pub(super) fn response(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    lift.limit_to(limits::HOOK_BYTES);
    lift.result("result", pointer, 24, |lift, area| {
        let status = area.get(4..).and_then(<[u8]>::first_chunk);
        let status = status.map_or(0, |bytes| u16::from_le_bytes(*bytes));
        let headers = lift.string_pairs("headers", span_at(area, 8))?;
        let body = lift.copied("body", span_at(area, 16))?;
        Ok(GuestValue::Response(WebResponse { status, headers, body }))
    })
}

/// `result<list<hit>, string>`
pub(super) fn hits(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    result(lift, pointer, 12, |lift, area| {
        let list = list(lift, "hits", span_at(area, 4), HIT_BYTES, 8, limits::SEARCH_HITS)?;
        let mut hits = Vec::new();
        for element in list.chunks_exact(HIT_BYTES) {
            let key = lift.string("key", span_at(element, 0))?;
            let value = lift.string("value", span_at(element, 8))?;
            let score = element.last_chunk().map_or(0.0, |bytes| f64::from_le_bytes(*bytes));
            hits.push(MemoryHit { key, value, score });
        }
        Ok(GuestValue::Hits(hits))
    })
}

/// `result<list<inbound>, string>`
pub(super) fn inbound(lift: &mut Lift<'_>, pointer: u32) -> Result<GuestAnswer, AbiFault> {
    result(lift, pointer, 12, |lift, area| {
        let list =
            list(lift, "messages", span_at(area, 4), INBOUND_BYTES, 4, limits::INBOUND_MESSAGES)?;
        let mut messages = Vec::new();
        for element in list.chunks_exact(INBOUND_BYTES) {
            messages.push(GuestInbound {
                sender: lift.string("sender", span_at(element, 0))?,
                chat: lift.string("chat", span_at(element, 8))?,
                payload_json: lift.string("payload-json", span_at(element, 16))?,
                metadata_json: lift.string("metadata-json", span_at(element, 24))?,
                thread: option(lift, "thread", element, 32)?,
                message_id: option(lift, "message-id", element, 44)?,
            });
        }
        Ok(GuestValue::Inbound(messages))
    })
}

/// `result<T, string>` in `size` bytes; its payload begins at 4.
fn result(
    lift: &mut Lift<'_>,
    pointer: u32,
    size: u64,
    value: impl FnOnce(&mut Lift<'_>, &[u8]) -> Result<GuestValue, AbiFault>,
) -> Result<GuestAnswer, AbiFault> {
    lift.limit_to(limits::RESULT_BYTES);
    lift.result("result", pointer, size, value)
}

/// `option<string>` at an offset of an area of a checked size.
fn option(
    lift: &mut Lift<'_>,
    what: &'static str,
    area: &[u8],
    at: usize,
) -> Result<Option<String>, AbiFault> {
    match area.get(at) {
        Some(0) => Ok(None),
        Some(1) => Ok(Some(lift.string(what, span_at(area, at.saturating_add(4)))?)),
        tag => Err(unknown_tag(what, tag)),
    }
}

/// The elements of a list, each of `size` bytes.
///
/// The number of elements is checked before any of them is read; their bytes are charged as well as the texts in
/// them.
fn list<'a>(
    lift: &mut Lift<'a>,
    what: &'static str,
    span: Span,
    size: usize,
    align: u32,
    limit: u32,
) -> Result<&'a [u8], AbiFault> {
    let length = u64::from(span.length).saturating_mul(size as u64);
    let area = lift.aligned(what, span.pointer, align, length)?;
    if span.length > limit {
        return Err(AbiFault::TooMany { what, count: span.length, limit });
    }
    lift.charge(area.len())?;
    Ok(area)
}
