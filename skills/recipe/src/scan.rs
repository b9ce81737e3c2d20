//! Finds values in JSON text without building them. What comes from outside is checked once, by [`whole`]; all else
//! here relies on that, and at worst finds nothing in other text.

use alloc::vec::Vec;
use core::num::NonZeroUsize;

/// How many arrays and objects may stand inside each other.
const MAX_DEPTH: u32 = 64;

/// What may come next in a text.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Value,
    /// A value, or the end of an array.
    FirstItem,
    Name,
    /// A name, or the end of an object.
    FirstName,
    Colon,
    /// A comma or the end of what is open; the end of the text if nothing is.
    End,
}

/// The one value that the whole text is, without the spaces around it; none if it is not JSON.
#[inline(never)]
pub fn whole(text: &[u8]) -> Option<&[u8]> {
    let mut depth = 0;
    // A bit for each open bracket in place of a stack; the lowest is set if the innermost is that of an object.
    let mut objects = 0u64;
    let mut next = Next::Value;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let is_value = matches!(next, Next::Value | Next::FirstItem);
        let is_name = matches!(next, Next::Name | Next::FirstName);
        let mut end = at + 1;
        next = match byte {
            b' ' | b'\n' | b'\t' | b'\r' => next,
            b'"' if is_value || is_name => {
                end = end_of_string(text, at)?.get();
                if is_name { Next::Colon } else { Next::End }
            }
            b':' if next == Next::Colon => Next::Value,
            b',' if next == Next::End && depth > 0 => match objects & 1 {
                1 => Next::Name,
                _ => Next::Value,
            },
            b'{' | b'[' if is_value && depth < MAX_DEPTH => {
                depth += 1;
                objects = objects << 1 | u64::from(byte == b'{');
                if byte == b'{' { Next::FirstName } else { Next::FirstItem }
            }
            b'}' | b']' if depth > 0 => {
                let (bit, empty) = match byte {
                    b'}' => (1, Next::FirstName),
                    _ => (0, Next::FirstItem),
                };
                if objects & 1 != bit || (next != Next::End && next != empty) {
                    return None;
                }
                depth -= 1;
                objects >>= 1;
                Next::End
            }
            _ if is_value => {
                end = end_of_scalar(text, at)?;
                Next::End
            }
            _ => return None,
        };
        at = end;
    }
    (next == Next::End && depth == 0).then(|| trim(text))
}

/// The text without the spaces around it.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\t' | b'\r', rest @ ..]
    | [rest @ .., b' ' | b'\n' | b'\t' | b'\r'] = text
    {
        text = rest;
    }
    text
}

/// The member or item that a path leads to.
#[inline(never)]
pub fn member<'t>(text: &'t [u8], key: &[u8]) -> Option<&'t [u8]> {
    let wanted = index_of(key);
    let parts = Parts::of(text)?;
    let mut found = None;
    for (index, (name, value)) in parts.enumerate() {
        if !parts.is_object && wanted == Some(index) {
            return Some(value);
        }
        // Of equal names the last one counts.
        if is_text(name, key) {
            found = Some(value);
        }
    }
    found
}

/// The number that a key is: digits, with no zero before others.
fn index_of(key: &[u8]) -> Option<usize> {
    let mut index = 0;
    for (at, byte) in key.iter().enumerate() {
        if !byte.is_ascii_digit() || at == 7 || (at == 1 && index == 0) {
            return None;
        }
        index = index * 10 + usize::from(byte - b'0');
    }
    (!key.is_empty()).then_some(index)
}

/// The names and values of an object, or the values of an array with empty names.
#[derive(Clone, Copy)]
pub struct Parts<'t> {
    text: &'t [u8],
    at: usize,
    pub is_object: bool,
}

impl<'t> Parts<'t> {
    pub fn of(text: &'t [u8]) -> Option<Parts<'t>> {
        let first = text.first()?;
        matches!(first, b'{' | b'[').then_some(Parts { text, at: 1, is_object: *first == b'{' })
    }
}

impl<'t> Iterator for Parts<'t> {
    type Item = (&'t [u8], &'t [u8]);

    #[inline(never)]
    fn next(&mut self) -> Option<(&'t [u8], &'t [u8])> {
        let text = self.text;
        let mut start = skip_between(text, self.at);
        let mut name: &[u8] = &[];
        if self.is_object {
            let end = end_of_string(text, start)?.get();
            name = text.get(start..end)?;
            start = skip_between(text, end);
        }
        self.at = end_of_value(text, start)?;
        Some((name, text.get(start..self.at)?))
    }
}

/// What stands between the quotes of a string, as it is written; none for other values.
pub fn inside(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', inner @ .., _] => Some(inner),
        _ => None,
    }
}

