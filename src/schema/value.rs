//! JSON values compared by what they mean: 1 is 1.0, and the order of an object's keys is nothing.
//!
//! The sender of a value decides its size and shape, so every comparison has a cost that is known
//! before: [`weight`].

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use serde_json::Value;

use super::number::Exact;
use crate::contract::sort_by;

/// A value as a key. Both the depth and the length of a value have to be bounded before.
struct ValueKey<'a>(&'a Value);

/// Whether two values mean the same. It goes as deep as the shallower of the two.
pub(super) fn same(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => Exact::of(one) == Exact::of(two),
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two))
        }
        (Value::Object(one), Value::Object(two)) => {
            one.len() == two.len()
                && one.iter().all(|(key, one)| two.get(key).is_some_and(|two| same(one, two)))
        }
        _ => one == two,
    }
}

/// The first two items that mean the same, in at most [`DUPLICATE_COST`] times their [`weight`].
pub(super) fn find_duplicate(items: &[Value]) -> Option<(usize, usize)> {
    /// So few are compared pair by pair, in 28 comparisons; more are hashed.
    const FEW: usize = 8;
    if items.len() <= FEW {
        return items.iter().enumerate().find_map(|(index, item)| {
            let first = items[..index].iter().position(|first| same(first, item))?;
            Some((first, index))
        });
    }
    // The standard library's hash has a random key, so no client can choose items that collide.
    let mut seen = HashMap::with_capacity(items.len());
    items.iter().enumerate().find_map(|(index, item)| {
        let first = *seen.entry(ValueKey(item)).or_insert(index);
        (first < index).then_some((first, index))
    })
}

/// How often an item is compared with another of a few, or what hashing it costs among many.
pub(super) const DUPLICATE_COST: usize = 4;

/// What a value costs to compare, in steps: one for each value in it, and one for each 64 bytes.
/// `None` where it is deeper than `depth` levels.
pub(super) fn weight(value: &Value, depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let mut steps = 1;
    match value {
        Value::String(text) => steps += text.len() / 64,
        Value::Array(items) => {
            for item in items {
                steps += weight(item, depth)?;
            }
        }
        Value::Object(properties) => {
            for (name, value) in properties {
                steps += name.len() / 64 + weight(value, depth)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Some(steps)
}

impl PartialEq for ValueKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        same(self.0, other.0)
    }
}

impl Eq for ValueKey<'_> {}

impl Hash for ValueKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self.0).hash(state);
        match self.0 {
            Value::Null => {}
            Value::Bool(truth) => truth.hash(state),
            Value::Number(number) => match Exact::of(number) {
                Exact::Whole(whole) => whole.hash(state),
                // Zero of either sign is whole, so equal numbers have equal bits here.
                Exact::Real(real) => real.to_bits().hash(state),
            },
            Value::String(text) => text.hash(state),
            Value::Array(items) => {
                items.len().hash(state);
                items.iter().for_each(|item| ValueKey(item).hash(state));
            }
            Value::Object(properties) => {
                // Equal objects may have their keys in another order.
                let mut entries: Vec<_> = properties.iter().collect();
                sort_by(&mut entries, |(one, _), (other, _)| one.cmp(other));
                entries.len().hash(state);
                for (name, value) in entries {
                    name.hash(state);
                    ValueKey(value).hash(state);
                }
            }
        }
    }
}
