//! Stores that live in memory. What must outlast the process is kept elsewhere.

mod memory;

pub use memory::{KeyValueLimits, MemoryKeyValueStore};
