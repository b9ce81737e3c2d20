//! Lines, the keys that they begin with, quoted values, and positions: the text tools that every part
//! of the reader shares.
//!
//! Offsets count bytes of the decoded text. Diagnostics count lines and characters, both from 1.

use std::ops::Range;

/// Every line with the offset at which it begins, without what ends it.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |next, line| {
        let start = *next;
        *next += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        Some((start, line.strip_suffix('\r').unwrap_or(line)))
    })
}

/// Line and column of an offset.
pub(super) fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = &text[..text.floor_char_boundary(offset)];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[start..].chars().count() + 1;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    (number(line), number(column))
}

/// The offset of a line and column, both from 1; within the line where the column is beyond it.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let Some((start, line)) = lines(text).nth(line.saturating_sub(1)) else { return text.len() };
    let within = line.char_indices().nth(column.saturating_sub(1));
    start + within.map_or(line.len(), |(at, _)| at)
}

/// Spaces before anything else.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The value in quotes: in double ones where nothing in it needs an escape there.
pub(super) fn quoted(value: &str) -> String {
    match value.contains(['"', '\\']) {
        true => format!("'{}'", value.replace('\'', "''")),
        false => format!("\"{value}\""),
    }
}

/// A line that begins with `key:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyLine<'t> {
    /// The bytes before the key: spaces, and `- ` where it is the first of a list's item.
    pub(super) key_at: usize,
    /// The key, without quotes.
    pub(super) key: &'t str,
    /// Where its value begins, or the line ends.
    pub(super) value_at: usize,
}

impl<'t> KeyLine<'t> {
    /// The line's key (letters, digits, `_`, `-`, `.`, quoted or not), or `None`.
    pub(super) fn read(line: &'t str) -> Option<Self> {
        let mut key_at = indent(line);
        while let Some(rest) = line[key_at..].strip_prefix("- ") {
            key_at += 2 + indent(rest);
        }
        let rest = &line[key_at..];
        let quote = rest.chars().next().filter(|letter| matches!(letter, '"' | '\''));
        let inner = &rest[quote.map_or(0, char::len_utf8)..];
        let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let key = &inner[..inner.find(|letter| !is_word(letter)).unwrap_or(inner.len())];
        let after = inner.get(key.len()..)?;
        let after = match quote {
            Some(quote) => after.strip_prefix(quote)?,
            None => after,
        };
        let value = after.trim_start_matches(' ').strip_prefix(':')?;
        if key.is_empty() || !(value.is_empty() || value.starts_with([' ', '\t'])) {
            return None;
        }
        Some(Self { key_at, key, value_at: line.len() - value.trim_start().len() })
    }
}

/// Where the keys of a frontmatter stand.
#[derive(Debug, Clone)]
pub(super) struct KeyPlaces<'t> {
    text: &'t str,
    range: Range<usize>,
}

impl<'t> KeyPlaces<'t> {
    /// The place of keys in `range` of `text`.
    pub(super) fn new(text: &'t str, range: Range<usize>) -> Self {
        Self { text, range }
    }

    /// The offset of the frontmatter's first line.
    pub(super) fn start(&self) -> usize {
        self.range.start
    }

    /// The first line of the outermost mapping that has this key, and where it begins in the frontmatter.
    fn top(&self, key: &str) -> Option<(usize, KeyLine<'t>)> {
        lines(&self.text[self.range.clone()])
            .filter(|(_, line)| !line.starts_with([' ', '-']))
            .find_map(|(at, line)| Some((at, KeyLine::read(line).filter(|it| it.key == key)?)))
    }

    /// The offset of a key of the outermost mapping.
    pub(super) fn key(&self, key: &str) -> usize {
        let found = self.top(key).map_or(0, |(at, line)| at + line.key_at);
        self.range.start + found
    }

    /// The offset of a key where it is given for the last time.
    pub(super) fn last(&self, key: &str) -> usize {
        let found = lines(&self.text[self.range.clone()])
            .filter(|(_, line)| KeyLine::read(line).is_some_and(|it| it.key == key))
            .last();
        self.range.start + found.map_or(0, |(at, line)| at + indent(line))
    }

    /// The offset of its value.
    pub(super) fn value(&self, key: &str) -> usize {
        self.range.start + self.top(key).map_or(0, |(at, line)| at + line.value_at)
    }

    /// The offset of a key that is inside others: `["metadata", "openclaw", "os"]`.
    pub(super) fn inner(&self, path: &[&str]) -> usize {
        let Some((first, rest)) = path.split_first() else { return self.range.start };
        let mut at = self.value(first);
        for key in rest {
            let text = &self.text[at..self.range.end];
            let found = text.match_indices(key).find(|(found, _)| {
                let before = text[..*found].chars().next_back();
                let after = text[found + key.len()..].trim_start_matches(['"', '\'', ' ']);
                before.is_none_or(|it| !it.is_alphanumeric() && !"_-.".contains(it))
                    && after.starts_with(':')
            });
            let Some((found, _)) = found else { return at };
            at += found;
        }
        at
    }
}
