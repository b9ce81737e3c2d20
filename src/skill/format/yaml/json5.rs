//! JSON as people type it, made into JSON: comments, commas before a closing bracket, single quotes,
//! keys without quotes. What else JSON5 allows (hexadecimal numbers, `+1`, `.5`) nobody writes here.

use serde_json::Value;

use super::nesting::DEPTH;
use crate::contract::json_line;

/// Why a text is not even that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::skill::format) enum JsonFault {
    /// The text ends inside brackets, which these would close.
    Open(String),
    /// There are too many brackets inside each other.
    TooDeep,
    /// Something else.
    Syntax,
}

/// Reads one object or list.
///
/// # Errors
///
/// [`JsonFault::TooDeep`] for more levels than a frontmatter may have, before anything is built from them.
/// [`JsonFault::Open`] has the brackets with which the text might be complete, so that the caller can try again.
pub(in crate::skill::format) fn read(text: &str) -> Result<Value, JsonFault> {
    let json = to_json(text)?;
    serde_json::from_str(&json).map_err(|_| JsonFault::Syntax)
}

/// Writes the same in JSON.
///
/// What remains wrong is found by the parser of JSON afterwards.
fn to_json(text: &str) -> Result<String, JsonFault> {
    let mut json = String::with_capacity(text.len() + 8);
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = letter.len_utf8();
        match letter {
            '"' | '\'' => {
                let (string, after) = string(rest, letter)?;
                json.push_str(&string);
                rest = after;
                continue;
            }
            '/' if rest.starts_with("//") => {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                continue;
            }
            '{' | '[' => {
                open.push(if letter == '{' { '}' } else { ']' });
                if open.len() > DEPTH {
                    return Err(JsonFault::TooDeep);
                }
                json.push(letter);
            }
            '}' | ']' => {
                if open.pop() != Some(letter) {
                    return Err(JsonFault::Syntax);
                }
                // The comma before a closing bracket is already in the text, so it is taken back.
                let kept = json.trim_end().trim_end_matches(',').len();
                json.truncate(kept);
                json.push(letter);
            }
            _ if letter.is_alphabetic() || matches!(letter, '_' | '$') => {
                let word = |it: char| it.is_alphanumeric() || matches!(it, '_' | '$' | '-');
                let end = rest.find(|it| !word(it)).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                if after.trim_start().starts_with(':') {
                    json.push_str(&json_line(&Value::from(name)));
                } else {
                    json.push_str(name);
                }
                rest = after;
                continue;
            }
            _ => json.push(letter),
        }
        rest = &rest[length..];
    }
    match open.is_empty() {
        true => Ok(json),
        false => Err(JsonFault::Open(open.into_iter().rev().collect())),
    }
}

/// The string that `text` begins with as JSON, and what follows it.
fn string(text: &str, quote: char) -> Result<(String, &str), JsonFault> {
    let mut json = String::from('"');
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => {
                escaped = false;
                match letter {
                    // A line that goes on.
                    '\n' | '\r' => drop(json.pop()),
                    // Single quotes have no escape in JSON.
                    '\'' => {
                        json.pop();
                        json.push('\'');
                    }
                    _ => json.push(letter),
                }
            }
            '\\' => {
                escaped = true;
                json.push(letter);
            }
            _ if letter == quote => {
                json.push('"');
                return Ok((json, &text[at + 1..]));
            }
            '"' => json.push_str("\\\""),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            _ => json.push(letter),
        }
    }
    Err(JsonFault::Syntax)
}
