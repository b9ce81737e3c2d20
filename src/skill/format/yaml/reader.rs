//! YAML to plain values, within bounds that hold whatever the text says.
//!
//! Manifests have a reader of their own, which refuses what this one makes the best of: a key given
//! twice, tags, keys that are no text. Scalars keep the digits they were written with, so that
//! version `1.10` is not version 1.1.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::Deserialize as _;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::nesting::DEPTH;

/// Values of any kind: each use of an alias counts again, so that aliases can't multiply.
const VALUES: usize = 2_000;
/// Opening brackets: the parser's time grows with text times open brackets.
const BRACKETS: usize = 1_000;

/// The mapping of a YAML text.
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
pub(in crate::skill::format) fn read(text: &str) -> Result<Read, YamlFault> {
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > BRACKETS {
        let message = format!("there are more than {BRACKETS} of `[` and `{{`");
        return Err(YamlFault { bound: true, message, line: 1, column: 1 });
    }
    let state = YamlBounds {
        values: Cell::new(VALUES),
        // Without aliases no string is longer than its text, but for escapes like `\P`.
        bytes: Cell::new(text.len() * 3 / 2 + 16),
        bound: Cell::new(false),
        numbers: Cell::new(false),
        repeated: RefCell::default(),
    };
    let parser = serde_yaml::Deserializer::from_str(text);
    let mut value = YamlValue { state: &state, depth: DEPTH }
        .deserialize(parser)
        .map_err(|error| YamlFault::new(&error, state.bound.get()))?;
    if state.numbers.get() {
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
    Ok(Read { map, repeated: state.repeated.into_inner() })
}

impl YamlFault {
    fn new(error: &serde_yaml::Error, bound: bool) -> Self {
        let text = error.to_string();
        let (line, column) =
            error.location().map_or((1, 1), |place| (place.line(), place.column()));
        Self { bound, message: plain(&text), line, column }
    }
}

/// The parser's message in plainer words, without its positions.
fn plain(text: &str) -> String {
    let problem = text.split(" at line ").next().unwrap_or(text);
    let problem = problem.split(", while ").next().unwrap_or(problem);
    let opened = [("flow mapping", '{'), ("flow sequence", '[')];
    let bracket = opened.iter().find(|(what, _)| text.contains(&format!("while parsing a {what}")));
    if let Some((_, bracket)) = bracket {
        return format!("a `{bracket}` is opened and not closed before this");
    }
    match problem {
        "mapping values are not allowed in this context" => {
            "`: ` inside a value that is not quoted".into()
        }
        "found character that cannot start any token" => {
            "this character can't begin a value that is not quoted".into()
        }
        "could not find expected ':'" => "this line, or the one before, is no `key: value`".into(),
        "did not find expected key" => {
            "no key is found where one is expected: the indentation, or a quote, is off".into()
        }
        "did not find expected alphabetic or numeric character" => {
            "`*` and `&` can't begin a value that is not quoted".into()
        }
        "could not find expected directive name" => "`%` can't begin a line".into(),
        "found unexpected end of stream" => "a quote is not closed before the end".into(),
        _ => problem.to_owned(),
    }
}

/// The bounds that are left while one text is read, and the findings so far.
struct YamlBounds {
    values: Cell<usize>,
    bytes: Cell<usize>,
    bound: Cell<bool>,
    numbers: Cell<bool>,
    repeated: RefCell<Vec<String>>,
}

impl YamlBounds {
    fn spend<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        match self.values.get().checked_sub(1).zip(self.bytes.get().checked_sub(bytes)) {
            Some((values, bytes)) => {
                self.values.set(values);
                self.bytes.set(bytes);
                Ok(())
            }
            None => {
                Err(self.over(&format!("there are more than {VALUES} values, or aliases multiply")))
            }
        }
    }

    fn over<E: de::Error>(&self, message: &str) -> E {
        self.bound.set(true);
        E::custom(message)
    }
}

/// Reads one value, `depth` levels deep at most.
#[derive(Clone, Copy)]
struct YamlValue<'s> {
    state: &'s YamlBounds,
    depth: usize,
}

impl YamlValue<'_> {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.state.over(&format!("there are more than {DEPTH} levels"))),
        }
    }

    fn number<E: de::Error>(
        self,
        number: Option<Number>,
        text: fmt::Arguments<'_>,
    ) -> Result<Value, E> {
        self.state.spend(0)?;
        self.state.numbers.set(true);
        Ok(number.map_or_else(|| Value::String(text.to_string()), Value::Number))
    }
}

impl<'de> DeserializeSeed<'de> for YamlValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for YamlValue<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, a number, true, false, null, a list or a mapping")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        self.state.spend(0)?;
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        self.state.spend(0)?;
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        self.number(Some(value.into()), format_args!("{value}"))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.number(Some(value.into()), format_args!("{value}"))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        self.number(None, format_args!("{value}"))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        self.number(None, format_args!("{value}"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        self.number(Number::from_f64(value), format_args!("{value}"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.state.spend(value.len())?;
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.state.spend(0)?;
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.state.spend(0)?;
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(Text)? {
            self.state.spend(key.len())?;
            let value = entries.next_value_seed(inner)?;
            if map.contains_key(&key) {
                self.state.repeated.borrow_mut().push(key.clone());
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }

    /// Tags are ignored: `!something value` is the value.
    fn visit_enum<A: de::EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (IgnoredAny, value) = tagged.variant()?;
        let inner = self.inner()?;
        de::VariantAccess::newtype_variant_seed(value, inner)
    }
}

/// A scalar as it is written.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<String, D::Error> {
        parser.deserialize_str(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key that is text")
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
                let text = Text.deserialize(parser)?;
                if text != number.to_string() {
                    *self.0 = Value::String(text);
                }
                Ok(())
            }
            // Numbers that JSON has no room for are text by now, and may be written otherwise.
            Value::String(text) => {
                *text = Text.deserialize(parser)?;
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
        while let Some(key) = entries.next_key_seed(Text)? {
            match self.0.get_mut(&key) {
                Some(value) => entries.next_value_seed(Written(value))?,
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}
