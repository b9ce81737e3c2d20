//! Cutting text that a guest chose the length of.

/// At most `bytes` bytes of `text` from its beginning, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
