//! Moments as text.

use alloc::string::String;
use json_text::decimal;

const DAY: u32 = 86_400;

/// A moment in seconds since 1970 as RFC 3339 has it: `2026-11-28T09:12:00Z`.
pub fn rfc_3339(seconds: u32) -> String {
    let (year, month, day) = date(seconds / DAY);
    let rest = seconds % DAY;
    let mut text = decimal(year.into());
    let numbers = [month, day, rest / 3600, rest / 60 % 60, rest % 60];
    for (number, before) in numbers.into_iter().zip(['-', '-', 'T', ':', ':']) {
        text.push(before);
        text.push_str(if number < 10 { "0" } else { "" });
        text.push_str(&decimal(number.into()));
    }
    text.push('Z');
    text
}

/// Year, month and day of a count of days since 1970, by eras of 400 years that begin in March.
fn date(days: u32) -> (u32, u32, u32) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let first_of_month = (153 * month + 2) / 5;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day - first_of_month + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_857_120, "2026-11-28T09:12:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (u32::MAX, "2106-02-07T06:28:15Z"),
        ] {
            assert_eq!(rfc_3339(seconds), text);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = String::new();
        for day in 0..u32::MAX / DAY {
            let text = rfc_3339(day * DAY);
            assert!(text > before, "{text} after {before}");
            before = text;
        }
    }
}
