//! What two calls have to do with each other: a value of one's result, or of its parameters, is a parameter of the
//! other, or stands in one.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::call::{SeenCall, is_path_key, place_of, text_of};
use crate::contract::sort_by;

/// Values of a call that are compared, for each of its two sides.
const VALUES: usize = 24;
/// Values that are looked at to find them.
const NODES: usize = 64;
/// Links of a call.
const LINKS: usize = 24;
/// Bytes of a value that is looked for in longer texts.
const PART_BYTES: usize = 64;
/// Bytes of a text that others are looked for in.
const TEXT_BYTES: usize = 4096;
/// Bytes that are searched for one call, and what beginning a search costs in these.
const SEARCHED_BYTES: usize = 128 * 1024;
const SEARCH_BYTES: usize = 64;

/// One thing that two calls of a run have to do with each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// A number for both tools and both places. It is the same one in each run of the same work.
    pub(super) flow: u64,
    /// A number for the value.
    pub(super) value: u64,
    /// How unlikely it is that values of this form are equal by chance.
    pub(super) bits: u8,
    /// The number of the other call.
    pub(super) other: u64,
}

/// A value of a call.
struct ComparedValue {
    place: u64,
    value: u64,
    bits: u8,
    /// What stands for it in a text, if it is short.
    part: Option<Box<str>>,
}

/// What is compared of a call.
pub(super) struct CallValues {
    pub(super) tool: u64,
    given: Vec<ComparedValue>,
    made: Vec<ComparedValue>,
}

/// A number for a value. Equal values have equal numbers.
pub(super) fn digest(value: &dyn Fn(&mut DefaultHasher)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value(&mut hasher);
    hasher.finish()
}

/// How unlikely it is that a value is the same by chance, in bits. A yes or a nothing always can be.
fn bits(value: &Value) -> u8 {
    match value {
        Value::String(text) => text.len().saturating_mul(2).min(40) as u8,
        Value::Number(number) => match number.as_f64() {
            Some(number) if number != 0.0 && number != 1.0 => {
                let fraction = if number.fract() == 0.0 { 0.0 } else { 7.0 };
                ((number.abs() + 1.0).log2() + fraction).clamp(1.0, 30.0) as u8
            }
            _ => 0,
        },
        Value::Array(items) => items.iter().map(bits).fold(0, u8::saturating_add).min(40),
        Value::Object(members) => members.values().map(bits).fold(0, u8::saturating_add).min(40),
        Value::Bool(_) | Value::Null => 0,
    }
}

/// A value and everything inside it that a recipe can name, outermost first, each with a number for its place.
fn places(value: &Value) -> Vec<(u64, &Value)> {
    let mut found = vec![(0, value)];
    let mut at = 0;
    while let Some(&(place, value)) = found.get(at) {
        at += 1;
        let mut push = |key: &str, value| {
            if found.len() < NODES && is_path_key(key) {
                found.push((digest(&|mut hasher| (place, key).hash(&mut hasher)), value));
            }
        };
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| push(key, value)),
            Value::Array(items) => {
                (0..NODES).zip(items).for_each(|(at, value)| push(&at.to_string(), value));
            }
            _ => {}
        }
    }
    found
}

/// The values inside one that say something, outermost first.
fn values_in(value: &Value) -> Vec<ComparedValue> {
    let compared = places(value).into_iter().filter_map(|(place, value)| {
        let bits = Some(bits(value)).filter(|bits| *bits > 0)?;
        let part = match value {
            Value::String(text) if text.len() > PART_BYTES => None,
            value => text_of(value).map(String::into_boxed_str),
        };
        let value = digest(&|mut hasher| value.hash(&mut hasher));
        Some(ComparedValue { place, value, bits, part })
    });
    compared.take(VALUES).collect()
}

/// The texts that values can be parts of.
fn texts_in(params: &Value) -> Vec<(u64, &str)> {
    let texts = places(params).into_iter().filter_map(|(place, value)| {
        Some((place, value.as_str().filter(|text| text.len() <= TEXT_BYTES)?))
    });
    texts.take(VALUES).collect()
}

