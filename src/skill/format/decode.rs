//! Decodes bytes as text: UTF-8 or UTF-16, with or without a byte order mark.
//!
//! No bytes are refused: a file in the wrong encoding is read as well as it can be, and the oddity is reported.

use std::borrow::Cow;

/// The text of a file, and how its encoding differs from plain UTF-8.
#[derive(Debug)]
pub(super) struct Decoded<'b> {
    /// The text, without a byte order mark.
    pub(super) text: Cow<'b, str>,
    /// What is odd about the bytes.
    pub(super) oddity: Option<Oddity>,
}

/// What is odd about a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// There is a byte order mark before UTF-8.
    ByteOrderMark,
    /// It is UTF-16, with or without a byte order mark.
    Utf16,
    /// Its lines end as on an old Macintosh.
    CarriageReturns,
    /// The byte at this offset is no UTF-8; it and others like it became U+FFFD.
    NotUtf8(usize),
}

/// Decodes any bytes. The lines of the text end with `\n` or `\r\n`.
pub(super) fn decode(bytes: &[u8]) -> Decoded<'_> {
    let mut decoded = letters(bytes);
    if decoded.text.contains('\r') && !decoded.text.contains('\n') {
        decoded.text = Cow::Owned(decoded.text.replace('\r', "\n"));
        decoded.oddity.get_or_insert(Oddity::CarriageReturns);
    }
    decoded
}

/// Which of two bytes is zero in text of plain letters in UTF-16, where it is always the same one.
fn zeros(bytes: &[u8]) -> Option<usize> {
    let head = &bytes[..bytes.len().min(32)];
    let is =
        |zero: usize| head.chunks(2).all(|it| it.len() == 2 && it[zero] == 0 && it[1 - zero] != 0);
    (head.len() >= 8).then(|| [0, 1].into_iter().find(|zero| is(*zero)))?
}

/// The text by its byte order mark, or by its zeros where it has none; else as UTF-8.
fn letters(bytes: &[u8]) -> Decoded<'_> {
    if let [0xff, 0xfe, rest @ ..] = bytes {
        return utf16(rest, u16::from_le_bytes);
    }
    if let [0xfe, 0xff, rest @ ..] = bytes {
        return utf16(rest, u16::from_be_bytes);
    }
    match zeros(bytes) {
        Some(0) => return utf16(bytes, u16::from_be_bytes),
        Some(_) => return utf16(bytes, u16::from_le_bytes),
        None => {}
    }
    let (bytes, oddity) = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => (rest, Some(Oddity::ByteOrderMark)),
        _ => (bytes, None),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: text.into(), oddity },
        Err(error) => {
            let oddity = Some(Oddity::NotUtf8(error.valid_up_to()));
            Decoded { text: String::from_utf8_lossy(bytes), oddity }
        }
    }
}

/// Half a character becomes U+FFFD, and a last byte without its pair is dropped.
fn utf16<'b>(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Decoded<'b> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text = char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect();
    Decoded { text: Cow::Owned(text), oddity: Some(Oddity::Utf16) }
}
