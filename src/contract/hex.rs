//! Bytes as hex digits in lower case, and back.

/// Bytes as hex digits in lower case.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hex digits in lower case. Anything else is `None`.
#[cfg(any(feature = "package", feature = "mcp"))]
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
