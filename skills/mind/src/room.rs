//! Room for a conversation in a full store: the oldest ones of other chats go.

use crate::doors::{Answered, Host};
use alloc::vec::Vec;

/// Bytes that are freed beside those that are needed, so that the next conversations fit as well.
const SPARE_BYTES: usize = 64 * 1024;
/// The beginning of the host's words for a store that is full.
const FULL: &str = "the store is full";

/// Stores a conversation under `own`. All others have keys that begin with `kind` too.
///
/// # Errors
///
/// The store can't be written, or there is no other conversation left to drop.
pub fn store(host: &dyn Host, kind: &str, own: &str, value: &[u8]) -> Answered<()> {
    match host.store(own, value) {
        Err(problem) if problem.starts_with(FULL) => {
            host.warn("the store is full: the oldest conversations of other chats are dropped");
            drop_oldest(host, kind, own, value.len() + SPARE_BYTES)?;
            host.store(own, value)
        }
        result => result,
    }
}

/// Drops conversations until so many bytes are free, or until there is only the one under `own`.
fn drop_oldest(host: &dyn Host, kind: &str, own: &str, bytes: usize) -> Answered<()> {
    let mut others = Vec::new();
    for key in host.keys(kind)? {
        if key != own {
            let value = host.stored(&key)?.unwrap_or_default();
            others.push((last_use(&value), key.len() + value.len(), key));
        }
    }
    others.sort_unstable_by_key(|(last_use, ..)| *last_use);
    let mut freed = 0;
    for (_, size, key) in others {
        if freed >= bytes {
            break;
        }
        host.delete(&key)?;
        freed += size;
    }
    Ok(())
}

/// The time that a conversation begins with.
fn last_use(value: &[u8]) -> u64 {
    let mut time: u64 = 0;
    for byte in value.iter().skip(1) {
        if !byte.is_ascii_digit() {
            break;
        }
        time = time.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
    }
    time
}
