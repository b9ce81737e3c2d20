//! Compares two values in JSON text.

use crate::scan::{LIST, NUMBER, OBJECT, Parts, STRING, kind, text_of};
use core::cmp::Ordering;
use json_text::compare_numbers;

/// Why two values can't be compared: what was expected, and the value that is not that.
type Reason<'v> = (&'static str, &'v str);

/// Whether `left` is to `right` what the operator says.
pub fn holds<'v>(operator: u8, left: &'v str, right: &'v str) -> Result<bool, Reason<'v>> {
    // Pairs of an operator and its opposite.
    let holds = match operator >> 1 {
        1 => equal(left, right)?,
        2 => order(left, right)?.is_lt(),
        3 => order(left, right)?.is_gt(),
        4 => contains(left, right)?,
        _ => return Err(("a whole plan; compile the recipe again; comparing ", left)),
    };
    Ok(holds != (operator & 1 == 1))
}

fn order<'v>(left: &'v str, right: &'v str) -> Result<Ordering, Reason<'v>> {
    for side in [left, right] {
        if kind(side) != NUMBER {
            return Err(("two numbers", side));
        }
    }
    Ok(compare_numbers(left, right))
}

fn equal<'v>(left: &'v str, right: &'v str) -> Result<bool, Reason<'v>> {
    for side in [left, right] {
        if matches!(kind(side), LIST | OBJECT) {
            return Err(("no list or object", side));
        }
    }
    let kinds = kind(left);
    Ok(match kinds == kind(right) {
        false => false,
        true if kinds == NUMBER => compare_numbers(left, right).is_eq(),
        true => left == right || (kinds == STRING && text_of(left) == text_of(right)),
    })
}

fn contains<'v>(left: &'v str, right: &'v str) -> Result<bool, Reason<'v>> {
    match kind(left) {
        STRING => {
            let (Some(text), Some(wanted)) = (text_of(left), text_of(right)) else {
                return Err(("a string to look for", right));
            };
            let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
            Ok(wanted.is_empty() || text.windows(wanted.len()).any(|it| it == wanted))
        }
        LIST => {
            equal("null", right)?;
            let mut items = Parts::of(left).into_iter().flatten();
            Ok(items.any(|(_, item)| equal(item, right) == Ok(true)))
        }
        _ => Err(("a string or a list to look into", left)),
    }
}
