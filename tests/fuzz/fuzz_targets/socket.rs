//! Any bytes as the lines of a client of the socket.

#![no_main]

#[path = "../../support/lines.rs"]
mod lines;

libfuzzer_sys::fuzz_target!(|data: &[u8]| lines::socket_lines(data));
