//! Which calls are never kept: those with a secret in them, or with a value that came out of one.
//!
//! A secret is what the operator keeps as one, what stands under a key that says so, and what looks like one. What a
//! plugin returns that handles secrets or reads the environment came out of one, and so did the results of calls to
//! which such a value was passed. These values are in memory alone.

use std::collections::VecDeque;

use serde_json::Value;

use super::call::{is_telling, nodes, text_of};

/// Bytes of confidential values that are remembered.
const BYTES: usize = 128 * 1024;
/// Characters of a value that another one has to have in it.
const PART_CHARS: usize = 4;
/// Parts of keys behind which a secret stands.
const KEYS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "api_key",
    "api-key",
    "authorization",
    "credential",
    "private_key",
    "cookie",
];
/// Beginnings of words that are secrets.
const BEGINNINGS: [&str; 10] = [
    "-----BEGIN",
    "Bearer ",
    "Basic ",
    "sk-",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "eyJ",
];

/// The confidential values that were seen.
#[derive(Default)]
pub struct Confidential {
    values: VecDeque<String>,
    bytes: usize,
}

impl Confidential {
    /// Remembers what a plugin that handles secrets was given and returned.
    pub fn add(&mut self, value: &Value) {
        for node in nodes(value) {
            if let Some(text) = text_of(node.value)
                && is_telling(node.value)
                && text.len() >= PART_CHARS
                && !self.values.contains(&text)
            {
                self.bytes += text.len();
                self.values.push_back(text);
            }
        }
        while self.bytes > BYTES
            && let Some(oldest) = self.values.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }

    /// Whether a call has something confidential in it. Then its values are remembered as well.
    pub fn covers(&mut self, params: &Value, result: &Value, secrets: &[String]) -> bool {
        let is_covered = [params, result]
            .into_iter()
            .any(|value| self.is_in(value) || has_secret(value, secrets));
        if is_covered {
            self.add(params);
            self.add(result);
        }
        is_covered
    }

    fn is_in(&self, value: &Value) -> bool {
        let mut is_found = false;
        for_each_text(value, &mut |text| {
            let shares = |known: &String| {
                (text.len() >= PART_CHARS && known.contains(text)) || text.contains(known.as_str())
            };
            is_found |= self.values.iter().any(shares);
        });
        is_found
    }
}

/// Whether a value has a secret in it: one of these, one under a telling key, or what looks like one.
fn has_secret(value: &Value, secrets: &[String]) -> bool {
    let is_secret_key = |key: &str| {
        let key = key.to_ascii_lowercase();
        KEYS.iter().any(|part| key.contains(part))
    };
    let mut keys = Vec::new();
    let mut is_found = false;
    for_each_text(value, &mut |text| {
        let words = text.split(|char: char| char.is_whitespace() || "\"'=,;".contains(char));
        let looks_like_one = |word: &str| {
            word.len() > 12 && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
        };
        is_found |= text.contains("-----BEGIN")
            || ["Bearer ", "Basic "].iter().any(|it| text.contains(it))
            || words.clone().any(looks_like_one)
            || secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret.as_str()));
    });
    collect_keys(value, &mut keys);
    is_found || keys.into_iter().any(is_secret_key)
}

fn for_each_text(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Number(number) => see(&number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| for_each_text(item, see)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            see(key);
            for_each_text(value, see);
        }),
        Value::Bool(_) | Value::Null => {}
    }
}

/// The keys behind which a text stands. A number of tokens is no secret.
fn collect_keys<'v>(value: &'v Value, keys: &mut Vec<&'v str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            if value.is_string() {
                keys.push(key);
            }
            collect_keys(value, keys);
        }),
        _ => {}
    }
}
