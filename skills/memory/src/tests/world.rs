//! A host in memory for tests: a store that can end at any write, a clock, and whoever speaks.

use crate::doors::Host;
use crate::{backend, tools};
use json_text::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

pub struct World {
    pub store: RefCell<BTreeMap<String, Vec<u8>>>,
    pub now_ms: Cell<u64>,
    pub speaker: RefCell<Option<String>>,
    pub settings: RefCell<String>,
    /// Writes until the process ends; none of them works any more then, and nothing is read.
    pub writes_left: Cell<Option<u32>>,
    /// Bytes of all keys and values.
    pub room: Cell<usize>,
    /// What somebody else writes before one of the next values is set, and how many come before it.
    pub intruder: RefCell<Option<(u32, String, Vec<u8>)>>,
    pub gets: Cell<u32>,
    pub sets: Cell<u32>,
}

impl World {
    pub fn new() -> World {
        World {
            store: RefCell::default(),
            now_ms: Cell::new(1_795_857_120_000),
            speaker: RefCell::new(None),
            settings: RefCell::new("{}".into()),
            writes_left: Cell::new(None),
            room: Cell::new(usize::MAX),
            intruder: RefCell::default(),
            gets: Cell::new(0),
            sets: Cell::new(0),
        }
    }

    /// A person of a channel, in a chat of that channel.
    pub fn speaks(&self, channel: &str, chat: &str, sender: &str) {
        let speaker = format!(
            r#"{{"channel":"{channel}","chat":"{chat}","sender":"{sender}","is_owner":false}}"#
        );
        *self.speaker.borrow_mut() = Some(speaker);
    }

    pub fn with_settings(self, settings: &str) -> World {
        *self.settings.borrow_mut() = settings.into();
        self
    }

    pub fn pass(&self, seconds: u64) {
        self.now_ms.set(self.now_ms.get() + seconds * 1000);
    }

    pub fn try_run(&self, tool: &str, params: &str) -> Result<Value, String> {
        tools::run(self, tool, params)
            .map(|text| json_text::read(&text).expect("the result is JSON"))
    }

    #[track_caller]
    pub fn run(&self, tool: &str, params: &str) -> Value {
        self.try_run(tool, params).unwrap_or_else(|error| panic!("{tool} {params}: {error}"))
    }

    /// The id of a note that is kept.
    #[track_caller]
    pub fn remember(&self, text: &str) -> u32 {
        let mut json = String::new();
        json_text::push_string(text, &mut json);
        number(&self.run("remember", &format!(r#"{{"text":{json}}}"#)), "id")
    }

    /// The texts that are found, the best first.
    #[track_caller]
    pub fn recall(&self, query: &str) -> Vec<String> {
        texts(&self.run("recall", &format!(r#"{{"query":"{query}","limit":50}}"#)))
    }

    #[track_caller]
    pub fn list(&self) -> Vec<String> {
        texts(&self.run("list", r#"{"limit":100}"#))
    }

    pub fn store_value(&self, key: &str, value: &str, namespace: Option<&str>) {
        backend::store(self, key.into(), value.into(), namespace.map(Into::into), None, vec![])
            .expect("there is room");
    }

    /// All bytes of the store, as a text to look into.
    pub fn dump(&self) -> String {
        let store = self.store.borrow();
        store
            .iter()
            .map(|(key, value)| format!("{key} {}\n", String::from_utf8_lossy(value)))
            .collect()
    }

    fn write(&self) -> Result<(), String> {
        match self.writes_left.get() {
            Some(0) => Err("the process has ended".into()),
            left => {
                self.writes_left.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }
}

impl Host for World {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        assert!(key.len() <= 512, "{key}");
        self.gets.set(self.gets.get() + 1);
        if self.writes_left.get() == Some(0) {
            return Err("the process has ended".into());
        }
        Ok(self.store.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        assert!(value.len() <= 1_000_000, "{key} has {} bytes", value.len());
        self.write()?;
        self.sets.set(self.sets.get() + 1);
        match self.intruder.take() {
            Some((0, key, value)) => {
                self.store.borrow_mut().insert(key, value);
            }
            Some((left, key, value)) => *self.intruder.borrow_mut() = Some((left - 1, key, value)),
            None => {}
        }
        let mut store = self.store.borrow_mut();
        let others = store.iter().filter(|(other, _)| *other != key);
        let used: usize = others.map(|(key, value)| key.len() + value.len()).sum();
        if used + key.len() + value.len() > self.room.get() {
            return Err("the store of this plugin is full".into());
        }
        store.insert(key.into(), value.into());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<bool, String> {
        self.write()?;
        Ok(self.store.borrow_mut().remove(key).is_some())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        let store = self.store.borrow();
        Ok(store.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn conversation(&self) -> Option<String> {
        self.speaker.borrow().clone()
    }

    fn settings(&self) -> String {
        self.settings.borrow().clone()
    }
}

#[track_caller]
pub fn number(value: &Value, name: &str) -> u32 {
    match value.get(name) {
        Some(Value::Number(number)) => number.parse().expect("it is an integer"),
        other => panic!("`{name}` is {other:?}"),
    }
}

#[track_caller]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    match value.get(name) {
        Some(Value::String(text)) => text,
        other => panic!("`{name}` is {other:?}"),
    }
}

#[track_caller]
pub fn notes(value: &Value) -> &[Value] {
    match value.get("notes") {
        Some(Value::Array(notes)) => notes,
        other => panic!("`notes` is {other:?}"),
    }
}

#[track_caller]
pub fn texts(value: &Value) -> Vec<String> {
    notes(value).iter().map(|note| text(note, "text").to_string()).collect()
}

/// Numbers from a seed: a linear congruential generator with the constants of Knuth's MMIX.
pub struct Numbers(pub u64);

impl Numbers {
    /// One below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}
