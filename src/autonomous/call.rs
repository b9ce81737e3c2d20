//! A call as it was observed, and the values in it.

use serde_json::Value;

use crate::contract::{is_unfit, sanitize_text};

/// Values of one call that are looked at.
const NODES: usize = 64;
/// Words of a key: more could be an instruction.
pub(super) const KEY_WORDS: usize = 3;
/// Keys of a path that a recipe can have.
const PATH_KEYS: usize = 16;

/// One successful call of a tool that a message led to.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenCall {
    /// A number for the chat or client that it belongs to. Those of clients have the bit [`OF_CLIENT`](Self::OF_CLIENT).
    pub chat: u64,
    /// A number for the message that led to it.
    pub message: u64,
    /// When it ended, in seconds since 1970.
    pub at_seconds: u64,
    /// The full name of the tool.
    pub tool: String,
    /// Its parameters.
    pub params: Value,
    /// Its result; a text if it is not JSON.
    pub result: Value,
}

impl SeenCall {
    /// What tells the numbers of clients from those of chats.
    pub const OF_CLIENT: u64 = 1 << 63;

    /// Whether a client made it, of which nobody knows what it does it for.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        self.chat & Self::OF_CLIENT != 0
    }
}

/// A value inside another one.
#[derive(Debug, Clone)]
pub(super) struct Node<'v> {
    /// The keys to it with dots between them, as recipes write them. Empty for the whole value.
    pub(super) path: String,
    pub(super) value: &'v Value,
}

/// A value and everything inside it that a recipe can name, outermost first.
pub(super) fn nodes(value: &Value) -> Vec<Node<'_>> {
    let mut found = vec![Node { path: String::new(), value }];
    let mut at = 0;
    while let Some(Node { path, value }) = found.get(at).cloned() {
        at += 1;
        let is_deep = path.split('.').count() >= PATH_KEYS;
        let mut push = |key: &str, value| {
            if found.len() < NODES && !is_deep && is_path_key(key) {
                let dot = if path.is_empty() { "" } else { "." };
                found.push(Node { path: [&path, dot, key].concat(), value });
            }
        };
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| push(key, value)),
            Value::Array(items) => {
                (0..).zip(items).for_each(|(at, value): (usize, _)| push(&at.to_string(), value));
            }
            _ => {}
        }
    }
    found
}

/// Whether a key can stand in a recipe: it is no sentence, and what is read is what it is.
pub(super) fn is_path_key(key: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    !key.is_empty()
        && key.len() <= 64
        && (key.bytes().all(is_word)
            || (!key.contains(['.', '{', '}', '\n', '\t'])
                && key.trim() == key
                && key.split_whitespace().count() <= KEY_WORDS
                && is_readable(key)))
}

/// Whether a person who reads a text sees all of it, and a model reads it as no more than a text.
pub(super) fn is_readable(text: &str) -> bool {
    let is_odd = |char: char| {
        (is_unfit(char) && !matches!(char, '\n' | '\t'))
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e01ef}')
    };
    !text.contains(is_odd) && sanitize_text(text) == text
}

/// The text that a value has within a longer text; none for lists and mappings, whose form could vary.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Where `part` stands in `text` as a word of its own, not within a longer word or number.
pub(super) fn place_of(text: &str, part: &str) -> Option<usize> {
    let mut places = text.match_indices(part).map(|(at, _)| at);
    places.find(|at| is_boundary(text, *at) && is_boundary(text, at + part.len()))
}

/// Whether no word or number goes on across this place.
pub(super) fn is_boundary(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    let goes_on = |side: Option<char>| side.is_some_and(char::is_alphanumeric);
    !(goes_on(before) && goes_on(after))
}
