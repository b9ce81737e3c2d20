//! The key-value store in memory: order, prefixes and bounds.

use smol::block_on;
use weft_lite::errors::PluginError;
use weft_lite::store::{KeyValueLimits, MemoryKeyValueStore, MemoryStores};
use weft_lite::{KeyValueStore, StoreSource};

#[track_caller]
fn set(store: &dyn KeyValueStore, key: &str, value: &str) -> Result<(), PluginError> {
    block_on(store.set(key, value.as_bytes().to_vec()))
}

#[test]
fn values_come_back_until_deleted() {
    let store = MemoryKeyValueStore::default();
    assert_eq!(block_on(store.get("a")), Ok(None));
    set(&store, "a", "1").unwrap();
    set(&store, "a", "2").unwrap();
    assert_eq!(block_on(store.get("a")), Ok(Some(b"2".to_vec())));
    assert_eq!(block_on(store.delete("a")), Ok(true));
    assert_eq!(block_on(store.delete("a")), Ok(false));
    assert_eq!(block_on(store.get("a")), Ok(None));
}

#[test]
fn keys_are_in_order_and_by_prefix() {
    let store = MemoryKeyValueStore::default();
    for key in ["b/2", "a", "b/1", "c", "b"] {
        set(&store, key, "").unwrap();
    }
    assert_eq!(block_on(store.list_keys(None)).unwrap(), ["a", "b", "b/1", "b/2", "c"]);
    assert_eq!(block_on(store.list_keys(Some("b/"))).unwrap(), ["b/1", "b/2"]);
    assert_eq!(block_on(store.list_keys(Some("d"))).unwrap(), [""; 0]);
}

#[test]
fn entries_are_bounded() {
    let store = MemoryKeyValueStore::new(KeyValueLimits { entries: 2, bytes: 100 });
    set(&store, "a", "1").unwrap();
    set(&store, "b", "1").unwrap();
    let full = Err(PluginError::LimitReached {
        limit: "2 entries; delete what is not needed, or store several values as one".to_owned(),
    });
    assert_eq!(set(&store, "c", "1"), full);
    set(&store, "b", "2").unwrap();
    block_on(store.delete("a")).unwrap();
    set(&store, "c", "1").unwrap();
}

#[test]
fn bytes_are_bounded_and_freed() {
    let store = MemoryKeyValueStore::new(KeyValueLimits { entries: 10, bytes: 10 });
    set(&store, "key", "1234567").unwrap();
    let full = Err(PluginError::LimitReached { limit: "10 bytes of keys and values".to_owned() });
    assert_eq!(set(&store, "key", "12345678"), full);
    assert_eq!(block_on(store.get("key")), Ok(Some(b"1234567".to_vec())));
    set(&store, "key", "1").unwrap();
    set(&store, "two", "123").unwrap();
    assert_eq!(set(&store, "x", ""), full);
    block_on(store.delete("key")).unwrap();
    set(&store, "x", "123").unwrap();
}

#[test]
fn a_smaller_quota_lets_entries_become_less() {
    let stores = MemoryStores::default();
    set(&*stores.namespace("notes", 10), "key", "1234567").unwrap();
    let smaller = stores.namespace("notes", 4);
    set(&*smaller, "key", "123456").unwrap();
    assert!(set(&*smaller, "key", "1234567").is_err());
    set(&*smaller, "key", "1").unwrap();
    assert!(set(&*smaller, "key", "12").is_err());
}
