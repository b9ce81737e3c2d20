//! The order of numbers, by their digits and without floating point.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// An integer's digits.
pub fn decimal(mut number: u64) -> String {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 || start == digits.len() {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits[start..].iter().map(|&digit| char::from(digit)).collect()
}

/// Compares two JSON numbers by value: `1.10` equals `1.1` and `1e2` equals `100`.
pub fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (Decimal::of(left), Decimal::of(right));
    match (left.sign(), right.sign()) {
        (a, b) if a != b => a.cmp(&b),
        (-1, _) => right.compare_size(&left),
        _ => left.compare_size(&right),
    }
}

/// `0.DIGITS` times ten to the power of `exponent`, without zeros at either end of the digits.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Decimal {
        let negative = text.starts_with('-');
        let text = text.strip_prefix('-').unwrap_or(text);
        let mut digits = Vec::new();
        let mut exponent = 0;
        let mut fraction = false;
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'.' => fraction = true,
                b'e' | b'E' => {
                    exponent +=
                        saturating_integer(text.as_bytes().get(at + 1..).unwrap_or_default());
                    break;
                }
                b'0' if digits.is_empty() => exponent -= i64::from(fraction),
                digit => {
                    digits.push(digit);
                    exponent += i64::from(!fraction);
                }
            }
        }
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        Decimal { negative, digits, exponent }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn compare_size(&self, other: &Decimal) -> Ordering {
        if self.digits.is_empty() {
            return Ordering::Equal;
        }
        self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits))
    }
}

/// An exponent; past a million million it is as good as infinite.
fn saturating_integer(text: &[u8]) -> i64 {
    let negative = text.first() == Some(&b'-');
    let mut size = 0;
    for digit in text.iter().filter(|byte| byte.is_ascii_digit()) {
        size = (size * 10 + i64::from(digit - b'0')).min(1_000_000_000_000);
    }
    if negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &str, order: Ordering, right: &str) {
        assert_eq!(compare_numbers(left, right), order, "{left} against {right}");
        assert_eq!(compare_numbers(right, left), order.reverse(), "{right} against {left}");
    }

    #[test]
    fn equal_values_in_different_spellings() {
        check("1.10", Ordering::Equal, "1.1");
        check("1e2", Ordering::Equal, "100");
        check("0.00", Ordering::Equal, "-0");
        check("12.5E-1", Ordering::Equal, "1.25");
    }

    #[test]
    fn order_by_value() {
        check("9", Ordering::Less, "10");
        check("-9", Ordering::Greater, "-10");
        check("-1", Ordering::Less, "0");
        check("0.05", Ordering::Less, "0.5");
        check("100000000000000000000001", Ordering::Greater, "100000000000000000000000");
        check("1e99999999999999999999", Ordering::Greater, "1");
    }
}
