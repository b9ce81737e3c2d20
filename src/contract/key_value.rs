//! The smallest storage a tool can count on.

use std::sync::Arc;

use super::{BoxFuture, PluginError};

/// Bytes by key. Whoever creates the store decides its scope, limits and durability.
///
/// Calls can overlap. Each is done as a whole or not at all, and one that begins after another has ended finds what
/// that has left. If the future of `set` or `delete` is dropped, the change may be made or not. An error that comes
/// from a file has a next step behind a `;` and no path, because plugins read it.
pub trait KeyValueStore: Send + Sync {
    /// The value of `key`, or `None`.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] if the store can't be read.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, PluginError>>;

    /// Sets `key` and replaces its value. A store that lasts has the value on the disk when the future is ready. A
    /// full store accepts what takes no more room than before.
    ///
    /// # Errors
    ///
    /// The old value stays then, except that after [`PluginError::Io`] either may be there.
    ///
    /// - [`PluginError::LimitReached`] if the store is full
    /// - [`PluginError::Invalid`] if the key or the value is too long for the store
    /// - [`PluginError::Io`] if the store can't be read or written
    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), PluginError>>;

    /// Removes `key`. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] if the store can't be read or written.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, PluginError>>;

    /// All keys that begin with `prefix`, or all there are, in ascending order of their bytes.
    ///
    /// # Errors
    ///
    /// - [`PluginError::LimitReached`] if the store makes no list that long
    /// - [`PluginError::Io`] if the store can't be read
    fn list_keys<'a>(
        &'a self,
        prefix: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, PluginError>>;
}

/// A source of stores, one for each name.
pub trait StoreSource: Send + Sync {
    /// The store of this name, for keys and values of together at most `quota_bytes`. Two of one name have the same
    /// entries. If a store has more than the quota, all of it can be read, and it can become less. Nothing is read or
    /// made before the store is used.
    fn namespace(&self, name: &str, quota_bytes: usize) -> Arc<dyn KeyValueStore>;
}
