//! How deep a YAML text nests, counted from its characters before any parser works on it.
//!
//! It follows indentation, list dashes, brackets and quotes, and nothing else of the language; where
//! it errs, the reader's own count of the same levels stands behind it.
//!
//! More than [`DEPTH`] levels are refused before a parser builds anything from them.

use crate::skill::format::lines::{KeyLine, indent, lines};

/// Lists and mappings inside each other.
pub(in crate::skill::format) const DEPTH: usize = 10;

/// Where the level opens that is one too many.
pub(in crate::skill::format) fn too_deep(text: &str) -> Option<usize> {
    let mut scan = Scan::default();
    lines(text).find_map(|(at, line)| scan.line(line).map(|column| at + column))
}

/// What opens a level of block style: its column, and whether it is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    column: usize,
    list: bool,
}

/// What is open at the end of the lines that were read.
#[derive(Debug, Default)]
struct Scan {
    /// The open levels of block style, outermost first.
    levels: Vec<Level>,
    /// The open brackets of flow style, all inside of the last level.
    brackets: usize,
    /// The quote that is open, across lines too.
    quote: Option<u8>,
    /// The indentation of the key whose lines of literal text follow.
    literal: Option<usize>,
}

impl Scan {
    /// Reads a line. Returns the column of the level that is one too many.
    fn line(&mut self, line: &str) -> Option<usize> {
        if self.quote.is_some() || self.brackets > 0 {
            return self.flow(line, 0);
        }
        let mut at = indent(line);
        let content = &line[at..];
        if content.trim().is_empty() || self.literal.is_some_and(|parent| at > parent) {
            return None;
        }
        self.literal = None;
        if content.starts_with('#') {
            return None;
        }
        while line[at..].starts_with("- ") || &line[at..] == "-" {
            if self.open(Level { column: at, list: true }) {
                return Some(at);
            }
            at += 1;
            at += indent(&line[at..]);
        }
        if let Some(key) = KeyLine::read(line) {
            if self.open(Level { column: key.key_at, list: false }) {
                return Some(key.key_at);
            }
            at = key.value_at;
        }
        while line[at..].starts_with(['&', '!']) {
            at += line[at..].find(' ').unwrap_or(line.len() - at);
            at += indent(&line[at..]);
        }
        match line.as_bytes().get(at) {
            Some(b'|' | b'>') => self.literal = self.levels.last().map(|level| level.column),
            Some(b'"' | b'\'' | b'[' | b'{') => return self.flow(line, at),
            _ => {}
        }
        None
    }

    /// Opens a level, closing those that end before it; whether that is one too many.
    fn open(&mut self, level: Level) -> bool {
        while let Some(last) = self.levels.last() {
            // A list may stand in the column of the key that it belongs to.
            let same = last.column == level.column && last.list && !level.list;
            if last.column <= level.column && !same {
                break;
            }
            self.levels.pop();
        }
        if self.levels.last() != Some(&level) {
            self.levels.push(level);
        }
        self.levels.len() > DEPTH
    }

    /// Follows brackets and quotes from `start` to the end of the line.
    fn flow(&mut self, line: &str, start: usize) -> Option<usize> {
        let bytes = line.as_bytes();
        let mut at = start;
        while let Some(&byte) = bytes.get(at) {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied();
            match (self.quote, byte) {
                (Some(b'"'), b'\\') => at += 1,
                (Some(quote), _) if quote == byte => self.quote = None,
                (Some(_), _) => {}
                (None, b'[' | b'{') => {
                    self.brackets += 1;
                    if self.levels.len() + self.brackets > DEPTH {
                        return Some(at);
                    }
                }
                (None, b']' | b'}') => self.brackets = self.brackets.saturating_sub(1),
                (None, b'"' | b'\'') if before.is_none_or(|it| b" [{,:".contains(&it)) => {
                    self.quote = Some(byte);
                }
                (None, b'#') if before == Some(b' ') => return None,
                _ => {}
            }
            at += 1;
            if self.quote.is_none() && self.brackets == 0 {
                return None;
            }
        }
        None
    }
}
