//! Any bytes as a URL with headers.

#![no_main]

#[path = "../../support/urls.rs"]
mod urls;

libfuzzer_sys::fuzz_target!(|data: &[u8]| urls::url(data));
