//! Memory backends: where an agent keeps what it learns.

use std::time::Duration;

use super::{BoxFuture, PluginError};

/// A stored value that matched a search.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryHit {
    /// The key under which it is stored.
    pub key: String,
    /// The value.
    pub value: String,
    /// How well it matches: higher is better, the scale belongs to the backend.
    pub score: f64,
}

/// Key-value memory with namespaces, expiry, tags and search.
///
/// A missing namespace is the default one, which is a namespace like any other: it doesn't contain
/// the others.
pub trait MemoryBackend: Send + Sync {
    /// Stores `value`, replacing what was under `key` in this namespace.
    ///
    /// # Errors
    ///
    /// [`PluginError::LimitReached`] when the backend is full, [`PluginError::Io`] when it can't be
    /// written.
    fn store<'a>(
        &'a self,
        key: &'a str,
        value: &'a str,
        namespace: Option<&'a str>,
        ttl: Option<Duration>,
        tags: &'a [String],
    ) -> BoxFuture<'a, Result<(), PluginError>>;

    /// The value of `key`, or `None` when there is none or it has expired.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when the backend can't be read.
    fn retrieve<'a>(
        &'a self,
        key: &'a str,
        namespace: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, PluginError>>;

    /// At most `limit` entries that match `query`, best first.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when the backend can't be read.
    fn search<'a>(
        &'a self,
        query: &'a str,
        namespace: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<MemoryHit>, PluginError>>;

    /// Removes `key`; the answer tells whether it was there.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when the backend can't be written.
    fn delete<'a>(
        &'a self,
        key: &'a str,
        namespace: Option<&'a str>,
    ) -> BoxFuture<'a, Result<bool, PluginError>>;
}
