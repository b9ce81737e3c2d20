//! Parses `NAME=VALUE` in the text after a command, with quotes as in a shell.
//!
//! All other words are text for people, in which an apostrophe is an apostrophe. So the quotes of a shell are
//! parsed only in words that set a known name.

use super::error::CommandError;
use crate::contract::SortedMap;

/// The values of known names in the text. For one name the last value wins.
///
/// Within `'...'` everything stands for itself; within `"..."` a backslash keeps a `"` or a backslash;
/// outside it keeps a quote, a space or a backslash, and stands for itself before anything else.
pub(super) fn assignments(
    text: &str,
    is_known: impl Fn(&str) -> bool,
) -> Result<SortedMap<String, String>, CommandError> {
    let mut values = SortedMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        // The whole word may be quoted too: `"city=New York"`.
        let inner = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
        let assigns = inner.split_once('=').is_some_and(|(name, _)| is_known(name));
        let end = if assigns {
            let (word, end) = word(rest)?;
            let (name, value) = word.split_once('=').unwrap_or_default();
            values.insert(name.to_owned(), value.to_owned());
            end
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        rest = rest[end..].trim_start();
    }
    Ok(values)
}

/// The first word of the text without its quotes, and where it ends.
pub(super) fn word(text: &str) -> Result<(String, usize), CommandError> {
    let mut word = String::new();
    let mut quote: Option<(usize, char)> = None;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        match (letter, quote) {
            ('\\', None) if next.is_some_and(|it| it.is_whitespace() || "'\"\\".contains(it)) => {
                word.extend(letters.next().map(|(_, kept)| kept));
            }
            ('\\', Some((_, '"'))) if next.is_some_and(|it| "\"\\".contains(it)) => {
                word.extend(letters.next().map(|(_, kept)| kept));
            }
            ('"' | '\'', None) => quote = Some((at, letter)),
            (letter, Some((_, opened))) if letter == opened => quote = None,
            (letter, None) if letter.is_whitespace() => return Ok((word, at)),
            (letter, _) => word.push(letter),
        }
    }
    match quote {
        None => Ok((word, text.len())),
        Some((at, quote)) => {
            Err(CommandError::UnclosedQuote { quote, text: text[at..].to_owned() })
        }
    }
}
