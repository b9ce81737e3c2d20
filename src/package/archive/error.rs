//! Why a folder or an archive can't be read, packed, signed or unpacked, and what to do about it.

use std::fmt;
use std::io;
use std::path::Path;

use crate::contract::{ActionableError, limits, shown};

/// Why a link is refused.
pub(in crate::package) const LINK: &str = "it is a link, and packages can't contain links";
/// Why a device or a pipe is refused.
pub(in crate::package) const NOT_FILE_OR_FOLDER: &str = "it is neither a file nor a folder";

/// Why a folder or an archive can't be read, packed, signed or unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackError {
    /// The source can't be read.
    Source {
        /// The folder, the archive or a file in it.
        source: String,
        /// What is wrong.
        problem: String,
    },
    /// An entry of the package breaks a rule.
    Entry {
        /// Its path as the package writes it, cut.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The package is over its size limit.
    TooLarge {
        /// Bytes allowed.
        limit_bytes: u64,
    },
    /// The package holds too many files and folders.
    TooManyEntries {
        /// Files and folders allowed.
        limit: usize,
    },
}

impl PackError {
    pub(in crate::package) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Source { source: path.display().to_string(), problem: error.to_string() }
    }

    pub(in crate::package) fn too_large() -> Self {
        Self::TooLarge { limit_bytes: limits::PACKAGE_BYTES }
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { source, problem } => {
                write!(formatter, "{source} can't be used: {problem}")
            }
            Self::Entry { path, problem } => {
                write!(formatter, "`{}` can't be in a package: {problem}", shown(path))
            }
            Self::TooLarge { limit_bytes } => {
                write!(formatter, "the package is over {limit_bytes} bytes")
            }
            Self::TooManyEntries { limit } => {
                write!(formatter, "the package has more than {limit} files and folders")
            }
        }
    }
}

impl ActionableError for PackError {
    fn next_step(&self) -> String {
        match self {
            Self::Source { .. } => {
                "give a package's folder, an archive (.tar.gz or .zip) of it, or `hub:ID`"
                    .into()
            }
            Self::Entry { problem, .. } if problem == LINK => {
                "put what it leads to in its place".into()
            }
            Self::Entry { .. } => {
                "keep to plain files and folders with portable names; `weft-lite plugin pack` makes such an archive"
                    .into()
            }
            Self::TooLarge { .. } | Self::TooManyEntries { .. } => {
                "keep in the folder only what is needed when it runs".into()
            }
        }
    }
}

impl std::error::Error for PackError {}
