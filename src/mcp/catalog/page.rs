//! Lists in parts: a cursor names the entry that the last part ended with.
//!
//! So a cursor means the same on every connection and every instance, and a list that changes
//! between two parts neither repeats an entry nor skips one that stayed.

use std::fmt::Write;

use super::{Entry, Keyed};
use crate::mcp::message::RpcError;
use crate::mcp::object::{Object, array};
use crate::mcp::revision::Revision;

/// A part of a list.
pub(in crate::mcp) struct Page<'a, T> {
    pub(in crate::mcp) entries: &'a [T],
    /// What to ask for the next part with, where there is one.
    pub(in crate::mcp) next: Option<String>,
}

impl<'a, T: Keyed> Page<'a, T> {
    /// The part of `sorted` after `cursor`, of at most `size` entries.
    ///
    /// # Errors
    ///
    /// -32602 for a cursor that no list gave out.
    pub(in crate::mcp) fn new(
        sorted: &'a [T],
        cursor: Option<&str>,
        size: usize,
    ) -> Result<Self, RpcError> {
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let last = decode(cursor).ok_or_else(|| {
                    RpcError::invalid_params("`cursor` is not one of this server")
                })?;
                sorted.partition_point(|entry| entry.key() <= last.as_str())
            }
        };
        let rest = &sorted[start..];
        let entries = &rest[..rest.len().min(size.max(1))];
        let more = entries.len() < rest.len();
        let next = entries.last().filter(|_| more).map(|last| encode(last.key()));
        Ok(Self { entries, next })
    }
}

impl<T: Entry> Page<'_, T> {
    /// Writes the part as the member `name`, with the cursor beside it.
    pub(in crate::mcp) fn write(self, name: &str, revision: Revision, result: &mut Object) {
        result.raw(name, &array(self.entries.iter().map(|entry| entry.json(revision))));
        result.optional("nextCursor", self.next);
    }
}

/// Digits, so that nobody is tempted to write one.
fn encode(key: &str) -> String {
    key.bytes().fold(String::with_capacity(2 * key.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn decode(cursor: &str) -> Option<String> {
    if !cursor.bytes().all(|byte| byte.is_ascii_hexdigit()) || !cursor.len().is_multiple_of(2) {
        return None;
    }
    let bytes = (0..cursor.len()).step_by(2);
    let bytes: Option<Vec<u8>> =
        bytes.map(|at| u8::from_str_radix(&cursor[at..at + 2], 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}
