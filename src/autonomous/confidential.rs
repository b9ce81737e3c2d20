//! Which calls are never kept: those with a secret in them, or with a value that came out of one.
//!
//! A secret is what the operator keeps as one, what stands under a key or behind a word that says so, and what looks
//! like one. What a plugin returns that handles secrets or reads the environment came out of one, and so did the
//! results of calls to which such a value was passed. These values are in memory alone.

use std::collections::VecDeque;
use std::hash::Hash;

use serde_json::Value;

use super::link::digest;
use crate::contract::SortedSet;

/// Bytes of confidential texts that are remembered.
const BYTES: usize = 64 * 1024;
/// Bytes of one value's texts that are remembered.
const VALUE_BYTES: usize = 16 * 1024;
/// Bytes that are searched for the texts of one call. One for which that is not enough is confidential.
const SEARCHED_BYTES: usize = 4 * 1024 * 1024;
/// Characters of a text that another one has to have in it.
const PART_CHARS: usize = 4;
/// Characters of a word that tells where it comes from, if it has a digit or a sign in it, and if it has none.
const WORD_CHARS: (usize, usize) = (5, 8);
/// What names of secrets have in them.
const NAMES: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credential",
    "cookie",
];
/// Whole names of secrets.
const WHOLE_NAMES: [&str; 6] = ["pass", "pin", "otp", "auth", "jwt", "bearer"];
/// Beginnings of words that are secrets.
const BEGINNINGS: [&str; 7] = ["sk-", "ghp_", "github_pat_", "glpat-", "xox", "AKIA", "eyJ"];

/// The confidential values that were seen.
#[derive(Default)]
pub struct Confidential {
    texts: VecDeque<String>,
    bytes: usize,
    /// Numbers for the words of the texts.
    words: SortedSet<u64>,
}

impl Confidential {
    /// Remembers what a plugin that handles secrets was given or returned. Returns `false` if that is too much.
    pub fn add(&mut self, value: &Value) -> bool {
        let mut left = VALUE_BYTES;
        let mut is_whole = true;
        for_each_text(value, &mut |text, is_key| {
            let says_something = text.len() >= PART_CHARS && !(is_key && is_plain_name(text));
            if !says_something || self.texts.iter().any(|known| known == text) {
                return;
            }
            is_whole &= text.len() <= left;
            left = left.saturating_sub(text.len());
            if is_whole {
                self.bytes += text.len();
                self.words.extend(telling_words(text));
                self.texts.push_back(text.to_owned());
            }
        });
        if self.bytes > BYTES {
            while self.bytes > BYTES / 2
                && let Some(oldest) = self.texts.pop_front()
            {
                self.bytes -= oldest.len();
            }
            self.words = self.texts.iter().flat_map(|text| telling_words(text)).collect();
        }
        is_whole
    }

    /// Whether nothing confidential is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether a call has something confidential in it. Then its values are remembered as well. `is_secret` knows
    /// texts with the operator's secrets in them.
    pub fn covers(
        &mut self,
        params: &Value,
        result: &Value,
        is_secret: &dyn Fn(&str) -> bool,
    ) -> bool {
        let is_covered = [params, result]
            .into_iter()
            .any(|value| self.is_in(value) || has_secret(value, is_secret));
        if is_covered {
            self.add(params);
            self.add(result);
        }
        is_covered
    }

    fn is_in(&self, value: &Value) -> bool {
        let mut is_found = false;
        let mut left = SEARCHED_BYTES;
        for_each_text(value, &mut |text, _| {
            if is_found || self.texts.is_empty() {
                return;
            }
            let searched = self.bytes + self.texts.len() * text.len();
            let Some(rest) = left.checked_sub(searched) else {
                is_found = true;
                return;
            };
            left = rest;
            let shares = |known: &String| {
                (text.len() >= PART_CHARS && known.contains(text)) || text.contains(known.as_str())
            };
            is_found = self.texts.iter().any(shares)
                || telling_words(text).any(|word| self.words.contains(&word));
        });
        is_found
    }
}

/// Numbers for the words of a text that are hardly there by chance: as they are between spaces and quotes, and
/// without any signs.
fn telling_words(text: &str) -> impl Iterator<Item = u64> {
    let ends = |char: char| char.is_whitespace() || "\"'`,;()[]{}<>".contains(char);
    let signs = |char: char| !char.is_alphanumeric();
    let whole = text.split(ends).map(move |word| word.trim_matches(signs));
    let is_telling = |word: &&str| {
        let (mixed, plain) = WORD_CHARS;
        word.len() >= plain || (word.len() >= mixed && !word.chars().all(char::is_alphabetic))
    };
    whole
        .chain(text.split(signs))
        .filter(is_telling)
        .map(|word| digest(&|mut hasher| word.hash(&mut hasher)))
}

