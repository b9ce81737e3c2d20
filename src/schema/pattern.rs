//! `pattern` and the keys of `patternProperties`, within the regular expressions that `regex-lite`
//! knows. It takes time linear in the text, whatever the pattern.
//!
//! The difference from ECMA-262: look-around, backreferences, `\p{…}`, `\c`, `\0`, `[^]` and a brace
//! that begins no repetition are refused, so they are named as unsupported. `\s` means ASCII white
//! space only, and `.` also matches a carriage return and U+2028 and U+2029.

use regex_lite::{Regex, RegexBuilder};

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// How large it is, compiled: a power of two that it fits in.
    bytes: usize,
}

/// The size up to which matching costs one step for each byte of text.
const SMALL: usize = 512;

impl Pattern {
    /// Compiles a pattern of at most so many bytes.
    ///
    /// # Errors
    ///
    /// Why it can't be used.
    pub(super) fn new(pattern: &str, most: usize) -> Result<Self, String> {
        if pattern.len() > most {
            return Err("it is too long, or all patterns of the schema together are".into());
        }
        // The crate doesn't tell a pattern's size, but refuses one that is over a limit.
        let within = |bytes| RegexBuilder::new(pattern).size_limit(bytes).build();
        let mut bytes = SMALL;
        loop {
            match within(bytes) {
                Ok(regex) => return Ok(Self { regex, bytes }),
                Err(error) if bytes * 2 > most => return Err(error.to_string()),
                Err(_) => bytes *= 2,
            }
        }
    }

    /// How large it is, compiled; counted against
    /// [`bounds::PATTERNS_BYTES`](super::bounds::PATTERNS_BYTES).
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The pattern as the schema has it, for messages.
    pub(super) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// What matching `text` costs at the most, in steps.
    ///
    /// The time grows with the text and with the size of the compiled pattern.
    pub(super) fn steps(&self, text: &str) -> usize {
        (text.len() + 1).saturating_mul(self.bytes / SMALL)
    }

    /// Whether it matches anywhere in `text`.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
