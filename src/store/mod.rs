//! Key-value stores: in memory, and with the feature `store` on the disk.
//!
//! The host gives one in memory to each [`Tool`](crate::Tool) of an embedder, and an embedder can pass one in a
//! [`ToolContext`](crate::ToolContext). Plugins get theirs by the door `store`. Approvals and secrets on disk
//! belong to `package`.

#[cfg(feature = "store")]
mod durable;
#[cfg(feature = "store")]
mod error;
#[cfg(feature = "store")]
mod file_lock;
#[cfg(feature = "store")]
mod index;
#[cfg(feature = "store")]
mod listing;
#[cfg(feature = "store")]
mod log_file;
mod memory;
#[cfg(feature = "store")]
mod record;
#[cfg(feature = "store")]
mod scan;
#[cfg(feature = "store")]
mod tail;

#[cfg(feature = "store")]
pub use durable::DurableStore;
#[cfg(feature = "store")]
pub use error::StoreError;
#[cfg(feature = "store")]
pub use listing::NamespaceSummary;
pub use memory::{KeyValueLimits, MemoryKeyValueStore, MemoryStores};
