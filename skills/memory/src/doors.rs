//! What the memory needs of its host, so that its logic runs in tests without one.

use alloc::string::String;
use alloc::vec::Vec;

pub trait Host {
    /// The value of a key of the store.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;

    /// Replaces a value. It is durable when the call returns.
    fn set(&self, key: &str, value: &[u8]) -> Result<(), String>;

    /// Whether the key was there.
    fn delete(&self, key: &str) -> Result<bool, String>;

    /// The keys with a prefix, ascending.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, String>;

    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// Whom the call works for, as the host's JSON; none if it is nobody who can be named.
    fn conversation(&self) -> Option<String>;

    /// The operator's settings as JSON.
    fn settings(&self) -> String;
}
