//! Finds values in JSON text without building them, by a bit for each open bracket in place of a stack.

use alloc::string::String;
use core::str::Chars;

/// How many arrays and objects may stand inside each other.
const MAX_DEPTH: u32 = 64;

/// The one value that the whole text is, without the spaces around it.
pub fn whole(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let start = skip_spaces(bytes, 0);
    let end = end_of_value(bytes, start)?;
    (skip_spaces(bytes, end) == bytes.len()).then(|| text.get(start..end))?
}

/// The member or item that a path leads to.
pub fn member<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let wanted = index_of(key);
    let mut index = 0;
    let mut found = None;
    let parts = Parts::of(text)?;
    for (name, value) in parts {
        if !parts.is_object && wanted == Some(index) {
            return Some(value);
        }
        // Of equal names the last one counts.
        if is_text(name, key) {
            found = Some(value);
        }
        index += 1;
    }
    found
}

/// The number that a key is: digits, with no zero before others.
fn index_of(key: &str) -> Option<u32> {
    let mut index = 0;
    for (at, byte) in key.bytes().enumerate() {
        if !byte.is_ascii_digit() || at == 7 || (at == 1 && index == 0) {
            return None;
        }
        index = index * 10 + u32::from(byte - b'0');
    }
    (!key.is_empty()).then_some(index)
}

/// The names and values of an object, or the values of an array with empty names.
#[derive(Clone, Copy)]
pub struct Parts<'t> {
    text: &'t str,
    at: usize,
    pub is_object: bool,
}

impl<'t> Parts<'t> {
    pub fn of(text: &'t str) -> Option<Parts<'t>> {
        let first = text.as_bytes().first()?;
        matches!(first, b'{' | b'[').then_some(Parts { text, at: 1, is_object: *first == b'{' })
    }
}

impl<'t> Iterator for Parts<'t> {
    type Item = (&'t str, &'t str);

    #[inline(never)]
    fn next(&mut self) -> Option<(&'t str, &'t str)> {
        let bytes = self.text.as_bytes();
        let mut at = skip_spaces(bytes, self.at);
        if bytes.get(at) == Some(&b',') {
            at = skip_spaces(bytes, at + 1);
        }
        let mut name = "";
        if self.is_object {
            let end = end_of_string(bytes, at)?;
            name = self.text.get(at..end)?;
            at = skip_spaces(bytes, skip_spaces(bytes, end) + 1);
        }
        let end = end_of_value(bytes, at)?;
        self.at = end;
        Some((name, self.text.get(at..end)?))
    }
}

/// What stands between the quotes of a string, as it is written; none for other values.
pub fn inside(value: &str) -> Option<&str> {
    let inner = value.get(1..value.len().checked_sub(1)?)?;
    value.as_bytes().starts_with(b"\"").then_some(inner)
}

/// The text that a string stands for; none for other values. Half of a surrogate pair stands for U+FFFD.
#[inline(never)]
pub fn text_of(value: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = inside(value)?.chars();
    while let Some(plain) = rest.next() {
        let escape = if plain == '\\' { rest.next()? } else { ' ' };
        text.push(match escape {
            ' ' => plain,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut code = hexadecimal(&mut rest);
                if code >> 10 == 0xd800 >> 10 {
                    let mut after = rest.clone();
                    let is_escape = after.next() == Some('\\') && after.next() == Some('u');
                    let low = hexadecimal(&mut after);
                    if is_escape && low >> 10 == 0xdc00 >> 10 {
                        code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
                        rest = after;
                    }
                }
                char::from_u32(code).unwrap_or('\u{fffd}')
            }
            same => same,
        });
    }
    Some(text)
}

/// The code of four hexadecimal digits, which were checked.
#[inline(never)]
fn hexadecimal(rest: &mut Chars<'_>) -> u32 {
    let digits = rest.take(4).map(|digit| digit.to_digit(16).unwrap_or_default());
    digits.fold(0, |code, digit| code << 4 | digit)
}

/// Writes a text as it stands between the quotes of a string.
#[inline(never)]
pub fn push_text(text: &str, out: &mut String) {
    for char in text.chars() {
        let code = u32::from(char);
        if code < 0x20 {
            out.push_str("\\u00");
            out.push(if code < 0x10 { '0' } else { '1' });
            out.push(char::from(b"0123456789abcdef"[code as usize & 15]));
            continue;
        }
        if matches!(char, '"' | '\\') {
            out.push('\\');
        }
        out.push(char);
    }
}

