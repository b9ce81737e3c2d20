//! Assertions: keywords that check a value without a subschema.
//!
//! An assertion reads its value and nothing else: it applies no other schema and reports nothing.
//! `check` asks for its cost first, then whether it holds, and for words only where it doesn't. The
//! keywords are those of JSON Schema 2020-12 Validation, section 6.

use serde_json::Value;

use super::number::{Decimal, Exact};
use super::pattern::Pattern;
use super::value::{DUPLICATE_COST, find_duplicate, same, weight};
use super::violation::{cut, listed, quoted, shown};
use super::{ViolationKind, bounds};

/// One assertion. Those on strings, numbers and so on hold for every other kind of value.
#[derive(Debug)]
pub(super) enum Assertion {
    /// Nothing is allowed: the schema `false`.
    Never,
    /// `type`: the value has one of these types.
    Type(Types),
    /// `enum`, and `const` as an `enum` of one, with what all of them weigh.
    Enum(Vec<Value>, usize),
    /// `multipleOf`, once for the message and once to divide by.
    MultipleOf(Exact, Decimal),
    /// `minimum`.
    AtLeast(Exact),
    /// `maximum`.
    AtMost(Exact),
    /// `exclusiveMinimum`.
    Over(Exact),
    /// `exclusiveMaximum`.
    Under(Exact),
    /// `minLength`, `minItems` and `minProperties`.
    AtLeastSize(Measure, u64),
    /// `maxLength`, `maxItems` and `maxProperties`.
    AtMostSize(Measure, u64),
    /// `pattern`, which may match anywhere in a string.
    Pattern(Pattern),
    /// `uniqueItems`.
    Unique,
    /// `required`.
    Required(Vec<String>),
    /// Where the first property is there, the others have to be.
    DependentRequired(String, Vec<String>),
}

/// What is counted: nothing in values of another kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Measure {
    /// Unicode code points of a string, not its bytes (Validation, section 6.3.1).
    Characters,
    /// Items of an array.
    Items,
    /// Properties of an object.
    Properties,
}

impl Measure {
    /// The size of `value`; `None` where it is of another kind, so that the limit doesn't apply.
    fn of(self, value: &Value) -> Option<u64> {
        let size = match (self, value) {
            (Self::Characters, Value::String(text)) => text.chars().count(),
            (Self::Items, Value::Array(items)) => items.len(),
            (Self::Properties, Value::Object(properties)) => properties.len(),
            _ => return None,
        };
        Some(size as u64)
    }

    /// The size in words: `1 item`, `2 items`.
    fn counted(self, size: u64) -> String {
        let (one, more) = match self {
            Self::Characters => ("character", "characters"),
            Self::Items => ("item", "items"),
            Self::Properties => ("property", "properties"),
        };
        format!("{size} {}", if size == 1 { one } else { more })
    }
}

/// A set of the types that JSON Schema knows.
/// One bit for each entry of `NAMES`, in its order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Types(u8);

impl Types {
    /// The bit of `integer`.
    const INTEGER: u8 = 1 << 2;
    /// The bit of `number`, which includes integers.
    const NUMBER: u8 = 1 << 3;
    /// The name of each type in a schema, and what a message calls a value of it.
    const NAMES: [(&'static str, &'static str); 7] = [
        ("null", "null"),
        ("boolean", "a boolean"),
        ("integer", "an integer"),
        ("number", "a number"),
        ("string", "a string"),
        ("array", "an array"),
        ("object", "an object"),
    ];

    /// This set and the type of this name, if there is one.
    pub(super) fn with(self, name: &str) -> Option<Self> {
        let index = Self::NAMES.iter().position(|(known, _)| *known == name)?;
        Some(Self(self.0 | 1 << index))
    }

    /// Whether it has integers and no other numbers.
    fn is_integral(self) -> bool {
        self.0 & (Self::INTEGER | Self::NUMBER) == Self::INTEGER
    }

    /// Whether the value has one of the types. A number with a fraction of zero is an integer, however
    /// it is written (Validation, section 6.1.1).
    fn contains(self, value: &Value) -> bool {
        let index = match value {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(number) => {
                if self.0 & Self::INTEGER != 0 && Exact::of(number).is_whole() {
                    return true;
                }
                3
            }
            Value::String(_) => 4,
            Value::Array(_) => 5,
            Value::Object(_) => 6,
        };
        self.0 & 1 << index != 0
    }

    /// The types as a list of words: `a string or an array`.
    fn expected(self) -> String {
        let names = Self::NAMES.iter().enumerate();
        let named: Vec<_> = names
            .filter(|(index, _)| self.0 & 1 << index != 0)
            .map(|(_, (_, name))| name)
            .collect();
        listed(named.into_iter(), " or ")
    }
}

