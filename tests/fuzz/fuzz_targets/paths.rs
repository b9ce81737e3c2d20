//! Any bytes as paths that a guest reads and writes.

#![no_main]

#[path = "../../support/entries.rs"]
#[allow(dead_code, reason = "each target drives one of them")]
mod entries;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entries::paths(data));
