//! E-mail addresses, as people write them in running text.

use alloc::string::String;

const INSTEAD: &str = "[e-mail address]";

/// The text without addresses.
pub fn redact(text: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (at, _) in text.match_indices('@') {
        let before = text[from..at].rsplit(|letter| !is_local(letter)).next().unwrap_or_default();
        let local = before.trim_start_matches('.');
        let domain = domain(&text[at + 1..]);
        if !local.is_empty() && !domain.is_empty() {
            out.push_str(&text[from..at - local.len()]);
            out.push_str(INSTEAD);
            from = at + 1 + domain.len();
        }
    }
    out.push_str(&text[from..]);
    out
}

fn is_local(letter: char) -> bool {
    letter.is_alphanumeric() || "._%+-".contains(letter)
}

/// The domain that `text` begins with: at least two labels, the last of two letters or more.
fn domain(text: &str) -> &str {
    let end = text
        .find(|letter: char| !letter.is_alphanumeric() && letter != '.' && letter != '-')
        .unwrap_or(text.len());
    // A full stop behind an address ends the sentence.
    let domain = text[..end].trim_end_matches(['.', '-']);
    match domain.rsplit_once('.') {
        Some((first, last)) if !first.is_empty() && is_top(last) => domain,
        _ => "",
    }
}

fn is_top(label: &str) -> bool {
    label.chars().nth(1).is_some() && label.chars().all(char::is_alphabetic)
}
