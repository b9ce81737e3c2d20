//! `pattern` and the keys of `patternProperties`, within the regular expressions that `regex-lite`
//! knows. It takes time linear in the text, whatever the pattern.
//!
//! The difference from ECMA-262: look-around, backreferences, `\p{…}`, `\c`, `\0`, `[^]` and a brace
//! that begins no repetition are refused, so they are named as unsupported. `\s` means ASCII white
//! space only, and `.` also matches a carriage return and U+2028 and U+2029.

use regex_lite::{Regex, RegexBuilder};

use super::bounds;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// What one byte of text costs at the most, in steps.
    steps_per_byte: usize,
}

impl Pattern {
    /// # Errors
    ///
    /// Why it can't be used.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        const LEAST: usize = 512;
        // The crate doesn't tell a pattern's size, but refuses one that is over a limit.
        let within = |bytes| RegexBuilder::new(pattern).size_limit(bytes).build();
        let mut bytes = LEAST;
        loop {
            match within(bytes) {
                Ok(regex) => return Ok(Self { regex, steps_per_byte: bytes / LEAST }),
                Err(error) if bytes >= bounds::PATTERN_BYTES => return Err(error.to_string()),
                Err(_) => bytes *= 2,
            }
        }
    }

    pub(super) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// What matching `text` costs at the most, in steps.
    pub(super) fn steps(&self, text: &str) -> usize {
        (text.len() + 1).saturating_mul(self.steps_per_byte)
    }

    /// Whether it matches anywhere in `text`.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
