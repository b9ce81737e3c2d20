//! One note, and the JSON under which the store has it.
//!
//! The JSON begins with when the note ends, in seconds since 1970, or 0. What comes after is what people and
//! models see of it.

use crate::json::{add, add_number, add_text};
use crate::time::rfc_3339;
use crate::words::{each_word, name_hash, tag_hash};
use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;
use json_text::Value;

/// Seconds since 1970; 0 for never.
const UNTIL: &str = "until";
/// The key that an embedder gave it; notes of people have none.
const KEY: &str = "key";
const TEXT: &str = "text";
const TAGS: &str = "tags";

/// A note's value in the store, as JSON and read. It is an object with at least a text.
#[derive(Debug, PartialEq)]
pub struct Note {
    pub json: String,
    value: Value,
}

/// What a note is made of.
pub struct Content<'a> {
    /// Seconds since 1970; 0 for never.
    pub until: u32,
    pub key: Option<&'a str>,
    pub text: &'a str,
    pub tags: &'a [Value],
}

/// When what lives so many seconds from now on is over; 0 for never. A second that has begun counts whole.
pub fn until(now_ms: u64, ttl_seconds: u64) -> u32 {
    match ttl_seconds {
        0 => 0,
        ttl => now_ms.div_ceil(1000).saturating_add(ttl).min(u32::MAX.into()) as u32,
    }
}

impl Content<'_> {
    /// The value of a note: what it is made of, and who said it, where and when. `who` has that as members,
    /// the person's name under `by`; it is the host's description of the conversation, or a note.
    pub fn value(&self, who: Option<&Value>, by: &str, at: &str) -> String {
        let mut json = String::new();
        add_number(&mut json, UNTIL, self.until);
        if let Some(key) = self.key {
            add_text(&mut json, KEY, key);
        }
        add_text(&mut json, TEXT, self.text);
        if !self.tags.is_empty() {
            add(&mut json, TAGS, &Value::Array(self.tags.to_vec()).to_text());
        }
        if self.until != 0 {
            add_text(&mut json, "expires", &rfc_3339(self.until));
        }
        let nobody = Value::Null;
        let who = who.unwrap_or(&nobody);
        add(&mut json, "by", &who.get(by).unwrap_or(&nobody).to_text());
        for name in ["channel", "chat", "thread"] {
            if let Some(place) = who.get(name) {
                add(&mut json, name, &place.to_text());
            }
        }
        add_text(&mut json, "at", at);
        json.push('}');
        json
    }

    /// The value of a note that was said before, by whom, where and when it was said first.
    pub fn said_again(&self, old: &Note) -> String {
        self.value(Some(&old.value), "by", old.string("at").unwrap_or_default())
    }
}

impl Note {
    /// Reads a value; none if it is no note.
    pub fn read(json: Vec<u8>) -> Option<Note> {
        let json = String::from_utf8(json).ok()?;
        let value = json_text::read(&json).ok()?;
        let note = Note { json, value };
        note.string(TEXT)?;
        Some(note)
    }

