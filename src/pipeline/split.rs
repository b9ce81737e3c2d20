//! Long messages in parts that a channel can carry.

use std::num::NonZeroUsize;

/// Cuts a text into parts of at most so many characters: at the end of a paragraph, a line or a word
/// where there is one in the part's second half, and otherwise anywhere between two characters. Only
/// what separated the parts is left out.
pub(super) fn split(text: &str, max_chars: Option<NonZeroUsize>) -> Vec<&str> {
    let Some(max_chars) = max_chars else { return vec![text] };
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(max_chars.get()) {
        let (cut, next) = boundary(rest, end);
        parts.push(rest[..cut].trim_end_matches('\n'));
        rest = &rest[next..];
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Where the part that has to end before `end` does, and where the next one begins.
fn boundary(text: &str, end: usize) -> (usize, usize) {
    let half = text.floor_char_boundary(end / 2);
    for separator in ["\n\n", "\n", " "] {
        // What separates may lie just behind the end.
        let last = text.len().min(end + separator.len());
        let window = &text[half..text.floor_char_boundary(last)];
        if let Some(at) = window.rfind(separator) {
            return (half + at, half + at + separator.len());
        }
    }
    (end, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, max_chars: usize) -> Vec<&str> {
        split(text, NonZeroUsize::new(max_chars))
    }

    #[test]
    fn text_is_cut_where_it_reads_best() {
        assert_eq!(parts("one two three", 8), ["one two", "three"]);
        assert_eq!(parts("one\n\ntwo three", 9), ["one", "two three"]);
        assert_eq!(parts("a line\nanother one", 12), ["a line", "another one"]);
        assert_eq!(parts("exactly", 7), ["exactly"]);
        assert_eq!(parts("exactly so", 7), ["exactly", "so"]);
        assert_eq!(parts("", 7), [""]);
    }

    #[test]
    fn parts_are_bounded_and_never_split_a_letter() {
        let text = "ä".repeat(10);
        assert_eq!(parts(&text, 4), ["ääää", "ääää", "ää"]);
        for max_chars in 1..12 {
            let text = "ab cd\nefghijk lm\n\nno";
            assert!(parts(text, max_chars).iter().all(|part| part.chars().count() <= max_chars));
            let letters: String = parts(text, max_chars).concat();
            let letters: String = letters.split_whitespace().collect();
            assert_eq!(letters, "abcdefghijklmno");
        }
    }
}
