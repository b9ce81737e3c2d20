//! The changes that the loader handles together.

#[cfg(feature = "watch")]
use std::path::PathBuf;

#[cfg(feature = "watch")]
use crate::contract::SortedSet;

/// The paths that may have changed.
pub(super) enum Batch {
    All,
    #[cfg(feature = "watch")]
    Paths(SortedSet<PathBuf>),
}
