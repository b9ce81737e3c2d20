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
        out.push_str(before);
        let card = ends(number.as_bytes()).filter(|end| is_card(&number[..*end])).last();
        let end = match card {
            Some(end) => {
                out.push_str(INSTEAD);
                end
            }
            None => {
                let group = ends(number.as_bytes()).next().unwrap_or(number.len());
                out.push_str(&number[..group]);
                group
            }
        };
        rest = &number[end..];
    }
    out.push_str(rest);
    out
}

/// Where a number may end that `text` begins with: after each group of digits, until something else
/// divides them than one space or hyphen.
fn ends(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let start = next;
        let mut end = start;
        while text.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
        let divided = matches!(text.get(end), Some(b' ' | b'-'));
        next = if divided { end + 1 } else { text.len() };
        (end > start).then_some(end)
    })
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
