//! Any bytes as the messages of an MCP client.

#![no_main]

#[path = "../../support/messages.rs"]
mod messages;

libfuzzer_sys::fuzz_target!(|data: &[u8]| messages::json_rpc(data));