impl CallValues {
    pub(super) fn of(call: &SeenCall) -> Self {
        // What clients do and what the user does are never the same work.
        let tool = digest(&|mut hasher| (&call.tool, call.is_of_client()).hash(&mut hasher));
        Self { tool, given: values_in(&call.params), made: values_in(&call.result) }
    }

    /// The numbers of its values, each once.
    pub(super) fn numbers(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.given.iter().chain(&self.made).map(|it| it.value).collect();
        sort_by(&mut all, Ord::cmp);
        all.dedup();
        all
    }

    /// What this call has to do with earlier ones, which come newest first with their numbers.
    pub(super) fn links<'v>(
        &self,
        params: &Value,
        earlier: impl Iterator<Item = (u64, &'v Self)>,
    ) -> Vec<Link> {
        let texts = texts_in(params);
        let mut links: Vec<Link> = Vec::new();
        let mut room = SEARCHED_BYTES;
        for (other, values) in earlier {
            let made = values.made.iter().map(|it| ("made", it));
            for (side, known) in made.chain(values.given.iter().map(|it| ("given", it))) {
                let mut link = |form: &str, place: u64| {
                    // The same argument of the same tool: somebody repeats a call.
                    if side == "given" && (place, self.tool) == (known.place, values.tool) {
                        return;
                    }
                    let flow = digest(&|mut hasher| {
                        (form, side, self.tool, place, values.tool, known.place).hash(&mut hasher);
                    });
                    if links.len() < LINKS {
                        links.push(Link { flow, value: known.value, bits: known.bits, other });
                    }
                };
                for given in self.given.iter().filter(|given| given.value == known.value) {
                    link("whole", given.place);
                }
                let Some(part) = &known.part else { continue };
                for (place, text) in &texts {
                    let cost = text.len() + SEARCH_BYTES;
                    if text.len() > part.len() && room >= cost {
                        room -= cost;
                        if place_of(text, part).is_some() {
                            link("part", *place);
                        }
                    }
                }
            }
        }
        links
    }
}

/// How often values were seen, roughly and in little room.
pub(super) struct Frequencies {
    counts: Vec<u16>,
    calls: u16,
}

impl Frequencies {
    const ROOM: usize = 4096;

    pub(super) fn new() -> Self {
        Self { counts: vec![0; Self::ROOM], calls: 0 }
    }

    pub(super) fn add(&mut self, values: &CallValues) {
        if self.calls >= 4096 {
            self.calls /= 2;
            self.counts.iter_mut().for_each(|count| *count /= 2);
        }
        self.calls += 1;
        for number in values.numbers() {
            let count = &mut self.counts[number as usize % Self::ROOM];
            // Values can be chosen so that they share a place.
            *count = count.saturating_add(1);
        }
    }

    /// How unlikely it is that a call has this value by chance, if `known` of those that had it did not by chance.
    pub(super) fn bits(&self, link: &Link, known: usize) -> f64 {
        let others = usize::from(self.counts[link.value as usize % Self::ROOM]);
        let others = others.saturating_sub(known);
        let form = f64::from(link.bits);
        if others == 0 {
            form
        } else {
            form.min((f64::from(self.calls + 8) / others as f64).log2())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_share_a_place_stay_frequent() {
        let at = |number: u64| ComparedValue {
            place: 0,
            value: number * Frequencies::ROOM as u64,
            bits: 40,
            part: None,
        };
        let values = CallValues { tool: 0, given: (0..48).map(at).collect(), made: Vec::new() };
        let mut frequencies = Frequencies::new();
        for _ in 0..2_000 {
            frequencies.add(&values);
        }
        let link = Link { flow: 0, value: 0, bits: 40, other: 0 };
        assert!(frequencies.bits(&link, 0) < 1.0, "{}", frequencies.bits(&link, 0));
    }
}
