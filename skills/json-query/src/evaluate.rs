//! Running a query on a document.
//!
//! A query turns one value into any number of values. Wherever exactly one is needed, a query with
//! an iteration `[]` gives the array of them all, and any other its value, or null if it has none.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use json_text::{Members, Value, characters, compare_numbers, decimal};

/// Steps, each with its place in the query's text in characters, from 0.
#[derive(Default)]
pub struct Query {
    pub steps: Vec<(usize, Step)>,
}

pub enum Step {
    Field(String),
    Index(i32),
    Slice(Option<i32>, Option<i32>),
    Each,
    Literal(Value),
    Collect(Vec<Query>),
    Construct(Vec<(String, Query)>),
    Select(Query),
    Contains(Query),
    Operate(Comparison, Box<(Query, Query)>),
    Length,
    Keys,
    Type,
    Not,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Comparison {
    Or,
    And,
    Equal,
    NotEqual,
    AtMost,
    AtLeast,
    Less,
    More,
}

/// A step that doesn't suit the value it met. It is put into words only where it leaves the query.
#[derive(Clone, Copy)]
struct Fault<'q> {
    place: usize,
    /// The value's kind.
    kind: &'static str,
    problem: &'static str,
    name: &'q str,
}

impl<'q> Fault<'q> {
    fn of(value: &Value, problem: &'static str) -> Fault<'q> {
        Fault { place: 0, kind: value.kind(), problem, name: "" }
    }

    fn naming(self, name: &'q str) -> Fault<'q> {
        Fault { name, ..self }
    }

    fn at(self, place: usize) -> Fault<'q> {
        Fault { place, ..self }
    }
}

impl Query {
    pub fn add(&mut self, place: usize, step: Step) {
        self.steps.push((place, step));
    }

    /// The query's answer as one value.
    ///
    /// # Errors
    ///
    /// A step that doesn't suit the value it meets, with its place.
    pub fn answer(&self, input: &Value) -> Result<Value, String> {
        self.value(input).map_err(|fault| {
            let character = decimal(fault.place as u64 + 1);
            ["query, character ", &character, ": ", fault.kind, fault.problem, fault.name].concat()
        })
    }

    fn value(&self, input: &Value) -> Result<Value, Fault<'_>> {
        let mut results = Vec::new();
        run(&self.steps, Cow::Borrowed(input), &mut results)?;
        if self.steps.iter().any(|(_, step)| matches!(step, Step::Each)) {
            return Ok(Value::Array(results));
        }
        Ok(results.pop().unwrap_or(Value::Null))
    }
}

fn run<'q>(
    steps: &'q [(usize, Step)],
    input: Cow<'_, Value>,
    results: &mut Vec<Value>,
) -> Result<(), Fault<'q>> {
    let mut value = input;
    for (position, (place, step)) in steps.iter().enumerate() {
        match step {
            Step::Each => {
                let rest = &steps[position + 1..];
                match &*value {
                    Value::Array(items) => {
                        for item in items {
                            run(rest, Cow::Borrowed(item), results)?;
                        }
                    }
                    Value::Object(members) => {
                        for (_, member) in members {
                            run(rest, Cow::Borrowed(member), results)?;
                        }
                    }
                    other => return Err(Fault::of(other, " can't be iterated").at(*place)),
                }
                return Ok(());
            }
            Step::Select(condition) => {
                if !truth(&condition.value(&value)?) {
                    return Ok(());
                }
            }
            Step::Field(name) => {
                value =
                    child(value, |value| field(value, name)).map_err(|fault| fault.at(*place))?;
            }
            Step::Index(index) => {
                value =
                    child(value, |value| item(value, *index)).map_err(|fault| fault.at(*place))?;
            }
            step => value = Cow::Owned(made(step, &value, *place)?),
        }
    }
    results.push(value.into_owned());
    Ok(())
}

/// A part of the value, still borrowed if the value is.
fn child<'a, 'q>(
    value: Cow<'a, Value>,
    part: impl Fn(&Value) -> Result<Option<&Value>, Fault<'q>>,
) -> Result<Cow<'a, Value>, Fault<'q>> {
    Ok(match value {
        Cow::Borrowed(value) => part(value)?.map_or(Cow::Owned(Value::Null), Cow::Borrowed),
        Cow::Owned(value) => Cow::Owned(part(&value)?.cloned().unwrap_or(Value::Null)),
    })
}

fn field<'a, 'q>(value: &'a Value, name: &'q str) -> Result<Option<&'a Value>, Fault<'q>> {
    match value {
        Value::Object(_) | Value::Null => Ok(value.get(name)),
        other => Err(Fault::of(other, " has no field named ").naming(name)),
    }
}

fn item<'q>(value: &Value, index: i32) -> Result<Option<&Value>, Fault<'q>> {
    match value {
        Value::Array(items) => Ok(position(index, items.len()).and_then(|at| items.get(at))),
        Value::Null => Ok(None),
        other => Err(Fault::of(other, " has no items to index")),
    }
}

/// The place of an index, counted from the end where it is negative; none before the start.
fn position(index: i32, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => length.checked_sub(index.unsigned_abs() as usize),
    }
}

