//! The mailbox plugin: a channel over files, for other programs on the same machine.
//!
//! In the folder that it is granted, a program adds lines to `inbox.jsonl` and finds what was sent
//! in `outbox/<number>.json`. A line that was acknowledged is never given again, also not by the next
//! instance; what is sent gets a number of its own for ever.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod files;
mod inbox;
mod outbox;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package guests:mailbox; world mailbox {
        include clawft:plugin/plugin@0.1.0;
        include weft:kinds/channel@0.1.0;
        include weft:kinds/receipts@0.1.0;
    }",
});

use exports::channel::Inbound;

struct Mailbox;

export!(Mailbox);

impl exports::plugin::Guest for Mailbox {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, _params_json: String) -> Result<String, String> {
        Err(["mailbox has no tool `", &tool_name, "`"].concat())
    }

    fn describe() -> String {
        r#"{"name":"Mailbox","version":"0.1.0","tools":[]}"#.to_string()
    }
}

impl exports::channel::Guest for Mailbox {
    fn poll() -> Result<Vec<Inbound>, String> {
        inbox::poll()
    }

    fn send(target: String, payload_json: String) -> Result<String, String> {
        outbox::send(&target, &payload_json)
    }
}

impl exports::receipts::Guest for Mailbox {
    fn acknowledge(message_id: String) -> Result<(), String> {
        inbox::acknowledge(&message_id)
    }
}
