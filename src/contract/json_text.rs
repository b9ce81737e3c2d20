//! JSON text that is searched and written as text, where a value in between would cost more than the rest.

use memchr::{memchr_iter, memchr2};
use serde_json::Value;

/// A value as JSON on one line. Written with `{}` it is the same, at 5 KB of the program.
#[must_use]
pub fn json_line(value: &Value) -> String {
    // The names of members are text, so that there is no error.
    serde_json::to_string(value).unwrap_or_default()
}

/// A value as JSON over several lines, for people.
#[must_use]
pub fn json_lines(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Where the string ends that began before `at`, behind its quotation mark. `None` where the text ends
/// within it.
pub(crate) fn end_of_string(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Whether letters may be written as escapes in this JSON text: `\u0041`.
pub(crate) fn escapes_letters(json: &[u8]) -> bool {
    memchr_iter(b'\\', json).any(|at| json.get(at + 1) == Some(&b'u'))
}

/// Whether this is in the JSON text: a name with its quotation marks.
#[cfg(feature = "mcp")]
pub(crate) fn has_quoted(json: &str, name: &str) -> bool {
    memchr_iter(b'"', json.as_bytes()).any(|at| json.as_bytes()[at..].starts_with(name.as_bytes()))
}

/// Writes `text` as a JSON string, with no more escapes than it needs.
#[cfg(feature = "mcp")]
pub(crate) fn push_string(json: &mut String, text: &str) {
    json.reserve(text.len() + text.len() / 16 + 2);
    json.push('"');
    let (mut done, mut at) = (0, 0);
    while let Some(found) = next_escaped(&text.as_bytes()[at..]) {
        at += found;
        json.push_str(&text[done..at]);
        done = at + 1;
        match text.as_bytes()[at] {
            b'\n' => json.push_str("\\n"),
            b'\r' => json.push_str("\\r"),
            b'\t' => json.push_str("\\t"),
            0x8 => json.push_str("\\b"),
            0xc => json.push_str("\\f"),
            // Both stand for themselves, and come with what follows.
            b'"' | b'\\' => {
                json.push('\\');
                done = at;
            }
            sign => json.push_str(&format!("\\u{sign:04x}")),
        }
        at += 1;
    }
    json.push_str(&text[done..]);
    json.push('"');
}

/// Where the next byte is that has no place in a JSON string: eight are looked at together.
#[cfg(feature = "mcp")]
fn next_escaped(bytes: &[u8]) -> Option<usize> {
    const EACH: u64 = u64::MAX / 255;
    // The highest bit of each byte that is below `limit`. Only what follows one may be wrong.
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & (EACH * 0x80);
    let is = |word: u64, byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below(word, 0x20) | is(word, b'"') | is(word, b'\\');
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'))?;
    Some(words.len() * 8 + found)
}

#[cfg(all(test, feature = "mcp"))]
mod tests {
    use super::*;

    /// Every byte of ASCII at every place of a word, beside letters of other lengths.
    #[test]
    fn strings_are_written_as_serde_json_writes_them() {
        for byte in 0..0x80_u8 {
            for before in 0..17 {
                let sign = char::from(byte);
                let text = format!("{}{sign}\u{7f}é{sign}{sign}\u{1f600} end", "x".repeat(before));
                let mut written = String::new();
                push_string(&mut written, &text);
                assert_eq!(written, serde_json::to_string(&text).unwrap());
            }
        }
    }

    #[test]
    fn a_string_ends_at_its_own_quotation_mark() {
        for (text, end) in [
            (r#""plain" more"#, Some(7)),
            (r#""a \" and a \\" more"#, Some(15)),
            (r#""cut \""#, None),
            (r#""cut \"#, None),
            ("\"", None),
            ("", None),
        ] {
            assert_eq!(end_of_string(text.as_bytes(), 1), end, "{text}");
        }
    }
}
