//! The revisions of the specification that are served.
//!
//! The names are dates, and the order of the variants is theirs, so revisions can be compared.

use std::fmt;

/// A revision of the specification that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Revision {
    /// Begins with `initialize`, like the two after it. Its batches are refused.
    March2025,
    /// With output schemas and the header `MCP-Protocol-Version`.
    June2025,
    /// The last with `initialize`.
    November2025,
    /// Every request on its own: the modern era.
    July2026,
}

impl Revision {
    /// Newest first.
    pub(super) const ALL: [Self; 4] =
        [Self::July2026, Self::November2025, Self::June2025, Self::March2025];

    /// The newest that begins with `initialize`.
    pub(super) const NEWEST_LEGACY: Self = Self::November2025;

    /// What HTTP clients speak that name none: the header came with a later revision.
    #[cfg(feature = "serve")]
    pub(super) const UNNAMED: Self = Self::March2025;

    /// The name in messages, a date.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::March2025 => "2025-03-26",
            Self::June2025 => "2025-06-18",
            Self::November2025 => "2025-11-25",
            Self::July2026 => "2026-07-28",
        }
    }

    /// The revision of this name; `None` where it is not served.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.name() == name)
    }

    /// Whether each request stands for itself, with no handshake before (2026-07-28, Versioning and
    /// Compatibility, Terminology).
    pub(super) fn is_modern(self) -> bool {
        self >= Self::July2026
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