/// Whether a value has a secret in it: one that `is_secret` knows, one with a telling name, or what looks like one.
pub fn has_secret(value: &Value, is_secret: &dyn Fn(&str) -> bool) -> bool {
    let mut is_found = false;
    for_each_text(value, &mut |text, _| {
        is_found = is_found || looks_secret(text) || is_secret(text);
    });
    is_found || has_named_secret(value)
}

fn looks_secret(text: &str) -> bool {
    let word_of_token = |char: char| !(char.is_ascii_alphanumeric() || "-_".contains(char));
    let is_token = |word: &str| {
        word.len() > 12 && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
    };
    let mut before = "";
    let is_behind_scheme = text.split_whitespace().any(|word| {
        let least = [("bearer", PART_CHARS), ("basic", WORD_CHARS.1)];
        let is_scheme = |it: &&(&str, usize)| {
            before.len() >= it.0.len()
                && before.is_char_boundary(before.len() - it.0.len())
                && before[before.len() - it.0.len()..].eq_ignore_ascii_case(it.0)
        };
        let is_it = least.iter().find(is_scheme).is_some_and(|it| word.len() >= it.1);
        before = word;
        is_it
    });
    let is_user = text.contains('@')
        && text.split("://").skip(1).any(|rest| {
            let end = |char: char| char.is_whitespace() || "/?#\"".contains(char);
            let place = rest.split(end).next().unwrap_or_default();
            place.split_once('@').is_some_and(|(user, _)| user.contains(':'))
        });
    (text.contains('-') && text.contains("-----BEGIN"))
        || text.split(word_of_token).any(is_token)
        || is_behind_scheme
        || is_user
        || is_assigned(text)
}

/// Whether a text says what a secret is: `password=x`, `"api_key": "x"`.
fn is_assigned(text: &str) -> bool {
    let is_part = |char: char| char.is_ascii_alphanumeric() || "_-".contains(char);
    let is_between = |char: char| char.is_whitespace() || "\"'\\".contains(char);
    let signs = text.match_indices([':', '=']);
    let mut places = signs.map(|(at, _)| (&text[..at], &text[at + 1..]));
    places.any(|(before, behind)| {
        let before = before.trim_end_matches(is_between);
        let start = before.trim_end_matches(is_part).len();
        let name = &before[start..];
        if !is_secret_name(name, false) {
            return false;
        }
        let value = behind.trim_start_matches(is_between);
        let value = value.split(|char: char| is_between(char) || ",;&".contains(char)).next();
        let value = value.unwrap_or_default();
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        !value.is_empty() && is_secret_name(name, is_number)
    })
}

/// Whether what has this name is a secret. A number of tokens is none.
fn is_secret_name(name: &str, is_number: bool) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    WHOLE_NAMES.contains(&&*name)
        || NAMES.iter().any(|part| has_part(&name, part) && !(is_number && *part == "token"))
}

/// Whether a short name has this part. A search of the standard library is made ready for each part anew.
fn has_part(name: &str, part: &str) -> bool {
    name.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

fn has_named_secret(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_named_secret),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let has = match value {
                Value::String(text) => !text.is_empty() && is_secret_name(name, false),
                Value::Number(_) => is_secret_name(name, true),
                Value::Array(_) | Value::Object(_) => {
                    let mut has_text = false;
                    for_each_text(value, &mut |_, is_key| has_text |= !is_key);
                    has_text && is_secret_name(name, false)
                }
                Value::Bool(_) | Value::Null => false,
            };
            has || has_named_secret(value)
        }),
        _ => false,
    }
}

/// Whether a key says nothing but what stands behind it.
fn is_plain_name(key: &str) -> bool {
    key.len() <= 24 && key.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_- ".contains(&byte))
}

/// Sees every text and number in a value, and whether it is a key.
fn for_each_text(value: &Value, see: &mut dyn FnMut(&str, bool)) {
    match value {
        Value::String(text) => see(text, false),
        Value::Number(number) => see(&number.to_string(), false),
        Value::Array(items) => items.iter().for_each(|item| for_each_text(item, see)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            see(key, true);
            for_each_text(value, see);
        }),
        Value::Bool(_) | Value::Null => {}
    }
}
