//! The forms in which a server can return a value: plain, in hex, and in base64 at each of the three offsets in
//! its groups.
//!
//! Every form is compared without regard to ASCII case. Single characters may also be percent-encoded (`%2f`),
//! escaped as in JSON and JavaScript (`\/`, `\u002f`, `\x2f`), or references of HTML (`&#47;`, `&#x2f;`, `&amp;`).

/// Shorter values have no hex form: it would match too much ordinary text.
const MIN_HEX_VALUE_BYTES: usize = 4;
/// Shorter values have no base64 form.
const MIN_BASE64_VALUE_BYTES: usize = 6;

/// The longest reference of HTML that servers write for a character of ASCII: `&quot;`, `&#x2f;`, `&#039;`.
const MAX_REFERENCE_BYTES: usize = 6;

/// The digits of hex, folded.
const HEX: &[u8; 16] = b"0123456789abcdef";
/// The standard alphabet.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The encoding of a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FormEncoding {
    Plain,
    Hex,
    Base64,
}

/// One encoding of one value.
pub(super) struct SecretForm {
    encoding: FormEncoding,
    /// Folded characters.
    bytes: Vec<u8>,
    /// In base64, whether the character before or after also holds bits of the value.
    shared: (bool, bool),
}

impl SecretForm {
    /// Every form of `value`.
    pub(super) fn all_of(value: &str) -> Vec<Self> {
        let value = value.as_bytes();
        let plain = value.iter().map(|&byte| FormEncoding::Plain.fold(byte)).collect();
        let mut forms = vec![Self::new(FormEncoding::Plain, plain)];
        if value.len() >= MIN_HEX_VALUE_BYTES {
            let digits = value.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            let hex = digits.map(|digit| HEX[usize::from(digit)]).collect();
            forms.push(Self::new(FormEncoding::Hex, hex));
        }
        if value.len() >= MIN_BASE64_VALUE_BYTES {
            forms.extend((0..3).map(|offset| Self::base64(value, offset)));
        }
        forms
    }

    /// The characters that hold bits of `value` alone, when it begins at `offset` in a group of three.
    fn base64(value: &[u8], offset: usize) -> Self {
        let (mut characters, mut bits, mut held) = (Vec::new(), 0_u32, 0);
        for &byte in [0; 2][..offset].iter().chain(value) {
            bits = (bits << 8 | u32::from(byte)) & 0xffff;
            held += 8;
            while held >= 6 {
                held -= 6;
                characters.push(FormEncoding::Base64.fold(BASE64[(bits >> held & 63) as usize]));
            }
        }
        // One byte before it fills one character and a part of the next; two bytes fill two and a part.
        let foreign = if offset == 0 { 0 } else { offset + 1 };
        let mut form = Self::new(FormEncoding::Base64, characters.split_off(foreign));
        form.shared = (offset > 0, held > 0);
        form
    }

    /// A form whose characters hold bits of the value alone.
    fn new(encoding: FormEncoding, bytes: Vec<u8>) -> Self {
        Self { encoding, bytes, shared: (false, false) }
    }

    /// Whether `byte` can be the form's first in a text.
    pub(super) fn begins_with(&self, byte: u8) -> bool {
        is_escape(byte) || self.bytes.first() == Some(&self.encoding.fold(byte))
    }

    /// The start and end of the form in `text`, if `text` has it at `at`. Each comparison uses one of `steps`;
    /// with none left, nothing is found.
    pub(super) fn find_at(
        &self,
        text: &[u8],
        at: usize,
        steps: &mut usize,
    ) -> Option<(usize, usize)> {
        let end = self
            .end(text, at, false, steps)
            .or_else(|| if self.is_ambiguous() { self.end(text, at, true, steps) } else { None })?;
        let is_base64 = |at: usize| text.get(at).copied().is_some_and(is_base64);
        let (before, behind) = self.shared;
        let start = if before && at > 0 && is_base64(at - 1) { at - 1 } else { at };
        Some((start, if behind && is_base64(end) { end + 1 } else { end }))
    }

    /// The end of the form in `text`. `escaped_first` says which reading of a `%`, `\` or `&` is tried first.
    fn end(&self, text: &[u8], at: usize, escaped_first: bool, steps: &mut usize) -> Option<usize> {
        let mut end = at;
        for &byte in &self.bytes {
            *steps = steps.checked_sub(1)?;
            end += self.character(text.get(end..)?, byte, escaped_first)?;
        }
        Some(end)
    }

    /// The length of the first character of `text`, if it is `byte` of the form.
    fn character(&self, text: &[u8], byte: u8, escaped_first: bool) -> Option<usize> {
        let plain = self.encoding.plain(*text.first()?, byte).then_some(1);
        let escaped = escaped(text)
            .filter(|(read, _)| self.encoding.fold(*read) == byte)
            .map(|(_, length)| length);
        if escaped_first { escaped.or(plain) } else { plain.or(escaped) }
    }

    /// Whether a character of the value may be plain or the start of an escape, so both readings are tried.
    fn is_ambiguous(&self) -> bool {
        self.bytes.iter().copied().any(is_escape)
    }
}

/// Whether `character` is one of base64, in either alphabet.
fn is_base64(character: u8) -> bool {
    BASE64.contains(&FormEncoding::url_safe(character))
}

impl FormEncoding {
    /// The folded character, for comparison.
    fn fold(self, byte: u8) -> u8 {
        let byte = if self == Self::Base64 { Self::url_safe(byte) } else { byte };
        byte.to_ascii_lowercase()
    }

    /// The standard alphabet's character for one of the URL-safe alphabet.
    fn url_safe(byte: u8) -> u8 {
        match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        }
    }

    /// Whether a character of a text is `byte`, unescaped. HTML forms write a space as `+`.
    fn plain(self, read: u8, byte: u8) -> bool {
        self.fold(read) == byte || (self == Self::Plain && read == b'+' && byte == b' ')
    }
}

/// Whether `character` begins escapes.
fn is_escape(character: u8) -> bool {
    matches!(character, b'%' | b'\\' | b'&')
}

/// The byte of an escape at the start of `text`, and the escape's length.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    let pair = |high: u8, low: u8| {
        let (high, low) = (char::from(high).to_digit(16)?, char::from(low).to_digit(16)?);
        u8::try_from(high << 4 | low).ok()
    };
    match *text {
        [b'%', high, low, ..] => Some((pair(high, low)?, 3)),
        [b'\\', b'u', b'0', b'0', high, low, ..] => Some((pair(high, low)?, 6)),
        [b'\\', b'x', high, low, ..] => Some((pair(high, low)?, 4)),
        [b'\\', byte @ (b'"' | b'\'' | b'\\' | b'/'), ..] => Some((byte, 2)),
        [b'&', ref rest @ ..] => {
            let name_bytes =
                rest.iter().take(MAX_REFERENCE_BYTES - 1).position(|it| *it == b';')?;
            Some((referenced(rest.get(..name_bytes)?)?, name_bytes + 2))
        }
        _ => None,
    }
}

/// The byte for which a reference of HTML stands, by what is between `&` and `;`.
fn referenced(name: &[u8]) -> Option<u8> {
    let number =
        |digits: &[u8], radix| u8::from_str_radix(str::from_utf8(digits).ok()?, radix).ok();
    match name {
        b"amp" => Some(b'&'),
        b"lt" => Some(b'<'),
        b"gt" => Some(b'>'),
        b"quot" => Some(b'"'),
        b"apos" => Some(b'\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}
