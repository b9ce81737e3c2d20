//! The changes that the loader handles together.

#[cfg(feature = "watch")]
use std::path::PathBuf;

#[cfg(feature = "watch")]
use crate::contract::SortedSet;

/// The paths that may have changed.
pub(super) enum Batch {
    /// Any path: events were lost, or it is time for a poll.
    All,
    /// These paths, as the loader knows them.
    #[cfg(feature = "watch")]
    Paths(SortedSet<PathBuf>),
}
