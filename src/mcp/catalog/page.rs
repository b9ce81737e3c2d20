//! Lists in parts: a cursor names the entry that the last part ended with.
//!
//! So a cursor means the same on every connection and every instance, and a list that changes
//! between two parts neither repeats an entry nor skips one that stayed.

use std::ops::Range;

use super::CatalogEntry;
use crate::contract::{bytes_from_hex, to_hex};
use crate::mcp::message::RpcError;
use crate::mcp::object::{Object, array};
use crate::mcp::revision::Revision;

/// A part of a list.
pub(in crate::mcp) struct Page {
    /// The places of its entries in the list.
    pub(in crate::mcp) range: Range<usize>,
    /// What to ask for the next part with, where there is one.
    pub(in crate::mcp) next: Option<String>,
}

impl Page {
    /// The part after `cursor` of the list that is sorted by `keys`, of at most `size` entries.
    ///
    /// # Errors
    ///
    /// -32602 for a cursor that no list gave out.
    pub(in crate::mcp) fn new(
        keys: &[&str],
        cursor: Option<&str>,
        size: usize,
    ) -> Result<Self, RpcError> {
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let last = bytes_from_hex(cursor).and_then(|last| String::from_utf8(last).ok());
                let last = last.ok_or_else(|| {
                    RpcError::invalid_params("`cursor` is not one of this server")
                })?;
                keys.partition_point(|key| *key <= last.as_str())
            }
        };
        let end = keys.len().min(start + size.max(1));
        let last = keys[start..end].last().filter(|_| end < keys.len());
        Ok(Self { range: start..end, next: last.map(|last| to_hex(last.as_bytes())) })
    }

    /// Writes the part of `entries`, which are sorted by their keys, after `cursor` as the member `name`, with
    /// the next cursor beside it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub(in crate::mcp) fn write(
        entries: &[&dyn CatalogEntry],
        cursor: Option<&str>,
        size: usize,
        revision: Revision,
        (name, result): (&str, &mut Object),
    ) -> Result<(), RpcError> {
        let keys: Vec<&str> = entries.iter().map(|entry| entry.key()).collect();
        let page = Self::new(&keys, cursor, size)?;
        result.raw(name, &array(entries[page.range].iter().map(|entry| entry.json(revision))));
        result.optional("nextCursor", page.next);
        Ok(())
    }
}
