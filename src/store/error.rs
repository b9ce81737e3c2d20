//! Why a durable store fails.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::contract::limits::{KB, MB};
use crate::contract::{ActionableError, PluginError, limits, shell_word};

/// Why a durable store failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The system refused to read or write.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        problem: String,
    },
    /// The content of a file is not what was written.
    Damaged {
        /// The namespace; `None` if nothing says whose file it is.
        name: Option<String>,
        /// Its file.
        path: PathBuf,
        /// The first byte that can't be used.
        at: u64,
    },
    /// Another process keeps the file locked.
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A key is longer than 512 bytes.
    Key,
    /// A value is longer than 1 MB.
    Value,
    /// The namespace has no room for the value.
    Full {
        /// The bytes that all keys and values may have together.
        quota_bytes: usize,
    },
    /// The namespace has as many entries as there may be.
    Entries,
    /// The list of keys would be longer than 4 MB.
    Keys,
}

impl StoreError {
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), problem: error.to_string() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, problem } => {
                write!(formatter, "{} can't be used: {problem}", path.display())
            }
            Self::Damaged { name: None, path, .. } => {
                write!(formatter, "{} is no plugin's file", path.display())
            }
            Self::Damaged { path, at, .. } => {
                write!(formatter, "{} is damaged at byte {at}", path.display())
            }
            Self::Busy { path } => {
                write!(formatter, "another process keeps {} locked", path.display())
            }
            Self::Key => write!(formatter, "the key is over {} bytes", limits::STORE_KEY_BYTES),
            Self::Value => {
                write!(formatter, "the value is over {} MB", limits::STORE_VALUE_BYTES / MB)
            }
            Self::Full { quota_bytes } => {
                let kb = quota_bytes / KB;
                write!(formatter, "the store is full: keys and values have at most {kb} KB")
            }
            Self::Entries => {
                write!(formatter, "the store is full: it has {} entries", limits::STORE_ENTRIES)
            }
            Self::Keys => {
                write!(formatter, "the keys are over {} MB", limits::STORE_KEYS_BYTES / MB)
            }
        }
    }
}

impl ActionableError for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Damaged { .. } => "damaged",
            Self::Busy { .. } => "busy",
            Self::Key | Self::Value => "invalid",
            Self::Full { .. } | Self::Entries | Self::Keys => "limit_reached",
        }
    }

    fn next_step(&self) -> String {
        match self {
            Self::Io { .. } => {
                "check the owner of the folder, its permissions and the space on the disk".into()
            }
            Self::Damaged { name: Some(name), .. } => {
                let name = shell_word(name);
                format!(
                    "end every weft-lite, and restore the file from a backup; or save what can be read with `weft-lite store export {name}`, and begin again with `weft-lite store clear {name}`"
                )
            }
            Self::Damaged { name: None, .. } => {
                "if it is a copy, move it to another folder; otherwise restore it from a backup, or delete it".into()
            }
            Self::Busy { .. } => "end the other process, or try again when it is done".into(),
            Self::Key => "use a shorter key".into(),
            Self::Value => "split the value, and store the parts under keys of their own".into(),
            Self::Full { .. } => {
                "delete what is not needed, or raise `permissions.storage.max_kb` in the manifest"
                    .into()
            }
            Self::Entries => "delete what is not needed, or store several values as one".into(),
            Self::Keys => "list the keys of a longer prefix".into(),
        }
    }
}

impl std::error::Error for StoreError {}

/// A plugin learns what is wrong and, behind a `;`, what to do, without a path of the machine.
impl From<StoreError> for PluginError {
    fn from(error: StoreError) -> Self {
        let with_step = |what: &dyn fmt::Display| format!("{what}; {}", error.next_step());
        let io = |problem| Self::Io { doing: "the store".into(), problem };
        let limit = |limit: &dyn fmt::Display| Self::LimitReached { limit: with_step(limit) };
        match &error {
            StoreError::Io { problem, .. } => io(with_step(problem)),
            // The commands that help name the plugin's folder.
            StoreError::Damaged { .. } => {
                io("its file is damaged; `weft-lite store list` says what to do".into())
            }
            StoreError::Busy { .. } => io(with_step(&"another process keeps it locked")),
            StoreError::Key | StoreError::Value => {
                Self::Invalid { what: "the store".into(), problem: with_step(&error) }
            }
            StoreError::Full { quota_bytes } => {
                limit(&format_args!("{} KB of keys and values", quota_bytes / KB))
            }
            StoreError::Entries => limit(&format_args!("{} entries", limits::STORE_ENTRIES)),
            StoreError::Keys => {
                limit(&format_args!("{} MB of keys in one list", limits::STORE_KEYS_BYTES / MB))
            }
        }
    }
}
