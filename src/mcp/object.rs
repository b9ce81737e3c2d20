//! A JSON object that is written from its first member to its last, into one text.
//!
//! Results are made of parts that are JSON text already: a guest's answer, a tool's schema. Building
//! a tree of values from them, only to write it out again, would cost more than the call itself.

use memchr::memchr2;
use serde::Serialize;

use crate::contract::push_string;

/// The text of an object that is not yet closed.
#[derive(Debug, Clone)]
pub(super) struct Object(String);

impl Object {
    /// An object without members.
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    /// The head of every message.
    pub(super) fn message() -> Self {
        let mut text = String::with_capacity(256);
        text.push_str("{\"jsonrpc\":\"2.0\"");
        Self(text)
    }

    /// Adds a member. A value that can't be JSON, like a map with keys that are no text, is left out;
    /// none of this server's is one.
    pub(super) fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Self {
        if let Ok(json) = serde_json::to_string(value) {
            self.raw(name, &json);
        }
        self
    }

    /// Makes room for so many bytes more.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    /// Adds a member where there is a value.
    pub(super) fn optional<T: Serialize>(&mut self, name: &str, value: Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.member(name, &value);
        }
        self
    }

    /// Adds a member whose value is JSON text. `name` needs no escapes.
    pub(super) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.written(name, json.len(), |text| text.push_str(json))
    }

    /// Adds a member whose value is a text.
    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.written(name, value.len(), |json| push_string(json, value))
    }

    /// Adds a member whose value, of about so many bytes, is written by `write`.
    pub(super) fn written(
        &mut self,
        name: &str,
        bytes: usize,
        write: impl FnOnce(&mut String),
    ) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.reserve(name.len() + bytes + 4);
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        write(&mut self.0);
        self
    }

    /// The whole text.
    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// The whole text of `outer`, whose last member this object is. It is moved and not copied, because it
    /// may be long.
    pub(super) fn end_within(mut self, mut outer: Self, name: &str) -> String {
        outer.raw(name, "");
        self.0.reserve(outer.0.len() + 2);
        self.0.push_str("}}");
        self.0.insert_str(0, &outer.0);
        self.0
    }
}

/// A JSON array of values that are JSON text.
pub(super) fn array<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = "[".to_owned();
    for item in items {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
    text
}

/// JSON text on one line: what separates its tokens may be line feeds, which end a message on a pipe.
/// Inside of strings they are escaped, so every one that is seen separates.
pub(super) fn one_line(json: &str) -> std::borrow::Cow<'_, str> {
    let ends = memchr2(b'\n', b'\r', json.as_bytes());
    ends.map_or(json.into(), |_| json.replace(['\n', '\r'], " ").into())
}
