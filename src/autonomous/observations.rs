//! What is kept of calls: bounded, for a time, and in a form that names no chat and no person.
//!
//! Calls are kept in batches, each a value of a key-value store under a key that begins with its time. Several
//! processes can add to one store. The store is what counts: a batch that somebody removed is forgotten.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::SeenCall;
use crate::contract::{KeyValueStore, PluginError, json_line, sort_by};

/// Bytes of observations that are kept. The store's file has at most twice as many and 64 KB, until it is rewritten.
pub const OBSERVED_BYTES: usize = 192 * 1024;
/// Seconds for which they are kept.
pub const OBSERVED_SECONDS: u64 = 30 * 24 * 60 * 60;
/// Bytes of one batch, so that old calls can go in small parts.
const BATCH_BYTES: usize = 16 * 1024;

/// The calls in a store.
pub struct Observations {
    store: Arc<dyn KeyValueStore>,
    /// What tells the batches of this process from those of others.
    process: String,
    batches: u64,
    /// The keys of all batches that are known, oldest first, with their bytes.
    known: Vec<(String, usize)>,
}

impl Observations {
    /// Those in `store`. `process` is a text of its own for each process.
    #[must_use]
    pub fn new(store: Arc<dyn KeyValueStore>, process: String) -> Self {
        Self { store, process, batches: 0, known: Vec::new() }
    }

    /// Reads all calls that are not too old, oldest first. What can't be read is left out.
    ///
    /// # Errors
    ///
    /// The store can't be read.
    pub async fn read(&mut self, now_seconds: u64) -> Result<Vec<SeenCall>, PluginError> {
        let mut calls = Vec::new();
        self.known.clear();
        for key in self.store.list_keys(None).await? {
            let Some(batch) = self.store.get(&key).await? else { continue };
            self.known.push((key, batch.len()));
            let lines = batch.split(|byte| *byte == b'\n');
            let read = lines.filter_map(|line| call_of(&serde_json::from_slice(line).ok()?));
            calls.extend(
                read.filter(|call| now_seconds < call.at_seconds.saturating_add(OBSERVED_SECONDS)),
            );
        }
        Ok(calls)
    }

    /// Adds calls to a store that somebody has emptied.
    ///
    /// # Errors
    ///
    /// The store can't be read or written.
    pub async fn put_back(
        &mut self,
        calls: &[SeenCall],
        now_seconds: u64,
    ) -> Result<(), PluginError> {
        self.known.clear();
        self.add(calls, now_seconds).await.map(|_| ())
    }

    /// Adds calls, and removes what is too old or too much. Returns `false` if a batch is gone that this process did
    /// not remove: then all of it is to be read again.
    ///
    /// # Errors
    ///
    /// The store can't be read or written.
    pub async fn add(&mut self, calls: &[SeenCall], now_seconds: u64) -> Result<bool, PluginError> {
        let keys = self.store.list_keys(None).await?;
        let before = self.known.len();
        self.known.retain(|(known, _)| keys.contains(known));
        let is_whole = self.known.len() == before;
        // Other processes count, too.
        for key in keys {
            if !self.known.iter().any(|(known, _)| *known == key) {
                let bytes = self.store.get(&key).await?.map_or(0, |batch| batch.len());
                self.known.push((key, bytes));
            }
        }
        // What would be removed at once is not written.
        let mut room = OBSERVED_BYTES;
        let newest = calls.iter().rev().map(|call| json_line(&value_of(call)));
        let fits = |line: &String| {
            room = room.saturating_sub(line.len() + 1);
            room > 0
        };
        let mut lines: Vec<String> = newest.take_while(fits).collect();
        lines.reverse();
        let mut batch = String::new();
        for (at, line) in lines.iter().enumerate() {
            batch.push_str(line);
            batch.push('\n');
            if batch.len() >= BATCH_BYTES || at + 1 == lines.len() {
                self.batches += 1;
                let key = format!("{now_seconds:012}-{}-{:06}", self.process, self.batches);
                self.known.push((key.clone(), batch.len()));
                self.store.set(&key, std::mem::take(&mut batch).into_bytes()).await?;
            }
        }
        sort_by(&mut self.known, |(one, _), (other, _)| one.cmp(other));
        let oldest = now_seconds.saturating_sub(OBSERVED_SECONDS);
        let is_old = |key: &str| {
            key.get(..12).and_then(|it| it.parse().ok()).is_none_or(|it: u64| it < oldest)
        };
        let mut bytes: usize = self.known.iter().map(|(_, bytes)| bytes).sum();
        while let Some((key, size)) = self.known.first()
            && (bytes > OBSERVED_BYTES || is_old(key))
        {
            bytes -= size;
            self.store.delete(key).await?;
            self.known.remove(0);
        }
        Ok(is_whole)
    }
}

fn value_of(call: &SeenCall) -> Value {
    let SeenCall { chat, message, at_seconds, tool, params, result } = call;
    json!({ "c": chat, "m": message, "t": at_seconds, "n": tool, "p": params, "r": result })
}

fn call_of(value: &Value) -> Option<SeenCall> {
    Some(SeenCall {
        chat: value["c"].as_u64()?,
        message: value["m"].as_u64()?,
        at_seconds: value["t"].as_u64()?,
        tool: value["n"].as_str()?.to_owned(),
        params: value.get("p")?.clone(),
        result: value.get("r")?.clone(),
    })
}
