//! The canonical ABI for the few types of the plugin world: lifting from a guest's memory and lowering into
//! it. `records` builds on it for the types of the other kinds of plugin.
//!
//! Everything here works on byte slices with checked arithmetic: a pointer is a claim by the guest,
//! and a wrong one is an [`AbiFault`], never a panic or a read outside the guest's memory.
//!
//! Source: `CanonicalABI.md` of the component model, for `string`, `list<tuple<string, string>>`,
//! `option<string>`, `result<string, string>` and `result<_, string>`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::fmt;

use crate::contract::limits;

/// Pairs of one list: a request's headers or a skill's variables. They are limited by number, because the host needs three times the guest's memory
/// for an element of a list.
const HEADERS: u32 = 1_000;

/// A guest broke the canonical ABI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AbiFault {
    /// A pointer and length outside linear memory.
    OutOfBounds { what: &'static str, pointer: u32, length: u64 },
    /// A pointer that breaks its type's alignment.
    Misaligned { what: &'static str, pointer: u32, align: u32 },
    /// A string that is not UTF-8.
    InvalidUtf8 { what: &'static str },
    /// A variant's tag that its type doesn't have.
    InvalidTag { what: &'static str, tag: u32 },
    /// A handle that the host never gave to the guest, or that the guest has dropped.
    UnknownHandle { what: &'static str, handle: u32 },
    /// A list longer than its function allows.
    TooMany { what: &'static str, count: u32, limit: u32 },
    /// More bytes for the host than a call may pass.
    TooMuch { limit: usize },
}

impl fmt::Display for AbiFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds { what, pointer, length } => write!(
                formatter,
                "invalid pointer: {what} at {pointer:#x} with {length} bytes is outside linear memory"
            ),
            Self::Misaligned { what, pointer, align } => {
                write!(
                    formatter,
                    "invalid pointer: {what} at {pointer:#x} is not aligned to {align}"
                )
            }
            Self::InvalidUtf8 { what } => write!(formatter, "{what} is not valid UTF-8"),
            Self::InvalidTag { what, tag } => write!(formatter, "{what} has the unknown tag {tag}"),
            Self::UnknownHandle { what, handle } => {
                write!(formatter, "there is no {what} with the handle {handle}")
            }
            Self::TooMany { what, count, limit } => {
                write!(formatter, "{count} {what}, of at most {limit}")
            }
            Self::TooMuch { limit } => {
                write!(formatter, "more than {limit} bytes handed to the host")
            }
        }
    }
}

/// A pointer and a length of the guest, not yet checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) pointer: u32,
    pub(crate) length: u32,
}

impl Span {
    /// From the `i32` parameters of an import: WebAssembly's integers have no sign of their own.
    pub(crate) fn from_params(pointer: i32, length: i32) -> Self {
        Self { pointer: pointer.cast_unsigned(), length: length.cast_unsigned() }
    }
}

/// A guest's memory, and the number of bytes that this call has copied from it.
pub(crate) struct Lift<'a> {
    memory: &'a [u8],
    lifted: &'a mut usize,
    /// The limit of a whole result, where that is less than the limit of the call.
    result: Option<ResultCap>,
}

/// A limit within that of the call, set when the lifting of a result begins.
#[derive(Clone, Copy)]
struct ResultCap {
    /// Bytes of the result, for the error.
    limit: usize,
    /// The count of the call at which the limit is reached.
    end: usize,
}

impl<'a> Lift<'a> {
    /// Lifts from `memory`, and adds to `lifted`, which belongs to the whole call.
    pub(crate) fn new(memory: &'a [u8], lifted: &'a mut usize) -> Self {
        Self { memory, lifted, result: None }
    }

    /// Limits all further copies to `bytes` in total: for a result of many parts.
    pub(super) fn limit_to(&mut self, bytes: usize) {
        let end = self.lifted.saturating_add(bytes);
        self.result = Some(ResultCap { limit: bytes, end });
    }

