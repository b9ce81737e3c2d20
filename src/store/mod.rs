//! Stores that live in memory. What must outlast the process is kept elsewhere.
//!
//! The host gives one to each [`Tool`](crate::Tool) of an embedder, and an embedder can pass one in a
//! [`ToolContext`](crate::ToolContext). Approvals and secrets on disk belong to `package`.

mod memory;

pub use memory::{KeyValueLimits, MemoryKeyValueStore};
