//! The errors of reading and writing files, in the words that the guest gets.
//!
//! The operating system's errors are passed on without host paths: cap-std's errors hold none, and the path
//! shown is the guest's own.

use std::fmt;
use std::io;

use crate::contract::{Capability, Denied};
use crate::sandbox::text::cut;

/// The part of a guest's path that an error repeats.
const SHOWN_PATH_BYTES: usize = 256;

/// A refusal by the sandbox, or a failure of the file system.
#[derive(Debug)]
pub(in crate::sandbox) enum FileError {
    /// The sandbox refused (T15 to T19, T21, T22).
    Denied(Denied),
    /// A folder, device, pipe or socket.
    NotRegular,
    /// More to read than the limit (T20).
    TooLarge,
    /// Not text.
    NotUtf8,
    /// More to write than the limit.
    ContentTooLarge,
    /// The plugin's own data would be more than this.
    DataFull { limit_mb: usize },
    /// Nothing exists at the path, perhaps because nothing existed at the path of this grant, as the manifest
    /// spells it.
    NotFound { path: String, grant: Option<String> },
    /// The host's user has no permission.
    NoPermission { path: String },
    /// The disk, or the user's share of it, is full; the old content is still there.
    NoSpace { path: String },
    /// Any other error of the operating system.
    Io { path: String, source: io::Error },
}

impl FileError {
    /// The refusal of a path that no grant covers.
    pub(super) fn outside(path: &str) -> Self {
        Self::denied(path, "filesystem access denied: path outside sandbox")
    }

    /// The refusal of a link that the kernel didn't follow.
    pub(super) fn symlink(path: &str) -> Self {
        Self::denied(path, "symlink points outside sandbox")
    }

    /// The error for a path whose grant had nothing at its own path when the plugin was loaded.
    pub(super) fn not_found(path: &str, grant: Option<&str>) -> Self {
        Self::NotFound { path: shown(path), grant: grant.map(str::to_owned) }
    }

    /// A refusal by `rule`.
    pub(super) fn denied(path: &str, rule: &str) -> Self {
        Self::Denied(Denied {
            capability: Capability::Filesystem,
            target: shown(path),
            rule: rule.to_owned(),
            approve_with: None,
        })
    }

    /// The error of the operating system for the guest that asked for `path`.
    pub(super) fn from_io(path: &str, error: io::Error) -> Self {
        let path = shown(path);
        match error.kind() {
            // cap-std's own refusal comes without a number of the operating system.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
                Self::symlink(&path)
            }
            io::ErrorKind::PermissionDenied => Self::NoPermission { path },
            io::ErrorKind::NotFound => Self::NotFound { path, grant: None },
            io::ErrorKind::IsADirectory => Self::NotRegular,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path },
            _ => Self::Io { path, source: error },
        }
    }

    /// The rule or the kind of failure, for the audit log.
    pub(in crate::sandbox) fn rule(&self) -> &str {
        match self {
            Self::Denied(denied) => &denied.rule,
            Self::NotRegular => "not a regular file",
            Self::TooLarge => "file too large",
            Self::NotUtf8 => "file is not valid UTF-8",
            Self::ContentTooLarge => "write content too large",
            Self::NotFound { .. } => "file not found",
            Self::NoPermission { .. } => "permission denied",
            Self::NoSpace { .. } | Self::DataFull { .. } => "no space left",
            Self::Io { .. } => "file access failed",
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.rule())?;
        match self {
            Self::Denied(_)
            | Self::NotRegular
            | Self::TooLarge
            | Self::NotUtf8
            | Self::ContentTooLarge => Ok(()),
            Self::DataFull { limit_mb } => write!(
                formatter,
                ": a plugin's data is at most {limit_mb} MB; raise `limits.plugin_data_mb` in config.yaml for more"
            ),
            Self::NotFound { path, .. } | Self::NoPermission { path } | Self::NoSpace { path } => {
                write!(formatter, ": {path}")
            }
            Self::Io { path, source } => write!(formatter, ": {path}: {source}"),
        }
    }
}

impl std::error::Error for FileError {}

/// The part of a path that an error repeats.
fn shown(path: &str) -> String {
    cut(path, SHOWN_PATH_BYTES).to_owned()
}
