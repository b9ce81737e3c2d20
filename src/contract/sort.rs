//! Sorting with one copy of the code for all types.
//!
//! The standard library's sort is compiled anew for every type and every comparison, at 5 to 8 KB each. Lists
//! here are short, so that size counts more than the last nanosecond.

use std::cmp::Ordering;

/// Sorts `items` by `compare`; equal ones stay in their order.
pub(crate) fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let order = sorted(items.len(), &mut |one, other| compare(&items[one], &items[other]));
    apply_order(order, &mut |one, other| items.swap(one, other));
}

/// Sorts `items` by what `key` makes of each.
pub(crate) fn sort_by_key<T, K: Ord>(items: &mut [T], mut key: impl FnMut(&T) -> K) {
    sort_by(items, |one, other| key(one).cmp(&key(other)));
}

/// Which of so many items belongs at each place: the one copy.
#[inline(never)]
fn sorted(length: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

/// Puts every item where it belongs: each cycle of `order` is walked once.
#[inline(never)]
fn apply_order(mut order: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut place = start;
        loop {
            let next = std::mem::replace(&mut order[place], place);
            if next == start {
                break;
            }
            swap(place, next);
            place = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_is_what_the_standard_library_does() {
        // Every list of up to five of three values, each with where it stood.
        for length in 0..=5_u32 {
            for number in 0..3_u32.pow(length) {
                let digit = |place| (number / 3_u32.pow(place) % 3, place);
                let mut ours: Vec<(u32, u32)> = (0..length).map(digit).collect();
                let mut theirs = ours.clone();
                sort_by_key(&mut ours, |(value, _)| *value);
                theirs.sort_by_key(|(value, _)| *value);
                assert_eq!(ours, theirs);
            }
        }
    }
}
