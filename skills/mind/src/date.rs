//! The dates of HTTP, as in `Retry-After: Wed, 21 Oct 2026 07:28:00 GMT` (RFC 9110, section 5.6.7).

use crate::text::integer;

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// Seconds since 1970; none if it is in another form.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.as_bytes();
    let name = text.get(8..11)?;
    let month = MONTHS.chunks(3).position(|month| month == name)? as u32;
    let number = |from, to| text.get(from..to).and_then(integer);
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let time = (number(17, 19)? * 60 + number(20, 22)?) * 60 + number(23, 25)?;
    // Years begin with March here, so that the day which only some have is the last.
    let (year, month) =
        if month < 2 { (year.checked_sub(1)?, month + 10) } else { (year, month - 2) };
    let leaps = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leaps + (month * 153 + 2) / 5 + day;
    Some(u64::from(days.checked_sub(719_469)?) * 86_400 + u64::from(time))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn dates_of_http() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(seconds("Tue, 29 Feb 2028 23:59:59 GMT"), Some(1_835_481_599));
    }

    #[test]
    fn other_forms_are_none() {
        for text in ["", "soon", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
