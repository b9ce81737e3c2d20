//! Something in a list of the catalog, whatever its kind.

use crate::mcp::revision::Revision;

/// Something in a list.
pub(in crate::mcp) trait CatalogEntry {
    /// What the list is sorted by, unlike that of any other entry.
    fn key(&self) -> &str;

    /// The entry as clients of `revision` know it.
    fn json(&self, revision: Revision) -> &str;
}

/// A list of any entries.
///
/// The code that pages lists exists once, not once for each kind of entry.
pub(in crate::mcp) fn entries<T: CatalogEntry>(list: &[T]) -> Vec<&dyn CatalogEntry> {
    list.iter().map(|entry| entry as &dyn CatalogEntry).collect()
}