/// The text that a string stands for; none for other values. Half of a surrogate pair stands for U+FFFD.
#[inline(never)]
pub fn text_of(value: &[u8]) -> Option<Vec<u8>> {
    let mut rest = inside(value)?;
    let mut text = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        let (letter, after) = rest.split_first()?;
        rest = after;
        let char = match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = hexadecimal(&mut rest);
                if let (0xd800..0xdc00, [b'\\', b'u', low @ ..]) = (code, rest) {
                    let mut after = low;
                    let low = hexadecimal(&mut after);
                    if let 0xdc00..0xe000 = low {
                        code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
                        rest = after;
                    }
                }
                char::from_u32(code).unwrap_or('\u{fffd}')
            }
            same => char::from(*same),
        };
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(text)
}

/// Reads the code of four hexadecimal digits, which were checked.
#[inline(never)]
fn hexadecimal(rest: &mut &[u8]) -> u32 {
    let Some((digits, after)) = rest.split_first_chunk::<4>() else {
        return 0;
    };
    *rest = after;
    let digits = digits.iter().map(|digit| char::from(*digit).to_digit(16).unwrap_or_default());
    digits.fold(0, |code, digit| code << 4 | digit)
}

/// Writes a text as it stands between the quotes of a string.
#[inline(never)]
pub fn push_text(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if byte < 0x20 {
            out.extend_from_slice(b"\\u00");
            out.push(b'0' + (byte >> 4));
            out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
            continue;
        }
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// Whether a string stands for this text.
#[inline(never)]
pub fn is_text(value: &[u8], text: &[u8]) -> bool {
    match inside(value) {
        // Escapes only make a string longer than its text.
        Some(raw) if raw.len() < text.len() => false,
        Some(raw) if !has_escape(raw) => raw == text,
        _ => text_of(value).is_some_and(|it| it == text),
    }
}

/// Whether a string has an escape, and so may stand for the same text as another one that differs from it.
#[inline(never)]
pub fn has_escape(string: &[u8]) -> bool {
    string.iter().any(|byte| matches!(byte, b'\\'))
}

/// The kinds of values. A parameter's kind in a plan is one of these numbers.
pub const STRING: u8 = 0;
pub const NUMBER: u8 = 1;
pub const LIST: u8 = 3;
pub const OBJECT: u8 = 4;

/// What the kinds are called, by their numbers.
pub const KINDS: [&[u8]; 6] =
    [b"a string", b"a number", b"true or false", b"a list", b"an object", b"null"];

/// The kind of a value.
#[inline(never)]
pub fn kind(value: &[u8]) -> u8 {
    match value.first() {
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
pub fn kind_name(value: &[u8]) -> &'static [u8] {
    KINDS[usize::from(kind(value))]
}

/// Skips spaces, commas and colons, which are not checked here.
fn skip_between(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\t' | b'\r' | b',' | b':')) {
        at += 1;
    }
    at
}

/// The end of the value that begins here, in checked text; none if there is only the end of a list or object.
fn end_of_value(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0;
    loop {
        match *text.get(at)? {
            b'"' => at = end_of_string(text, at)?.get(),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = u32::checked_sub(depth, 1)?;
                at += 1;
            }
            _ if depth > 0 => at += 1,
            _ => return end_of_scalar(text, at),
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The end of the string that begins here; none if there is none, or it is not JSON.
#[inline(never)]
fn end_of_string(text: &[u8], mut at: usize) -> Option<NonZeroUsize> {
    if *text.get(at)? != b'"' {
        return None;
    }
    at += 1;
    loop {
        at += plain_length(text.get(at..)?);
        match *text.get(at)? {
            b'"' => return NonZeroUsize::new(at + 1),
            b'\\' => match *text.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' if text.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => at += 6,
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// How many bytes at the start of a text are plain ones: none below 0x20, no quote and no backslash.
#[inline(always)]
fn plain_length(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((bytes, after)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*bytes));
        if special != 0 {
            return text.len() - rest.len() + special.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    let is_plain = |byte: &&u8| !matches!(byte, ..0x20 | b'"' | b'\\');
    text.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

/// Has the highest bit of the first of eight bytes that is not plain, and perhaps of bytes after it.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let quotes = word ^ (ONES * 0x22);
    let backslashes = word ^ (ONES * 0x5c);
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    (below(quotes, 1) | below(backslashes, 1) | below(word, 0x20)) & (ONES * 0x80)
}

/// The end of the number or word that begins here; none if it is not JSON.
fn end_of_scalar(text: &[u8], mut at: usize) -> Option<usize> {
    let word: &[u8] = match *text.get(at)? {
        b't' => b"true",
        b'f' => b"false",
        b'n' => b"null",
        first => {
            at += usize::from(first == b'-');
            at = match text.get(at)? {
                b'0' => at + 1,
                _ => end_of_digits(text, at)?,
            };
            if text.get(at) == Some(&b'.') {
                at = end_of_digits(text, at + 1)?;
            }
            if matches!(text.get(at), Some(b'e' | b'E')) {
                let has_sign = matches!(text.get(at + 1), Some(b'+' | b'-'));
                at = end_of_digits(text, at + 1 + usize::from(has_sign))?;
            }
            return Some(at);
        }
    };
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}

fn end_of_digits(text: &[u8], at: usize) -> Option<usize> {
    let digits = text.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(at + digits)
}
