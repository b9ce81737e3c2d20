//! The mind plugin: answers messages with a language model behind an OpenAI-compatible chat completions server.
//!
//! All of it but this file knows the host as a trait alone ([`doors::Host`]).

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod chat;
mod client;
mod commands;
mod date;
mod doors;
mod fault;
mod recall;
mod reply;
mod request;
mod room;
mod settings;
mod stream;
mod summary;
#[cfg(test)]
mod tests;
mod text;
mod tools;
mod turn;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use doors::{Answered, Head, Host};
use text::Text;
use weft::host::{
    clock, conversation, http, settings as settings_door, store, tools as tools_door,
};

wit_bindgen::generate!({
    path: "../../wit",
    inline: "package skills:mind; world mind {
        include clawft:plugin/plugin@0.1.0;
        include weft:kinds/stage@0.1.0;
        import weft:host/settings@0.1.0;
        import weft:host/store@0.1.0;
        import weft:host/tools@0.1.0;
        import weft:host/http@0.1.0;
        import weft:host/conversation@0.1.0;
        import weft:host/clock@0.1.0;
    }",
    generate_all,
    ownership: Borrowing { duplicate_if_necessary: false },
});

const LEVEL_WARN: u8 = 1;

struct Mind;

export!(Mind);

impl exports::plugin::Guest for Mind {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        owned(commands::run(&Bindings, &tool_name, &params_json))
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

impl exports::stage::Guest for Mind {
    fn stage_type() -> String {
        "process".to_string()
    }

    fn process(state_json: String) -> Result<String, String> {
        owned(turn::process(&Bindings, &state_json))
    }
}

/// What the bindings take.
fn owned(result: Result<Text, Text>) -> Result<String, String> {
    match result {
        Ok(text) => Ok(text.to_string()),
        Err(text) => Err(text.to_string()),
    }
}

/// The host behind the bindings.
struct Bindings;

impl Host for Bindings {
    fn settings(&self) -> String {
        settings_door::get()
    }

    fn stored(&self, key: &str) -> Answered<Option<Vec<u8>>> {
        store::get(key)
    }

    fn store(&self, key: &str, value: &[u8]) -> Answered<()> {
        store::set(key, value)
    }

    fn delete(&self, key: &str) -> Answered<bool> {
        store::delete(key)
    }

    fn keys(&self, prefix: &str) -> Answered<Vec<String>> {
        store::list_keys(prefix)
    }

    fn tools(&self) -> Answered<String> {
        tools_door::list()
    }

    fn call_all(&self, calls: &[(&str, &str)]) -> Vec<Answered<String>> {
        tools_door::call_all(calls)
    }

    fn open(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Answered<Head> {
        let head = http::open("POST", url, headers, Some(body.as_bytes()))?;
        Ok(Head { stream: head.stream, status: head.status, headers: head.headers })
    }

    fn read(&self, stream: u32) -> Answered<Option<Vec<u8>>> {
        http::read(stream)
    }

    fn close(&self, stream: u32) {
        http::close(stream);
    }

    fn current(&self) -> Option<String> {
        conversation::current()
    }

    fn say(&self, text: &str) {
        conversation::say(text);
    }

    fn note(&self, text: &str) {
        conversation::note(text);
    }

    fn cancelled(&self) -> bool {
        conversation::cancelled()
    }

    fn wall_ms(&self) -> u64 {
        clock::wall_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        clock::monotonic_ms()
    }

    fn sleep_ms(&self, duration: u64) {
        clock::sleep_ms(duration);
    }

    fn warn(&self, message: &str) {
        host::log(LEVEL_WARN, message);
    }
}