/// The standard search is three kilobytes of code.
fn has_part(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The steps whose value is new. Not inlined, so that running needs less of the small stack.
#[inline(never)]
fn made<'q>(step: &'q Step, value: &Value, place: usize) -> Result<Value, Fault<'q>> {
    let unsuited = |problem| Err(Fault::of(value, problem).at(place));
    Ok(match step {
        Step::Literal(literal) => literal.clone(),
        Step::Collect(queries) => {
            let mut items = Vec::new();
            for query in queries {
                run(&query.steps, Cow::Borrowed(value), &mut items)?;
            }
            Value::Array(items)
        }
        Step::Construct(members) => {
            let mut built = Vec::new();
            for (name, query) in members {
                built.push((name.clone(), query.value(value)?));
            }
            Value::Object(built)
        }
        Step::Contains(query) => {
            let wanted = query.value(value)?;
            let found = match (value, &wanted) {
                (Value::String(text), Value::String(part)) => {
                    part.is_empty() || has_part(text.as_bytes(), part.as_bytes())
                }
                (Value::Array(items), _) => items.iter().any(|item| equal(item, &wanted)),
                (Value::Object(_), Value::String(name)) => value.get(name).is_some(),
                _ => return unsuited(" can't contain that"),
            };
            Value::from(found)
        }
        Step::Operate(operator, sides) => {
            let left = sides.0.value(value)?;
            match operator {
                Comparison::And => Value::from(truth(&left) && truth(&sides.1.value(value)?)),
                Comparison::Or => Value::from(truth(&left) || truth(&sides.1.value(value)?)),
                _ => compare(*operator, &left, &sides.1.value(value)?)
                    .map_err(|fault| fault.at(place))?,
            }
        }
        Step::Slice(from, to) => slice(value, *from, *to).map_err(|fault| fault.at(place))?,
        Step::Length => match value {
            Value::Null => Value::from(0u64),
            Value::String(text) => Value::from(characters(text)),
            Value::Array(items) => Value::from(items.len()),
            Value::Object(members) => Value::from(members.len()),
            _ => return unsuited(" has no length"),
        },
        Step::Keys => match value {
            Value::Object(members) => Value::Array(sorted_names(members)),
            _ => return unsuited(" has no keys"),
        },
        Step::Type => {
            let kind = value.kind();
            let bare = kind.strip_prefix("an ").or(kind.strip_prefix("a "));
            Value::from(bare.unwrap_or(kind))
        }
        // The others are answered where the query runs.
        _ => Value::from(!truth(value)),
    })
}

fn slice<'q>(value: &Value, from: Option<i32>, to: Option<i32>) -> Result<Value, Fault<'q>> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(items) => {
            let place = |index| position(index, items.len()).unwrap_or(0).min(items.len());
            let end = to.map_or(items.len(), place);
            let start = from.map_or(0, place).min(end);
            Ok(Value::Array(items[start..end].to_vec()))
        }
        other => Err(Fault::of(other, " can't be sliced")),
    }
}

fn truth(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => {
            compare_numbers(left, right) == Ordering::Equal
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (Value::Object(members), Value::Object(others)) => {
            members.len() == others.len()
                && members.iter().all(|(name, l)| right.get(name).is_some_and(|r| equal(l, r)))
        }
        _ => false,
    }
}

fn compare<'q>(operator: Comparison, left: &Value, right: &Value) -> Result<Value, Fault<'q>> {
    let order = match (operator, left, right) {
        (Comparison::Equal, ..) => return Ok(Value::from(equal(left, right))),
        (Comparison::NotEqual, ..) => return Ok(Value::from(!equal(left, right))),
        // A field that is missing is in no order to anything, which selects nothing.
        (_, Value::Null, _) | (_, _, Value::Null) => return Ok(Value::from(false)),
        (_, Value::Number(left), Value::Number(right)) => compare_numbers(left, right),
        (_, Value::String(left), Value::String(right)) => left.cmp(right),
        _ => return Err(Fault::of(left, " is in no order to ").naming(right.kind())),
    };
    Ok(Value::from(match operator {
        Comparison::AtMost => order != Ordering::Greater,
        Comparison::AtLeast => order != Ordering::Less,
        Comparison::Less => order == Ordering::Less,
        _ => order == Ordering::Greater,
    }))
}

/// The different names, in the order of their characters.
fn sorted_names(members: &[(String, Value)]) -> Vec<Value> {
    last_by_name(members).into_iter().map(|(name, _)| Value::from(name)).collect()
}

/// The places of the members by name; of equal names only the last. A heap is less code than a sort.
fn last_by_name(members: &[(String, Value)]) -> Vec<(&str, usize)> {
    let places = members.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at));
    let mut sorted = places.collect::<BinaryHeap<_>>().into_sorted_vec();
    sorted.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            earlier.1 = later.1;
        }
        same
    });
    sorted
}

/// Sorts the members of all objects by name; of equal names the last one stays.
pub fn sort_keys(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(sort_keys),
        Value::Object(members) => {
            let mut sorted = Members::new();
            for (name, at) in last_by_name(members) {
                let mut member = members[at].1.clone();
                sort_keys(&mut member);
                sorted.add(name, member);
            }
            *value = sorted.build();
        }
        _ => {}
    }
}
