//! Bytes as hex digits in lower case, and back.

/// Bytes as hex digits in lower case.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hex digits in lower case. Anything else is `None`.
#[cfg(any(feature = "package", feature = "mcp", feature = "store"))]
pub(crate) fn bytes_from_hex(text: &str) -> Option<Vec<u8>> {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !text.len().is_multiple_of(2) || !text.bytes().all(is_digit) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// The same for `N` bytes; another number of them is `None`.
#[cfg(feature = "package")]
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    bytes_from_hex(text)?.try_into().ok()
}

/// The bytes as text, with each that is not plain as `%xx`.
pub(crate) fn percent_encoded(bytes: &[u8], is_plain: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte.is_ascii() && is_plain(*byte) {
            true => text.push(char::from(*byte)),
            false => text.extend(["%", &to_hex(&[*byte])]),
        }
    }
    text
}

/// A part of a URI or of a file's name without its `%xx`. `None` where a `%` is not followed by two hex digits, and
/// where the result isn't UTF-8 (RFC 3986, section 2.1).
#[cfg(any(feature = "mcp", feature = "store"))]
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.extend(bytes_from_hex(&digits.to_ascii_lowercase())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(all(test, any(feature = "mcp", feature = "store")))]
mod tests {
    use super::*;

    #[test]
    fn only_two_hex_digits_follow_a_percent_sign() {
        assert_eq!(percent_decoded("a%20b%C3%bc").as_deref(), Some("a bü"));
        for bad in ["%", "%4", "%+f", "%é", "a%zz", "%ff"] {
            assert_eq!(percent_decoded(bad), None, "{bad}");
        }
    }
}
