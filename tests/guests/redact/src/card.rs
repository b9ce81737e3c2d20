//! Card numbers: 13 to 19 digits whose check digit is right (ISO/IEC 7812-1), with single spaces or
//! hyphens between them or none.

use alloc::string::String;

const INSTEAD: &str = "[card number]";

/// The text without card numbers.
pub fn redact(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number_end(&number.as_bytes());
        let (number, after) = number.split_at(end);
        out.push_str(before);
        out.push_str(if is_card(number) { INSTEAD } else { number });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Where the digits end that `text` begins with, and what divides them.
fn number_end(text: &[u8]) -> usize {
    let mut end = 0;
    while text.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
        let divided = matches!(text.get(end), Some(b' ' | b'-'));
        if divided && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
    }
    end
}

fn is_card(number: &str) -> bool {
    let digits =
        || number.bytes().rev().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => 2 * digit,
            (_, digit) => 2 * digit - 9,
        })
        .sum();
    (13..=19).contains(&digits().count()) && sum % 10 == 0
}