    fn string(&self, name: &str) -> Option<&str> {
        match self.value.get(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub fn key(&self) -> Option<&str> {
        self.string(KEY)
    }

    pub fn text(&self) -> &str {
        self.string(TEXT).unwrap_or_default()
    }

    /// What the note is found by exactly.
    pub fn name(&self) -> &str {
        self.key().unwrap_or_else(|| self.text())
    }

    pub fn tags(&self) -> &[Value] {
        match self.value.get(TAGS) {
            Some(Value::Array(tags)) => tags,
            _ => &[],
        }
    }

    pub fn until(&self) -> u32 {
        match self.value.get(UNTIL) {
            Some(Value::Number(number)) => number.parse().unwrap_or(0),
            _ => 0,
        }
    }

    /// The hashes under which the index has the note, ascending, and the number of its words.
    pub fn terms(&self, stemming: bool) -> (Vec<u64>, usize) {
        let mut terms = BinaryHeap::new();
        let mut texts = Vec::new();
        texts.extend(self.key());
        texts.push(self.text());
        for tag in self.tags() {
            if let Value::String(tag) = tag {
                texts.push(tag);
                terms.push(tag_hash(tag).into());
            }
        }
        terms.push(name_hash(self.name()).into());
        let others = terms.len();
        for text in texts {
            each_word(text, stemming, &mut |word| terms.push(word.into()));
        }
        let words = terms.len() - others;
        (terms.into_sorted_vec(), words)
    }
}

/// What people and models see of a value, after the members of an object that are there.
pub fn show(object: &mut String, json: &str) {
    let until = json.bytes().position(|byte| byte == b',').unwrap_or(json.len());
    object.push_str(json.get(until..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_795_857_120;

    fn value() -> String {
        let conversation =
            r#"{"channel":"console","chat":"kitchen","thread":"t","sender":"ann","is_owner":true}"#;
        let content = Content {
            until: NOW + 1,
            key: None,
            text: "Green tea \"at\" five,\n",
            tags: &["Drinks".into(), "a b".into()],
        };
        content.value(Some(&json_text::read(conversation).unwrap()), "sender", &rfc_3339(NOW))
    }

    fn note() -> Note {
        Note::read(value().into_bytes()).unwrap()
    }

    #[test]
    fn the_value_keeps_everything() {
        let note = note();
        assert_eq!(note.name(), "Green tea \"at\" five,\n");
        assert_eq!((note.key(), note.until()), (None, NOW + 1));
        assert_eq!(note.tags(), ["Drinks".into(), "a b".into()]);
        for other in ["", "[]", "{}", r#"{"text":1}"#] {
            assert_eq!(Note::read(other.into()), None, "{other}");
        }
        assert_eq!(Note::read(b"\xff".to_vec()), None);
    }

    #[test]
    fn a_key_is_the_name() {
        let content = Content { until: 0, key: Some("k"), text: "v", tags: &[] };
        let json = content.value(None, "", &rfc_3339(NOW));
        assert_eq!(
            json,
            r#"{"until":0,"key":"k","text":"v","by":null,"at":"2026-11-28T09:12:00Z"}"#
        );
        assert_eq!(Note::read(json.into()).unwrap().name(), "k");
    }

    #[test]
    fn a_result_says_who_and_when() {
        let mut shown = r#"{"id":7"#.to_string();
        show(&mut shown, &value());
        assert_eq!(
            shown,
            r#"{"id":7,"text":"Green tea \"at\" five,\n","tags":["Drinks","a b"],"expires":"2026-11-28T09:12:01Z","by":"ann","channel":"console","chat":"kitchen","thread":"t","at":"2026-11-28T09:12:00Z"}"#
        );
    }

    #[test]
    fn who_said_it_first_stays() {
        let content = Content { until: 0, key: None, text: "x", tags: &[] };
        assert_eq!(
            content.said_again(&note()),
            r#"{"until":0,"text":"x","by":"ann","channel":"console","chat":"kitchen","thread":"t","at":"2026-11-28T09:12:00Z"}"#
        );
    }

    #[test]
    fn tags_count_as_words() {
        let (terms, words) = note().terms(false);
        assert_eq!((terms.len(), words), (10, 7));
        assert!(terms.is_sorted());
        for text in ["green", "drinks", "b"] {
            each_word(text, false, &mut |word| assert!(terms.contains(&word.into()), "{text}"));
        }
        for hash in [tag_hash("DRINKS"), tag_hash("a b"), name_hash(note().text())] {
            assert!(terms.contains(&hash.into()));
        }
    }

    #[test]
    fn times_to_live_count_whole_seconds() {
        assert_eq!(until(1_000, 5), 6);
        assert_eq!(until(1_001, 5), 7);
        assert_eq!(until(1_001, 0), 0);
        assert_eq!(until(1_001, u64::MAX), u32::MAX);
    }
}
