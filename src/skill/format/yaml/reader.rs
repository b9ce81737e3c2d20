//! A skill's YAML as plain values, read leniently.
//!
//! Scalars keep the digits they were written with, so that version `1.10` is not version 1.1.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::nesting::DEPTH;
use crate::contract::{DocumentReader, YAML_BRACKETS, has_too_many_brackets, yaml_problem};

/// Values of any kind: each use of an alias counts again, so that aliases can't multiply.
const VALUES: usize = 2_000;

/// The mapping of a YAML text.
///
/// It was read within all bounds.
#[derive(Debug)]
pub(in crate::skill::format) struct Read {
    pub(in crate::skill::format) map: Map<String, Value>,
    /// Keys that are given more than once in one mapping; the last of each counts.
    pub(in crate::skill::format) repeated: Vec<String>,
}

/// Why a text can't be read as a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::skill::format) struct YamlFault {
    /// Whether the text is over a bound. No fallback is tried then.
    pub(in crate::skill::format) bound: bool,
    pub(in crate::skill::format) message: String,
    /// Line and column in the text, from 1.
    pub(in crate::skill::format) line: usize,
    pub(in crate::skill::format) column: usize,
}

/// Reads one mapping; an empty text is an empty one.
///
/// # Errors
///
/// [`YamlFault`] with the place of the fault, also if the text is a list or a scalar. `bound` is set if it is
/// too large to read: too many brackets, values or levels.
pub(in crate::skill::format) fn read(text: &str) -> Result<Read, YamlFault> {
    if has_too_many_brackets(text) {
        let message = format!("there are more than {YAML_BRACKETS} of `[` and `{{`");
        return Err(YamlFault { bound: true, message, line: 1, column: 1 });
    }
    let reader = DocumentReader::lenient(VALUES, text.len(), DEPTH);
    let mut value = reader
        .read(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| YamlFault::new(&error, reader.is_over()))?;
    // The parser makes numbers of scalars and forgets how they were written, so a second pass fetches their text.
    if reader.has_numbers() {
        // A text that was read once and isn't the second time is one whose keys are repeated; its
        // numbers stay numbers.
        let _ = Written(&mut value).deserialize(serde_yaml::Deserializer::from_str(text));
    }
    let map = match value {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        _ => {
            let message = "there are no keys: each line is `key: value`".to_owned();
            return Err(YamlFault { bound: false, message, line: 1, column: 1 });
        }
    };
    Ok(Read { map, repeated: reader.into_repeated() })
}

impl YamlFault {
    /// The parser's fault in words for people. Without a position it is about the first line.
    fn new(error: &serde_yaml::Error, bound: bool) -> Self {
        let (line, column) =
            error.location().map_or((1, 1), |place| (place.line(), place.column()));
        Self { bound, message: yaml_problem(error), line, column }
    }
}

/// A scalar as it is written.
struct Scalar;

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<String, D::Error> {
        parser.deserialize_str(self)
    }
}

impl Visitor<'_> for Scalar {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a scalar")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }
}

/// A value whose numbers become the text they were written as, where JSON would write another.
struct Written<'v>(&'v mut Value);

impl<'de> DeserializeSeed<'de> for Written<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        match self.0 {
            Value::Number(number) => {
                let text = Scalar.deserialize(parser)?;
                if text != number.to_string() {
                    *self.0 = Value::String(text);
                }
                Ok(())
            }
            // Numbers that JSON has no room for are text by now, and may be written otherwise.
            Value::String(text) => {
                *text = Scalar.deserialize(parser)?;
                Ok(())
            }
            Value::Array(_) => parser.deserialize_seq(self),
            Value::Object(_) => parser.deserialize_map(self),
            _ => IgnoredAny::deserialize(parser).map(|_| ()),
        }
    }
}

impl<'de> Visitor<'de> for Written<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("what was there before")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let known = self.0.as_array_mut().into_iter().flatten();
        for value in known {
            items.next_element_seed(Written(value))?;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key_seed(Scalar)? {
            match self.0.get_mut(&key) {
                Some(value) => entries.next_value_seed(Written(value))?,
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}
