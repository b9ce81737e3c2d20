//! Names and paths of strangers, as they stand in a line for people: none can pass for more than one, for
//! another one, or for words of this program.

use std::borrow::Cow;

use super::manifest::is_unfit;

/// The text as it is if it is one plain word, and otherwise in quotes, with what breaks lines, drives a
/// terminal or can't be seen in Rust's notation.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    let ends_word =
        |char: char| char.is_whitespace() || matches!(char, ',' | ';' | '"' | '`' | '\\');
    if !text.is_empty() && !text.chars().any(|char| ends_word(char) || is_unfit(char)) {
        return Cow::Borrowed(text);
    }
    let mut quoted = String::from('"');
    for char in text.chars() {
        let is_blank = char.is_whitespace() && char != ' ';
        if is_blank || is_unfit(char) || matches!(char, '"' | '\\') {
            quoted.extend(char.escape_default());
        } else {
            quoted.push(char);
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

/// The text as one word of a command for a shell: as it is if it is plain, and otherwise in single quotes.
#[must_use]
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.,:/@%+=".contains(char);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

/// The texts side by side, each as [`shown`].
#[must_use]
pub fn listed(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut list = String::new();
    for text in texts {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&shown(text.as_ref()));
    }
    list
}
