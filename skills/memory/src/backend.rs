//! The memory of an agent, under the namespaces that the program around the host names.

use crate::doors::Host;
use crate::namespace::of_backend;
use crate::note::{Content, until};
use crate::notes::{Notes, Query, words};
use crate::time::rfc_3339;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::Value;

/// Of a key, a value and all tags together.
const ENTRY_BYTES: usize = 64 * 1024;
/// Of the hits of one search together: the host takes 4 MB.
const HITS_BYTES: usize = 3 * 1024 * 1024;

pub struct Hit {
    pub key: String,
    pub value: String,
    pub score: f64,
}

pub fn store(
    host: &dyn Host,
    key: String,
    value: String,
    namespace: Option<String>,
    ttl_seconds: Option<u64>,
    tags: Vec<String>,
) -> Result<(), String> {
    let mut bytes = key.len() + value.len();
    for tag in &tags {
        bytes += tag.len();
    }
    if bytes > ENTRY_BYTES {
        return Err(
            "key, value and tags have more than 64 KB: store the value in parts".to_string()
        );
    }
    if ttl_seconds == Some(0) {
        return delete(host, &key, namespace).map(drop);
    }
    let notes = notes(host, namespace)?;
    let tags: Vec<Value> = tags.into_iter().map(Value::String).collect();
    let until = until(host.now_ms(), ttl_seconds.unwrap_or(0));
    let content = Content { until, key: Some(&key), text: &value, tags: &tags };
    let value = content.value(None, "", &rfc_3339(notes.now));
    notes.keep(&key, value, &|_| None).map(drop)
}

pub fn retrieve(
    host: &dyn Host,
    key: &str,
    namespace: Option<String>,
) -> Result<Option<String>, String> {
    let note = notes(host, namespace)?.get(key)?;
    Ok(note.map(|note| note.text().to_string()))
}

/// The entries that have a word of the query, the best first. A query without words finds all of them,
/// the newest first.
pub fn search(
    host: &dyn Host,
    query: &str,
    namespace: Option<String>,
    limit: u32,
) -> Result<Vec<Hit>, String> {
    let query = Query {
        text: Some(query).filter(|query| !words(query, false).is_empty()),
        tag: None,
        before: u32::MAX,
        limit: limit as usize,
        most_bytes: HITS_BYTES,
    };
    let mut hits = Vec::new();
    notes(host, namespace)?.find(&query, &mut |_, score, note| {
        let (key, value) = (note.name().to_string(), note.text().to_string());
        hits.push(Hit { key, value, score: score.into() });
    })?;
    Ok(hits)
}

pub fn delete(host: &dyn Host, key: &str, namespace: Option<String>) -> Result<bool, String> {
    notes(host, namespace)?.forget_name(key)
}

#[inline(never)]
fn notes(host: &dyn Host, namespace: Option<String>) -> Result<Notes<'_>, String> {
    Notes::of(host, of_backend(namespace.as_deref())?)
}
