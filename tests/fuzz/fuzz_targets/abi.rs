//! Any bytes as a guest's memory, with every pointer and length it hands over.

#![no_main]

#[path = "../../support/entries.rs"]
#[allow(dead_code, reason = "each target drives one of them")]
mod entries;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entries::abi(data));