    /// Counts `bytes` against the limits of the call and the result. This comes before each copy, so that a
    /// guest can't make the host allocate more.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), AbiFault> {
        let total = self.lifted.saturating_add(bytes);
        if let Some(ResultCap { limit, end }) = self.result
            && total > end
        {
            return Err(AbiFault::TooMuch { limit });
        }
        if total > limits::LIFTED_BYTES_PER_CALL {
            return Err(AbiFault::TooMuch { limit: limits::LIFTED_BYTES_PER_CALL });
        }
        *self.lifted = total;
        Ok(())
    }

    /// The bytes at a pointer, not copied. An empty span may point to the end of the memory, but not beyond it.
    pub(super) fn bytes(
        &self,
        what: &'static str,
        pointer: u32,
        length: u64,
    ) -> Result<&'a [u8], AbiFault> {
        let outside = AbiFault::OutOfBounds { what, pointer, length };
        let start = pointer as usize;
        let Some(end) = usize::try_from(length).ok().and_then(|length| start.checked_add(length))
        else {
            return Err(outside);
        };
        self.memory.get(start..end).ok_or(outside)
    }

    /// The same, for a type that must be aligned to `align` bytes.
    pub(super) fn aligned(
        &self,
        what: &'static str,
        pointer: u32,
        align: u32,
        length: u64,
    ) -> Result<&'a [u8], AbiFault> {
        if !pointer.is_multiple_of(align) {
            return Err(AbiFault::Misaligned { what, pointer, align });
        }
        self.bytes(what, pointer, length)
    }

    /// The text at a span.
    ///
    /// The length is charged before the text is copied, and its bytes are checked to be UTF-8.
    pub(crate) fn string(&mut self, what: &'static str, span: Span) -> Result<String, AbiFault> {
        let bytes = self.bytes(what, span.pointer, u64::from(span.length))?;
        self.charge(bytes.len())?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(AbiFault::InvalidUtf8 { what }),
        }
    }

    /// At most `limit` bytes of a span, lossily as text: for text that is only shown.
    pub(crate) fn lossy_text(
        &mut self,
        what: &'static str,
        span: Span,
        limit: u32,
    ) -> Result<String, AbiFault> {
        let bytes = self.bytes(what, span.pointer, u64::from(span.length))?;
        let bytes = bytes.get(..limit as usize).unwrap_or(bytes);
        self.charge(bytes.len())?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The bytes at a span, copied.
    pub(crate) fn copied(&mut self, what: &'static str, span: Span) -> Result<Vec<u8>, AbiFault> {
        let bytes = self.bytes(what, span.pointer, u64::from(span.length))?;
        self.charge(bytes.len())?;
        Ok(bytes.to_vec())
    }

    /// `list<tuple<string, string>>`: each element is two spans.
    pub(crate) fn string_pairs(
        &mut self,
        what: &'static str,
        span: Span,
    ) -> Result<Vec<(String, String)>, AbiFault> {
        /// The bytes of two spans.
        const ELEMENT: u64 = 16;
        let length = u64::from(span.length).saturating_mul(ELEMENT);
        let area = self.aligned(what, span.pointer, 4, length)?;
        if span.length > HEADERS {
            return Err(AbiFault::TooMany { what, count: span.length, limit: HEADERS });
        }
        self.charge(area.len())?;
        let mut pairs = Vec::new();
        for element in area.chunks_exact(16) {
            let name = self.string(what, span_at(element, 0))?;
            let value = self.string(what, span_at(element, 8))?;
            pairs.push((name, value));
        }
        Ok(pairs)
    }

    /// A list of WASI's `iovec`: each element is one span.
    pub(crate) fn spans(&mut self, what: &'static str, span: Span) -> Result<Vec<Span>, AbiFault> {
        let length = u64::from(span.length).saturating_mul(8);
        let area = self.aligned(what, span.pointer, 4, length)?;
        self.charge(area.len())?;
        Ok(area.chunks_exact(8).map(|element| span_at(element, 0)).collect())
    }

    /// `result<_, string>` in an area of at least 12 bytes: a tag, then the value or the span of the
    /// error's text.
    pub(super) fn result<T>(
        &mut self,
        what: &'static str,
        pointer: u32,
        bytes: u64,
        value: impl FnOnce(&mut Self, &[u8]) -> Result<T, AbiFault>,
    ) -> Result<Result<T, String>, AbiFault> {
        let area = self.aligned(what, pointer, 4, bytes)?;
        match area.first() {
            Some(0) => Ok(Ok(value(self, area)?)),
            Some(1) => Ok(Err(self.string(what, span_at(area, 4))?)),
            tag => Err(unknown_tag(what, tag)),
        }
    }

    /// `result<string, string>`: tag, pointer, length.
    pub(crate) fn string_result(
        &mut self,
        what: &'static str,
        pointer: u32,
    ) -> Result<Result<String, String>, AbiFault> {
        self.result(what, pointer, 12, |lift, area| lift.string(what, span_at(area, 4)))
    }

    /// `result<_, string>`: the same area, whose text is only there for an error.
    pub(crate) fn unit_result(
        &mut self,
        what: &'static str,
        pointer: u32,
    ) -> Result<Result<(), String>, AbiFault> {
        self.result(what, pointer, 12, |_, _| Ok(()))
    }

    /// The span of a `string` result area.
    pub(crate) fn string_area(&self, what: &'static str, pointer: u32) -> Result<Span, AbiFault> {
        Ok(span_at(self.aligned(what, pointer, 4, 8)?, 0))
    }

    /// The length of the text in a `result<string, string>` area, before it is copied.
    pub(crate) fn result_text_length(
        &self,
        what: &'static str,
        pointer: u32,
    ) -> Result<usize, AbiFault> {
        Ok(span_at(self.aligned(what, pointer, 4, 12)?, 4).length as usize)
    }
}

/// The fault of a tag that is neither 0 nor 1.
pub(super) fn unknown_tag(what: &'static str, tag: Option<&u8>) -> AbiFault {
    AbiFault::InvalidTag { what, tag: tag.copied().unwrap_or_default().into() }
}

/// Two little-endian words. The callers have checked the area's size.
pub(super) fn span_at(bytes: &[u8], at: usize) -> Span {
    match bytes.get(at..).and_then(<[u8]>::first_chunk) {
        Some(&[a, b, c, d, e, f, g, h]) => Span {
            pointer: u32::from_le_bytes([a, b, c, d]),
            length: u32::from_le_bytes([e, f, g, h]),
        },
        None => Span { pointer: 0, length: 0 },
    }
}

/// Copies `bytes` to `pointer`, which may be anything: it comes from the guest.
///
/// Nothing is written if the bytes don't fit whole.
pub(crate) fn store(
    memory: &mut [u8],
    what: &'static str,
    pointer: u32,
    bytes: &[u8],
) -> Result<(), AbiFault> {
    let start = pointer as usize;
    let area = start.checked_add(bytes.len()).and_then(|end| memory.get_mut(start..end));
    match area {
        Some(area) => {
            area.copy_from_slice(bytes);
            Ok(())
        }
        None => Err(AbiFault::OutOfBounds { what, pointer, length: bytes.len() as u64 }),
    }
}

/// Checks that `pointer` is aligned and that `length` bytes from it lie in `memory`.
pub(crate) fn check_area(
    memory: &[u8],
    what: &'static str,
    pointer: u32,
    align: u32,
    length: u64,
) -> Result<(), AbiFault> {
    let mut none = 0;
    Lift::new(memory, &mut none).aligned(what, pointer, align, length).map(|_| ())
}