impl Assertion {
    /// Whether it takes `value` as an integer that is not written as one.
    pub(super) fn is_integer_by_value(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Type(types), Value::Number(number)) => {
                types.is_integral() && number.is_f64() && Exact::of(number).is_whole()
            }
            _ => false,
        }
    }

    /// What [`Self::holds`] costs at the most, in steps.
    ///
    /// # Errors
    ///
    /// [`ViolationKind::TooDeep`] for a value that is too deep to be compared.
    pub(super) fn steps(&self, value: &Value) -> Result<usize, ViolationKind> {
        Ok(match (self, value) {
            (Self::Enum(_, weight), _) => *weight / 8,
            (Self::AtLeastSize(..) | Self::AtMostSize(..), Value::String(text)) => text.len() / 64,
            (Self::Pattern(pattern), Value::String(text)) => pattern.steps(text),
            (Self::Unique, Value::Array(_)) => {
                let weight = weight(value, bounds::DEPTH).ok_or(ViolationKind::TooDeep)?;
                weight.saturating_mul(DUPLICATE_COST)
            }
            (Self::Required(names) | Self::DependentRequired(_, names), Value::Object(_)) => {
                names.len()
            }
            _ => 0,
        })
    }

    /// Whether it holds for `value`.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Never, _) => false,
            (Self::Type(types), _) => types.contains(value),
            (Self::Enum(allowed, _), _) => allowed.iter().any(|allowed| same(allowed, value)),
            (Self::MultipleOf(_, unit), Value::Number(number)) => {
                Decimal::of(number).is_multiple_of(*unit)
            }
            (Self::AtLeast(limit), Value::Number(number)) => Exact::of(number) >= *limit,
            (Self::AtMost(limit), Value::Number(number)) => Exact::of(number) <= *limit,
            (Self::Over(limit), Value::Number(number)) => Exact::of(number) > *limit,
            (Self::Under(limit), Value::Number(number)) => Exact::of(number) < *limit,
            (Self::AtLeastSize(measure, limit), _) => {
                measure.of(value).is_none_or(|size| size >= *limit)
            }
            (Self::AtMostSize(measure, limit), _) => {
                measure.of(value).is_none_or(|size| size <= *limit)
            }
            (Self::Pattern(pattern), Value::String(text)) => pattern.matches(text),
            (Self::Unique, Value::Array(items)) => find_duplicate(items).is_none(),
            (Self::Required(names), Value::Object(_)) => missing(names, value).next().is_none(),
            (Self::DependentRequired(present, names), Value::Object(properties)) => {
                !properties.contains_key(present) || missing(names, value).next().is_none()
            }
            _ => true,
        }
    }

    /// What it wants, whatever the value.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Never => "nothing".into(),
            Self::Type(types) => types.expected(),
            Self::Enum(allowed, _) => {
                let one_of = if allowed.len() == 1 { "" } else { "one of " };
                format!("{one_of}{}", listed(allowed.iter().map(shown), ", "))
            }
            Self::MultipleOf(unit, _) => format!("a multiple of {unit}"),
            Self::AtLeast(limit) => format!("a number of at least {limit}"),
            Self::AtMost(limit) => format!("a number of at most {limit}"),
            Self::Over(limit) => format!("a number greater than {limit}"),
            Self::Under(limit) => format!("a number less than {limit}"),
            Self::AtLeastSize(measure, limit) => format!("at least {}", measure.counted(*limit)),
            Self::AtMostSize(measure, limit) => format!("at most {}", measure.counted(*limit)),
            Self::Pattern(pattern) => format!("a string that matches `{}`", cut(pattern.as_str())),
            Self::Unique => "items that are all different".into(),
            Self::Required(names) => properties(names.iter()),
            Self::DependentRequired(present, names) => {
                format!("{} beside {present:?}", properties(names.iter()))
            }
        }
    }

    /// What it wants and what is there instead, for a value that it doesn't hold for.
    pub(super) fn difference(&self, value: &Value) -> (String, String) {
        let mut expected = self.expected();
        let mut got = shown(value);
        match (self, value) {
            (Self::AtLeastSize(measure, _) | Self::AtMostSize(measure, _), _) => {
                got += &format!(" ({})", measure.counted(measure.of(value).unwrap_or(0)));
            }
            (Self::Unique, Value::Array(items)) => {
                if let Some((one, two)) = find_duplicate(items) {
                    got = format!("{} in both {one} and {two}", shown(&items[one]));
                }
            }
            (Self::Required(names), _) => {
                expected = properties(missing(names, value).collect::<Vec<_>>().into_iter());
            }
            (Self::DependentRequired(present, names), _) => {
                let names: Vec<_> = missing(names, value).collect();
                expected = format!("{} beside {present:?}", properties(names.into_iter()));
            }
            _ => {}
        }
        (expected, got)
    }
}

/// Those of `names` that an object hasn't.
fn missing<'a>(names: &'a [String], object: &'a Value) -> impl Iterator<Item = &'a String> {
    names.iter().filter(|name| object.get(name.as_str()).is_none())
}

/// `a property "a"`, or `properties "a", "b"`.
fn properties<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let word = if names.len() == 1 { "a property" } else { "properties" };
    format!("{word} {}", listed(names.map(|name| quoted(name)), " and "))
}
