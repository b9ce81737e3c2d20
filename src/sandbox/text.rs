//! Text that a guest chose: cut to a length, and made safe to show.

use std::fmt::Write;

use crate::contract::deceives;

/// At most `bytes` bytes of `text` from its beginning, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The text in a form that is safe for a terminal: line feeds stay. Other control characters, and those that
/// change the direction of text, appear in Rust's notation.
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

/// Appends `text` to `line`. Control characters, and those that break lines or change the direction of text,
/// appear in Rust's notation.
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
