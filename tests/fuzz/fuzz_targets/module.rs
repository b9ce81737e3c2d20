//! Any bytes as a file as a module: read, compiled, run.

#![no_main]

#[path = "../../support/entries.rs"]
#[allow(dead_code, reason = "each target drives one of them")]
mod entries;

libfuzzer_sys::fuzz_target!(|data: &[u8]| entries::module(data));
