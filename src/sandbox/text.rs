//! Text that a guest chose: cut to a length, and made safe to show.

use std::fmt::Write;

use crate::contract::deceives;

/// At most `bytes` bytes of `text` from its beginning, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The text as a terminal may show it: line feeds stay, and everything else that controls one, or
/// turns the direction of text, appears in Rust's notation.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            printable.push('\n');
        }
        escape(line, &mut printable);
    }
    printable
}

/// Appends `text` to `line`, with control characters, and those that break lines or turn the
/// direction of text, in Rust's notation.
pub(super) fn escape(text: &str, line: &mut String) {
    for character in text.chars() {
        if character.is_control() || deceives(character) {
            // Writing to a string can't fail.
            let _ = write!(line, "{}", character.escape_default());
        } else {
            line.push(character);
        }
    }
}
