//! The notebook plugin: a memory in one file, with namespaces, expiry, tags and search.
//!
//! The file is read at each call, so that what others change in it counts at once.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod clock;
mod entry;
mod search;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use entry::Entry;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package guests:notebook; world notebook {
        include clawft:plugin/plugin@0.1.0;
        include weft:kinds/memory@0.1.0;
    }",
});

use exports::memory::Hit;

/// One entry a line.
const FILE: &str = "entries.jsonl";
/// Bytes of the file: reading it takes about 10 ms then.
const FULL: usize = 256 * 1024;

struct Notebook;

export!(Notebook);

impl exports::plugin::Guest for Notebook {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, _params_json: String) -> Result<String, String> {
        Err(["notebook has no tool `", &tool_name, "`"].concat())
    }

    fn describe() -> String {
        r#"{"name":"Notebook","version":"0.1.0","tools":[]}"#.to_string()
    }
}

impl exports::memory::Guest for Notebook {
    fn store(
        key: String,
        value: String,
        namespace: Option<String>,
        ttl_seconds: Option<u64>,
        tags: Vec<String>,
    ) -> Result<(), String> {
        let expires = ttl_seconds.map(|seconds| clock::seconds().saturating_add(seconds));
        let mut entries = read()?;
        entries.retain(|entry| !entry.is(&key, &namespace));
        entries.push(Entry { namespace, key, value, tags, expires });
        write(&entries)
    }

    fn retrieve(key: String, namespace: Option<String>) -> Result<Option<String>, String> {
        let mut entries = read()?.into_iter();
        Ok(entries.find(|entry| entry.is(&key, &namespace)).map(|entry| entry.value))
    }

    fn search(query: String, namespace: Option<String>, limit: u32) -> Result<Vec<Hit>, String> {
        let mut entries = read()?;
        entries.retain(|entry| entry.namespace == namespace);
        Ok(search::best(entries, &query, limit))
    }

    fn delete(key: String, namespace: Option<String>) -> Result<bool, String> {
        let mut entries = read()?;
        let before = entries.len();
        entries.retain(|entry| !entry.is(&key, &namespace));
        let there = entries.len() < before;
        if there {
            write(&entries)?;
        }
        Ok(there)
    }
}

/// What has not expired.
fn read() -> Result<Vec<Entry>, String> {
    let text = match host::read_file(FILE) {
        Ok(text) => text,
        Err(error) if error.starts_with("file not found") => String::new(),
        Err(error) => return Err(error),
    };
    let now = clock::seconds();
    let mut entries = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let entry = Entry::read(line).map_err(|problem| {
            [FILE, ", line ", &json_text::decimal(number), ": ", &problem].concat()
        })?;
        if entry.expires.is_none_or(|expires| expires > now) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn write(entries: &[Entry]) -> Result<(), String> {
    let mut text = String::new();
    for entry in entries {
        text.push_str(&entry.to_line());
        text.push('\n');
    }
    if text.len() > FULL {
        return Err("the notebook is full: delete something first".to_string());
    }
    host::write_file(FILE, &text)
}
