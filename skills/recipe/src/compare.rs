//! Compares two values in JSON text.

use crate::scan::{LIST, NUMBER, OBJECT, Parts, STRING, has_escape, kind, text_of};
use core::cmp::Ordering;
use json_text::compare_numbers;

/// Why two values can't be compared: what was expected, and the value that is not that.
type Reason<'v> = (&'static [u8], &'v [u8]);

/// Whether `left` is to `right` what the operator says.
pub fn holds<'v>(operator: u8, left: &'v [u8], right: &'v [u8]) -> Result<bool, Reason<'v>> {
    // Pairs of an operator and its opposite.
    let holds = match operator >> 1 {
        1 => equal(left, right)?,
        2 => order(left, right)?.is_lt(),
        3 => order(left, right)?.is_gt(),
        4 => contains(left, right)?,
        _ => return Err((b"a whole plan; compile the recipe again; comparing ", left)),
    };
    Ok(holds != (operator & 1 == 1))
}

#[inline(never)]
fn order<'v>(left: &'v [u8], right: &'v [u8]) -> Result<Ordering, Reason<'v>> {
    Ok(compare_numbers(number(left)?, number(right)?))
}

fn number(value: &[u8]) -> Result<&str, Reason<'_>> {
    let number = str::from_utf8(value).ok().filter(|_| kind(value) == NUMBER);
    number.ok_or((b"two numbers", value))
}

fn equal<'v>(left: &'v [u8], right: &'v [u8]) -> Result<bool, Reason<'v>> {
    for side in [left, right] {
        if matches!(kind(side), LIST | OBJECT) {
            return Err((b"no list or object", side));
        }
    }
    let kinds = kind(left);
    if kinds != kind(right) {
        return Ok(false);
    }
    match kinds {
        NUMBER => order(left, right).map(Ordering::is_eq),
        STRING if has_escape(left) || has_escape(right) => Ok(text_of(left) == text_of(right)),
        _ => Ok(left == right),
    }
}

fn contains<'v>(left: &'v [u8], right: &'v [u8]) -> Result<bool, Reason<'v>> {
    match kind(left) {
        STRING => {
            let (Some(text), Some(wanted)) = (text_of(left), text_of(right)) else {
                return Err((b"a string to look for", right));
            };
            Ok(wanted.is_empty() || text.windows(wanted.len()).any(|it| it == wanted))
        }
        LIST => {
            equal(b"null", right)?;
            let is_wanted = |(_, item)| equal(item, right) == Ok(true);
            Ok(Parts::of(left).is_some_and(|mut items| items.any(is_wanted)))
        }
        _ => Err((b"a string or a list to look into", left)),
    }
}
