//! A store in a folder of its own.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smol::block_on;
use weft_lite::errors::PluginError;
use weft_lite::store::DurableStore;
use weft_lite::{KeyValueStore, StoreSource};

pub(crate) const QUOTA: usize = 1024 * 1024;

pub(crate) struct Place(pub(crate) tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.0.path().join("home/store")
    }

    pub(crate) fn store(&self) -> DurableStore {
        DurableStore::new(self.folder())
    }

    pub(crate) fn open(&self, name: &str) -> Arc<dyn KeyValueStore> {
        self.store().namespace(name, QUOTA)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder().join(format!("{name}.kv"))
    }
}

pub(crate) type Entries = Vec<(String, Vec<u8>)>;

pub(crate) fn set(
    store: &Arc<dyn KeyValueStore>,
    key: &str,
    value: impl AsRef<[u8]>,
) -> Result<(), PluginError> {
    block_on(store.set(key, value.as_ref().to_vec()))
}

#[track_caller]
pub(crate) fn get(store: &Arc<dyn KeyValueStore>, key: &str) -> Option<Vec<u8>> {
    block_on(store.get(key)).unwrap()
}

#[track_caller]
pub(crate) fn entries(store: &Arc<dyn KeyValueStore>) -> Entries {
    let keys = block_on(store.list_keys(None)).unwrap();
    keys.into_iter().map(|key| (key.clone(), get(store, &key).unwrap())).collect()
}

/// All there is in a namespace, as it is exported, whatever else is wrong.
pub(crate) fn exported(folder: &Path, name: &str) -> Entries {
    let mut found = Entries::new();
    let _ = DurableStore::new(folder).export(name, |key, value| {
        found.push((key.to_owned(), value));
        ControlFlow::Continue(())
    });
    found
}
