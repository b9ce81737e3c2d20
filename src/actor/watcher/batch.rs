//! The changes that the loader gets at once.

#[cfg(feature = "watch")]
use std::path::PathBuf;

#[cfg(feature = "watch")]
use crate::contract::SortedSet;

/// What may have changed.
pub(super) enum Batch {
    All,
    #[cfg(feature = "watch")]
    Paths(SortedSet<PathBuf>),
}
