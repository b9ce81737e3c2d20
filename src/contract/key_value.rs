//! The smallest storage a tool can count on.

use std::sync::Arc;

use super::{BoxFuture, PluginError};

/// Bytes by key. Whoever creates the store decides its scope, limits and durability.
pub trait KeyValueStore: Send + Sync {
    /// The value of `key`, or `None`.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when the store can't be read.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, PluginError>>;

    /// Sets `key`, replacing what was there.
    ///
    /// # Errors
    ///
    /// [`PluginError::LimitReached`] when the store is full, [`PluginError::Io`] when it can't be
    /// written.
    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), PluginError>>;

    /// Removes `key`; the answer tells whether it was there.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when the store can't be written.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, PluginError>>;

    /// All keys that begin with `prefix`, or all there are, in ascending order.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when the store can't be read.
    fn list_keys<'a>(
        &'a self,
        prefix: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, PluginError>>;
}

/// A source of stores, one for each name.
pub trait StoreSource: Send + Sync {
    /// The store of this name, for keys and values of together so many bytes. Two of one name have the same
    /// entries. Nothing is read or made before the store is used.
    fn namespace(&self, name: &str, quota_bytes: usize) -> Arc<dyn KeyValueStore>;
}
