//! The door `store`: the keys and values that a plugin keeps.

use std::path::Path;
use std::sync::Arc;

use super::filesystem::store_name;
use super::options::SandboxOptions;
use crate::contract::limits::{KB, MB};
use crate::contract::{Capability, Denied, KeyValueStore, PluginError, PluginPermissions, limits};

/// The beginning of the error for a store that is full.
pub const STORE_FULL: &str = "the store is full";

/// The one namespace that a plugin reaches. No call names another.
pub(super) struct StorageGate {
    is_permitted: bool,
    /// None without the permission, and on a host that keeps nothing.
    store: Option<Arc<dyn KeyValueStore>>,
}

/// A call that the gate has let through, to the plugin's own namespace.
struct StoragePermit<'a>(&'a dyn KeyValueStore);

/// Why a call of the door failed.
pub(super) enum StorageFault {
    Denied(Denied),
    /// What is wrong, and what to do about it.
    Failed(String, String),
}

impl StorageGate {
    /// The gate of the plugin in `plugin_dir`. Nothing is opened before the first call.
    pub(super) fn new(
        id: &str,
        plugin_dir: Option<&Path>,
        permissions: &PluginPermissions,
        options: &SandboxOptions,
    ) -> Self {
        let quota = permissions.storage_kb.map(|kb| kb.get() as usize * KB);
        let name = || store_name(options.weft_home.as_deref(), plugin_dir, id);
        let store =
            quota.zip(options.stores.as_ref()).map(|(quota, it)| it.namespace(&name(), quota));
        Self { is_permitted: quota.is_some(), store }
    }

    /// Lets a call through if the manifest asks for storage and the key is not too long.
    fn permit(&self, key: &str) -> Result<StoragePermit<'_>, StorageFault> {
        if !self.is_permitted {
            return Err(StorageFault::Denied(Denied {
                capability: Capability::Storage,
                target: key.to_owned(),
                rule: "storage not permitted".into(),
                approve_with: None,
            }));
        }
        if key.len() > limits::STORE_KEY_BYTES {
            let problem = format!("the key is over {} bytes", limits::STORE_KEY_BYTES);
            return Err(StorageFault::Failed(problem, "use a shorter key".into()));
        }
        self.store.as_deref().map(StoragePermit).ok_or_else(|| {
            let problem = "this host keeps nothing for plugins".to_owned();
            StorageFault::Failed(problem, "run the plugin with `weft-lite`".into())
        })
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageFault> {
        let StoragePermit(store) = self.permit(key)?;
        Ok(store.get(key).await?)
    }

    pub(super) async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StorageFault> {
        let StoragePermit(store) = self.permit(key)?;
        if value.len() > limits::STORE_VALUE_BYTES {
            let problem = format!("the value is over {} MB", limits::STORE_VALUE_BYTES / MB);
            let next_step = "split it, and store the parts under keys of their own";
            return Err(StorageFault::Failed(problem, next_step.into()));
        }
        store.set(key, value).await.map_err(|error| match error {
            PluginError::LimitReached { limit } => failed(
                &format!("{STORE_FULL}: {limit}"),
                "delete what is not needed, or raise `permissions.storage.max_kb` in the manifest",
            ),
            error => error.into(),
        })
    }

    pub(super) async fn delete(&self, key: &str) -> Result<bool, StorageFault> {
        let StoragePermit(store) = self.permit(key)?;
        Ok(store.delete(key).await?)
    }

    pub(super) async fn keys(&self, prefix: &str) -> Result<Vec<String>, StorageFault> {
        let StoragePermit(store) = self.permit(prefix)?;
        let keys = match store.list_keys(Some(prefix)).await {
            Ok(keys) if size_of_list(&keys) <= limits::STORE_KEYS_BYTES => keys,
            Ok(_) | Err(PluginError::LimitReached { .. }) => {
                let problem = format!("the keys are over {} MB", limits::STORE_KEYS_BYTES / MB);
                return Err(StorageFault::Failed(problem, "list those of a longer prefix".into()));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(keys)
    }
}

impl From<PluginError> for StorageFault {
    fn from(error: PluginError) -> Self {
        failed(&error.to_string(), "ask the operator to look at `weft-lite store list`")
    }
}

/// A fault with the step behind the `; ` in the text, if the store says what to do, or with this one.
fn failed(text: &str, next_step: &str) -> StorageFault {
    let (problem, next_step) = text.split_once("; ").unwrap_or((text, next_step));
    StorageFault::Failed(problem.to_owned(), next_step.to_owned())
}

/// Bytes of a list of keys in a guest's memory.
pub(super) fn size_of_list(keys: &[String]) -> usize {
    keys.iter().map(|key| key.len() + size_of::<u64>()).sum()
}
