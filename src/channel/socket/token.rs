//! Comparing what a client knows with what it has to know.

use crate::contract::Secret;

/// Whether `shown` is the token. How long it takes tells nothing but the length of what was shown.
pub(super) fn is_token(token: &Secret, shown: &str) -> bool {
    let (token, shown) = (token.value.as_bytes(), shown.as_bytes());
    let mut different = u8::from(token.is_empty()) | u8::from(token.len() != shown.len());
    for (index, byte) in shown.iter().enumerate() {
        different |= byte ^ token.get(index % token.len().max(1)).copied().unwrap_or_default();
    }
    different == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_the_token() {
        let token =
            |value: &str| Secret { value: value.into(), hosts: Vec::new(), allow_http: false };
        assert!(is_token(&token("abc"), "abc"));
        for shown in ["", "ab", "abcabc", "abd", "ABC"] {
            assert!(!is_token(&token("abc"), shown), "{shown}");
        }
        assert!(!is_token(&token(""), ""), "an empty token is none");
    }
}
