//! Credentials that plugins use without seeing them.

use std::fmt;
use std::path::PathBuf;

/// A credential and where it may go.
///
/// The value appears in no `Debug` output and in no error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The value, which only the network effect reads.
    pub value: String,
    /// The hosts it may be sent to: exact names, or `*.example.com`.
    pub hosts: Vec<String>,
    /// Whether it may also be sent over plain http, to a private host that the operator allowed.
    pub allow_http: bool,
}

/// Where secrets are kept. The operator fills it; a manifest only names what it wants.
pub trait SecretSource: Send + Sync {
    /// The secret of this name, or `None`. Read at every use, so that a change is seen at once.
    fn secret(&self, name: &str) -> Option<Secret>;

    /// All secrets, read at every request. Those bound to the answering host are redacted for every plugin, whether
    /// or not it holds them.
    fn all(&self) -> Vec<Secret>;

    /// The files outside of weft-lite's own folder that values are read from: no plugin may open them.
    /// Asked when plugins are loaded.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// No secrets at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn secret(&self, _name: &str) -> Option<Secret> {
        None
    }

    fn all(&self) -> Vec<Secret> {
        Vec::new()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
