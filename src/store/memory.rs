//! Bytes by key in memory, within bounds. Nothing here survives the process.
//!
//! A full store refuses what does not fit, so that no caller can use up the host's memory.

use std::sync::Arc;

use crate::contract::limits::MB;
use crate::contract::{BoxFuture, KeyValueStore, PluginError, SortedMap, StoreSource, limits};
use crate::task::{Held, Lock};

/// How much a [`MemoryKeyValueStore`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyValueLimits {
    /// Entries.
    pub entries: usize,
    /// Bytes of all keys and values together.
    pub bytes: usize,
}

impl Default for KeyValueLimits {
    /// 1,000 entries of together 1 MB.
    fn default() -> Self {
        Self { entries: 1_000, bytes: MB }
    }
}

/// A bounded key-value store in memory.
///
/// All methods are ready at once: they hold a lock for one operation on a map, and never across a wait. So
/// dropping one of their futures loses nothing.
///
/// ```
/// use weft_lite::KeyValueStore;
/// use weft_lite::errors::PluginError;
/// use weft_lite::store::{KeyValueLimits, MemoryKeyValueStore};
///
/// let store = MemoryKeyValueStore::new(KeyValueLimits { entries: 1, bytes: 64 });
/// smol::block_on(async {
///     store.set("color", b"green".to_vec()).await?;
///     assert_eq!(store.get("color").await?.as_deref(), Some(b"green".as_slice()));
///     // Replacing an entry needs no room for a second one.
///     store.set("color", b"blue".to_vec()).await?;
///     let error = store.set("shape", b"round".to_vec()).await.unwrap_err();
///     assert!(matches!(error, PluginError::LimitReached { .. }));
///     Ok::<(), PluginError>(())
/// })?;
/// # Ok::<(), PluginError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryKeyValueStore {
    limits: KeyValueLimits,
    content: Arc<Lock<StoredEntries>>,
}

/// Key-value stores in memory, one for each name. They are shared by all who name them, as long as this lives.
#[derive(Debug, Default)]
pub struct MemoryStores(Lock<SortedMap<String, Arc<Lock<StoredEntries>>>>);

impl StoreSource for MemoryStores {
    fn namespace(&self, name: &str, quota_bytes: usize) -> Arc<dyn KeyValueStore> {
        let limits = KeyValueLimits { entries: limits::STORE_ENTRIES, bytes: quota_bytes };
        let content = Arc::clone(self.0.lock().entry(name.to_owned()).or_default());
        Arc::new(MemoryKeyValueStore { limits, content })
    }
}

/// The entries with their size, which is kept up to date so that no `set` has to count.
#[derive(Debug, Default)]
struct StoredEntries {
    entries: SortedMap<String, Vec<u8>>,
    /// Of all keys and values in `entries`.
    bytes: usize,
}

impl MemoryKeyValueStore {
    /// An empty store that holds at most what `limits` say.
    #[must_use]
    pub fn new(limits: KeyValueLimits) -> Self {
        Self { limits, content: Arc::default() }
    }

    /// The content. No code that can panic runs under this lock, so a poisoned one is consistent.
    fn content(&self) -> Held<'_, StoredEntries> {
        self.content.lock()
    }

    /// Sets a key if it fits. If it doesn't, the old value stays.
    fn put(&self, key: &str, value: Vec<u8>) -> Result<(), PluginError> {
        let mut content = self.content();
        let replaced = content.entries.get(key);
        if replaced.is_none() && content.entries.len() >= self.limits.entries {
            let step = "delete what is not needed, or store several values as one";
            return Err(full(format!("{} entries; {step}", self.limits.entries)));
        }
        // What is replaced makes room first. What takes no more room than before always fits.
        let freed = replaced.map_or(0, |old| key.len() + old.len());
        let bytes = (content.bytes - freed).saturating_add(key.len() + value.len());
        if bytes > self.limits.bytes && bytes > content.bytes {
            return Err(full(format!("{} bytes of keys and values", self.limits.bytes)));
        }
        content.entries.insert(key.to_owned(), value);
        content.bytes = bytes;
        Ok(())
    }

    /// Removes a key. Returns whether it was there.
    fn remove(&self, key: &str) -> bool {
        let mut content = self.content();
        let removed = content.entries.remove(key);
        if let Some(value) = &removed {
            content.bytes -= key.len() + value.len();
        }
        removed.is_some()
    }

    /// The keys that begin with `prefix`, in ascending order. An empty prefix is that of all keys.
    fn keys(&self, prefix: &str) -> Vec<String> {
        let content = self.content();
        let from = content.entries.range_from(prefix);
        from.map(|(key, _)| key).take_while(|key| key.starts_with(prefix)).cloned().collect()
    }
}

/// The error that names the limit that was reached.
fn full(limit: String) -> PluginError {
    PluginError::LimitReached { limit }
}

impl KeyValueStore for MemoryKeyValueStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, PluginError>> {
        Box::pin(async move { Ok(self.content().entries.get(key).cloned()) })
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move { self.put(key, value) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, PluginError>> {
        Box::pin(async move { Ok(self.remove(key)) })
    }

    fn list_keys<'a>(
        &'a self,
        prefix: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, PluginError>> {
        Box::pin(async move { Ok(self.keys(prefix.unwrap_or_default())) })
    }
}