/// Whether a string stands for this text.
#[inline(never)]
pub fn is_text(value: &str, text: &str) -> bool {
    match inside(value) {
        Some(raw) if !raw.bytes().any(|byte| byte == b'\\') => raw == text,
        _ => text_of(value).is_some_and(|it| it == text),
    }
}

/// The kinds of values. A parameter's kind in a plan is one of these numbers.
pub const STRING: u8 = 0;
pub const NUMBER: u8 = 1;
pub const LIST: u8 = 3;
pub const OBJECT: u8 = 4;

/// What the kinds are called, by their numbers.
pub const KINDS: [&str; 6] =
    ["a string", "a number", "true or false", "a list", "an object", "null"];

/// The kind of a value.
#[inline(never)]
pub fn kind(value: &str) -> u8 {
    match value.as_bytes().first() {
        Some(b'"') => STRING,
        Some(b't' | b'f') => 2,
        Some(b'[') => LIST,
        Some(b'{') => OBJECT,
        Some(b'n') => 5,
        _ => NUMBER,
    }
}

/// What the kind of a value is called.
#[inline(never)]
pub fn kind_name(value: &str) -> &'static str {
    KINDS[usize::from(kind(value))]
}

fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

/// The end of the value that begins here; none if it is not JSON.
fn end_of_value(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    // The lowest bit is set if the innermost bracket is that of an object.
    let mut objects = 0u64;
    loop {
        let first = *text.get(at)?;
        match first {
            b'"' => at = end_of_string(text, at)?,
            b'{' | b'[' => {
                at = skip_spaces(text, at + 1);
                if *text.get(at)? == first + 2 {
                    at += 1;
                } else {
                    if depth == MAX_DEPTH {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u64::from(first == b'{');
                    if first == b'{' {
                        at = end_of_name(text, at)?;
                    }
                    continue;
                }
            }
            b'-' | b'0'..=b'9' => at = end_of_number(text, at)?,
            _ => {
                let rest = text.get(at..)?;
                let words = [b"true".as_slice(), b"false", b"null"];
                at += words.into_iter().find(|word| rest.starts_with(word))?.len();
            }
        }
        loop {
            if depth == 0 {
                return Some(at);
            }
            at = skip_spaces(text, at);
            match (*text.get(at)?, objects & 1) {
                (b',', is_object) => {
                    at = skip_spaces(text, at + 1);
                    if is_object == 1 {
                        at = end_of_name(text, at)?;
                    }
                    break;
                }
                (b'}', 1) | (b']', 0) => {
                    at += 1;
                    depth -= 1;
                    objects >>= 1;
                }
                _ => return None,
            }
        }
    }
}

/// The place of the value after a name and its colon.
fn end_of_name(text: &[u8], at: usize) -> Option<usize> {
    let at = skip_spaces(text, end_of_string(text, at)?);
    (*text.get(at)? == b':').then(|| skip_spaces(text, at + 1))
}

fn end_of_string(text: &[u8], mut at: usize) -> Option<usize> {
    if *text.get(at)? != b'"' {
        return None;
    }
    at += 1;
    loop {
        // Eight plain bytes at once: none below 0x20, no quote and no backslash.
        while let Some(bytes) = text.get(at..at + 8) {
            let word = u64::from_le_bytes(bytes.try_into().ok()?);
            if has_special(word) {
                break;
            }
            at += 8;
        }
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some(at),
            b'\\' => {
                let escape = *text.get(at)?;
                at += 1;
                match escape {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        let digits = text.get(at..at + 4)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        at += 4;
                    }
                    _ => return None,
                }
            }
            ..0x20 => return None,
            _ => {}
        }
    }
}

/// Whether one of eight bytes may end a run of plain ones. It may say so of a byte above such a one.
fn has_special(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quotes = word ^ (ONES * 0x22);
    let backslashes = word ^ (ONES * 0x5c);
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    (below(quotes, 1) | below(backslashes, 1) | below(word, 0x20)) & HIGH != 0
}

fn end_of_number(text: &[u8], mut at: usize) -> Option<usize> {
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    at = match text.get(at)? {
        b'0' => at + 1,
        _ => end_of_digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = end_of_digits(text, at + 1)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(text.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = end_of_digits(text, at)?;
    }
    Some(at)
}

fn end_of_digits(text: &[u8], at: usize) -> Option<usize> {
    let digits = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(at + digits)
}
