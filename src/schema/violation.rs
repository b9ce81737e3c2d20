//! Where a value differs from its schema, in words that a model can act on.
//!
//! A model reads a violation and calls again, so each says the place, what is wanted there and what was
//! found. All of them come from strangers and go into a context of limited size: every part is cut.

use std::fmt;
use std::io;

use serde_json::Value;

use super::bounds;

/// One place where a value differs from its schema:
/// `/items/0/count: expected an integer, got "three"`.
///
/// It shows a part of the value, so it is for the sender of the value and not for a log.
///
/// ```
/// use serde_json::json;
/// use weft_lite::mcp::{Schema, SchemaPolicy, ViolationKind};
///
/// let schema = Schema::compile(&json!({ "items": { "maxLength": 2 } }), SchemaPolicy::Strict)?;
/// let violations = schema.validate(&json!(["ab", "abc"])).unwrap_err();
/// assert_eq!(violations[0].path, "/1");
/// assert_eq!(violations[0].expected, "at most 2 characters");
/// assert_eq!(violations[0].kind, ViolationKind::Mismatch);
/// # Ok::<(), weft_lite::mcp::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The place in the value as a JSON pointer (RFC 6901), empty for the whole value. Names longer
    /// than [`bounds::SHOWN_CHARS`] are cut.
    pub path: String,
    /// What the schema wants there.
    pub expected: String,
    /// What is there, in at most [`bounds::SHOWN_CHARS`] characters of the value.
    pub got: String,
    /// Whether the value is wrong, or too much to be checked.
    pub kind: ViolationKind,
}

/// Whether a value is wrong, or too much to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViolationKind {
    /// The value differs from the schema.
    Mismatch,
    /// Checking took more than [`bounds::STEPS`] steps and was given up; what is reported before is
    /// true, and more may be wrong.
    TooMuchWork,
    /// Checking led deeper than [`bounds::DEPTH`] levels and was given up.
    TooDeep,
}

impl Violation {
    /// What differs at `path`, in words that are cut already.
    pub(super) fn mismatch(path: &ValuePath<'_>, expected: String, got: String) -> Self {
        Self { path: path.to_string(), expected, got, kind: ViolationKind::Mismatch }
    }

    /// Why checking was given up at `path`.
    pub(super) fn given_up(path: &ValuePath<'_>, kind: ViolationKind) -> Self {
        let (expected, got) = match kind {
            ViolationKind::TooDeep => {
                (format!("at most {} levels of schemas", bounds::DEPTH), "more")
            }
            _ => (format!("a value that is checked in {} steps", bounds::STEPS), "more work"),
        };
        Self { path: path.to_string(), expected, got: got.into(), kind }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        write!(formatter, "expected {}, got {}", self.expected, self.got)
    }
}

/// A place in the value that is checked, as a chain of stack frames: it costs nothing until a
/// violation writes it down.
#[derive(Clone, Copy)]
pub(super) enum ValuePath<'a> {
    /// The whole value.
    Root,
    /// A property of an object, by its name.
    Property(&'a ValuePath<'a>, &'a str),
    /// An item of an array, by its index.
    Item(&'a ValuePath<'a>, usize),
}

impl fmt::Display for ValuePath<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Property(parent, name) => {
                let name = cut(name).replace('~', "~0").replace('/', "~1");
                write!(formatter, "{parent}/{name}")
            }
            Self::Item(parent, index) => write!(formatter, "{parent}/{index}"),
        }
    }
}

/// The first [`bounds::SHOWN_CHARS`] characters of a text.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(bounds::SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A name in quotes, cut where it is long.
pub(super) fn quoted(name: &str) -> String {
    format!("{:?}", cut(name))
}

/// A value as JSON, of which only the beginning is written where it is long.
pub(super) fn shown(value: &Value) -> String {
    let mut start = Start(Vec::new());
    // It ends with an error where the text is longer, which is what is wanted.
    let _ = serde_json::to_writer(&mut start, value);
    cut(&String::from_utf8_lossy(&start.0))
}

/// The first bytes of what is written, enough for one character more than is shown.
struct Start(Vec<u8>);

impl io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = (bounds::SHOWN_CHARS + 1) * 4 - self.0.len();
        let written = bytes.len().min(room);
        self.0.extend_from_slice(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Texts as `a, b or c`, and how many there are where not all are shown.
pub(super) fn listed<T: fmt::Display>(
    texts: impl ExactSizeIterator<Item = T>,
    word: &str,
) -> String {
    /// Texts that are listed; of a longer list the message says how long it is.
    const SHOWN: usize = 12;
    let count = texts.len();
    let mut list = String::new();
    for (index, text) in texts.take(SHOWN).enumerate() {
        if index > 0 {
            list += if index + 1 == count { word } else { ", " };
        }
        list += &text.to_string();
    }
    if count > SHOWN {
        list += &format!(" … ({count} in all)");
    }
    list
}
