//! The memory plugin: notes of people, of chats and of an agent, found by their words.
//!
//! Only this file knows the bindings of the host. The logic goes through [`doors::Host`].

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod backend;
mod block;
mod doors;
mod index;
mod json;
mod namespace;
mod note;
mod notes;
mod rank;
mod settings;
mod time;
mod tools;
mod words;

#[cfg(test)]
mod tests;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

wit_bindgen::generate!({
    path: "../../wit",
    generate_all,
    inline: "package skills:memory; world remembering {
        include clawft:plugin/plugin@0.1.0;
        include weft:kinds/memory@0.1.0;
        import weft:host/clock@0.1.0;
        import weft:host/conversation@0.1.0;
        import weft:host/settings@0.1.0;
        import weft:host/store@0.1.0;
    }",
});

use exports::memory::Hit;
use weft::host::{clock, conversation, settings as host_settings, store};

struct Memory;

export!(Memory);

/// The host behind the bindings.
struct Bindings;

impl doors::Host for Bindings {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        store::get(key)
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        store::set(key, value)
    }

    fn delete(&self, key: &str) -> Result<bool, String> {
        store::delete(key)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        store::list_keys(prefix)
    }

    fn now_ms(&self) -> u64 {
        clock::wall_ms()
    }

    fn conversation(&self) -> Option<String> {
        conversation::current()
    }

    fn settings(&self) -> String {
        host_settings::get()
    }
}

impl exports::plugin::Guest for Memory {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        tools::run(&Bindings, &tool_name, &params_json)
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

impl exports::memory::Guest for Memory {
    fn store(
        key: String,
        value: String,
        namespace: Option<String>,
        ttl_seconds: Option<u64>,
        tags: Vec<String>,
    ) -> Result<(), String> {
        backend::store(&Bindings, key, value, namespace, ttl_seconds, tags)
    }

    fn retrieve(key: String, namespace: Option<String>) -> Result<Option<String>, String> {
        backend::retrieve(&Bindings, &key, namespace)
    }

    fn search(query: String, namespace: Option<String>, limit: u32) -> Result<Vec<Hit>, String> {
        let hits = backend::search(&Bindings, &query, namespace, limit)?;
        let hit = |hit: backend::Hit| Hit { key: hit.key, value: hit.value, score: hit.score };
        Ok(hits.into_iter().map(hit).collect())
    }

    fn delete(key: String, namespace: Option<String>) -> Result<bool, String> {
        backend::delete(&Bindings, &key, namespace)
    }
}
