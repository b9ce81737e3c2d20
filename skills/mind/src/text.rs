//! Texts and JSON: filling templates, cutting, searching and reading, with little code.

use alloc::boxed::Box;
use alloc::string::String;
use json_text::{Value, push_string};

/// A text of this call.
///
/// An instance serves one call, and its memory goes with it. So texts are not freed, but for those that come in
/// large numbers: that saves a tenth of the code.
pub type Text = &'static str;

/// Adds a template in which each `~` is replaced by the next value as it is, and each `^` by the next value as
/// a JSON string.
pub fn add(out: &mut String, template: &str, values: &[&str]) {
    let mut values = values.iter();
    let mut rest = template;
    while let Some(at) = rest.bytes().position(|byte| byte == b'~' || byte == b'^') {
        let value = values.next().copied().unwrap_or_default();
        out.push_str(rest.get(..at).unwrap_or_default());
        if rest.as_bytes()[at] == b'~' {
            out.push_str(value);
        } else {
            push_string(value, out);
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// A filled template; see [`add`].
pub fn fill(template: &str, values: &[&str]) -> Text {
    let mut out = String::new();
    add(&mut out, template, values);
    out.leak()
}

/// A text that has at most so many bytes, cut at a character's end, and then a note that it is cut.
pub fn cut(text: Text, bytes: usize, note: &str) -> Text {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    fill("~~", &[text.get(..end).unwrap_or_default(), note])
}

/// The texts before and after the first such part.
pub fn split<'t>(text: &'t str, part: &str) -> Option<(&'t str, &'t str)> {
    let at = text.as_bytes().windows(part.len()).position(|it| it == part.as_bytes())?;
    Some((text.get(..at)?, text.get(at + part.len()..)?))
}

/// The value of a JSON text, null if it is none.
pub fn read(text: &str) -> &'static Value {
    Box::leak(Box::new(json_text::read(text).unwrap_or(Value::Null)))
}

/// A string's text; empty for any other value.
pub fn string(value: &Value) -> &str {
    match value {
        Value::String(text) => text,
        _ => "",
    }
}

/// A member that is a string; empty where it is none.
pub fn text_of<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).map_or("", string)
}

/// A list's values; none for any other value.
pub fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        _ => &[],
    }
}

/// A member that is a list; empty where it is none.
pub fn list_of<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).map_or(&[], list)
}

/// A member that is an integer from 0, or its default.
pub fn number_of(value: &Value, name: &str, default: u32) -> u32 {
    match value.get(name) {
        Some(Value::Number(text)) => integer(text.as_bytes()).unwrap_or(default),
        _ => default,
    }
}

/// The integer that these digits are, up to 9 of them.
pub fn integer(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u32::from(digit - b'0');
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled() {
        assert_eq!(fill("ä ~, ^.", &["~", "\"^\n"]), "ä ~, \"\\\"^\\n\".");
    }

    #[test]
    fn cuts_at_whole_characters() {
        assert_eq!(cut("aé", 3, "..."), "aé");
        assert_eq!(cut("aé", 2, "..."), "a...");
    }

    #[test]
    fn splits_at_the_first_part() {
        assert_eq!(split("a://b://c", "://"), Some(("a", "b://c")));
        assert_eq!(split("a", "ab"), None);
    }
}
