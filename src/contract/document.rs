//! Reads JSON or YAML text as one plain value within bounds: manifests, `config.yaml`, the files of
//! `$WEFT_HOME`, signatures and the index of a registry.
//!
//! A key that is given twice in one mapping is an error everywhere: two readers of such a file could see
//! two different contents. The bounds are bytes of text, depth, number of values, and bytes of all strings
//! together. The last two make YAML's aliases harmless, because each use of an alias counts again.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

/// Lists and mappings inside each other.
const DEPTH: usize = 32;
/// Values of any kind, the keys of mappings included.
const VALUES: usize = 10_000;
/// Opening brackets in a YAML text. The parser's time grows with text times open brackets, so an
/// unbounded number of them would keep it busy for seconds.
const YAML_BRACKETS: usize = 1_000;

/// Why a text can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DocumentError {
    /// The text is over the limit.
    TooLarge { bytes: usize, limit: usize },
    /// Too many `[` and `{` in a YAML text.
    TooManyBrackets,
    /// The syntax is wrong, or a bound was reached; the parser's message has line and column.
    Syntax { format: &'static str, message: String },
}

impl DocumentError {
    /// What would be right, in a few words.
    pub(crate) fn next_step(&self) -> String {
        match self {
            Self::TooLarge { limit, .. } => format!("expected at most {limit} bytes"),
            Self::TooManyBrackets => {
                format!("expected at most {YAML_BRACKETS} of `[` and `{{`; write lists with `-`")
            }
            Self::Syntax { format, .. } => format!("expected one mapping in plain {format}"),
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, .. } => write!(formatter, "{bytes} bytes are too large"),
            Self::TooManyBrackets => formatter.write_str("too many brackets"),
            Self::Syntax { format, message } => write!(formatter, "not valid {format}: {message}"),
        }
    }
}

/// Reads one JSON value from `text`, of at most `limit` bytes.
pub(crate) fn from_json(text: &str, limit: usize) -> Result<Value, DocumentError> {
    let text = within(text, limit)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    read(&mut parser, VALUES, limit)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| DocumentError::Syntax { format: "JSON", message: error.to_string() })
}

/// Reads one YAML document from `text`, of at most `limit` bytes.
pub(crate) fn from_yaml(text: &str, limit: usize) -> Result<Value, DocumentError> {
    let text = within(text, limit)?;
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > YAML_BRACKETS {
        return Err(DocumentError::TooManyBrackets);
    }
    read(serde_yaml::Deserializer::from_str(text), VALUES, limit)
        .map_err(|error| DocumentError::Syntax { format: "YAML", message: error.to_string() })
}

/// Reads the JSON of a file that the program keeps itself, whose bytes the caller has bounded.
///
/// # Errors
///
/// The fault and its place. Of the content it names only a key that is given twice: the file may hold
/// secrets.
pub(crate) fn from_state_json(text: &str) -> Result<Value, String> {
    let mut parser = serde_json::Deserializer::from_str(text);
    // JSON has no aliases: there are never more values than bytes.
    read(&mut parser, text.len(), text.len())
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| match error.classify() {
            Category::Data => error.to_string(),
            _ => format!("not valid JSON, at line {} column {}", error.line(), error.column()),
        })
}

/// The text without the byte order mark that some editors put before it.
fn within(text: &str, limit: usize) -> Result<&str, DocumentError> {
    if text.len() > limit {
        return Err(DocumentError::TooLarge { bytes: text.len(), limit });
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn read<'de, D: Deserializer<'de>>(
    parser: D,
    values: usize,
    limit: usize,
) -> Result<Value, D::Error> {
    // Without aliases no string is longer than its text, but for escapes like `\P`, whose two
    // bytes stand for three.
    let budget = DocumentBudget { values: Cell::new(values), bytes: Cell::new(limit * 3 / 2) };
    DocumentValue { budget: &budget, depth: DEPTH }.deserialize(parser)
}

/// How many values and bytes the rest of a document may have.
struct DocumentBudget {
    values: Cell<usize>,
    bytes: Cell<usize>,
}

impl DocumentBudget {
    fn spend<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        let left = self.values.get().checked_sub(1).zip(self.bytes.get().checked_sub(bytes));
        let (values, bytes) =
            left.ok_or_else(|| E::custom("too many values, or aliases that multiply"))?;
        self.values.set(values);
        self.bytes.set(bytes);
        Ok(())
    }
}

/// Reads one value, `depth` levels deep at most.
#[derive(Clone, Copy)]
struct DocumentValue<'b> {
    budget: &'b DocumentBudget,
    depth: usize,
}

impl DocumentValue<'_> {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        let depth = depth.ok_or_else(|| E::custom(format!("nested deeper than {DEPTH}")))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for DocumentValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DocumentValue<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, a number, true, false, null, a list or a mapping")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        self.budget.spend(0)?;
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        self.budget.spend(0)?;
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        self.budget.spend(0)?;
        Ok(Value::from(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.budget.spend(0)?;
        Ok(Value::from(value))
    }

    // Integers beyond 64 bits lose digits here, which is well: no key takes a value that large.
    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        self.budget.spend(0)?;
        let number =
            Number::from_f64(value).ok_or_else(|| E::custom("a number that is not finite"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.budget.spend(value.len())?;
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.budget.spend(0)?;
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.budget.spend(0)?;
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(DocumentKey { budget: self.budget })? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!(
                    "the key `{}` is given twice",
                    key.escape_debug()
                )));
            }
            map.insert(key, entries.next_value_seed(inner)?);
        }
        Ok(Value::Object(map))
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, _tagged: A) -> Result<Value, A::Error> {
        Err(de::Error::custom("tags (`!name`) are not allowed"))
    }
}

/// A mapping's key, which must be text.
struct DocumentKey<'b> {
    budget: &'b DocumentBudget,
}

impl<'de> DeserializeSeed<'de> for DocumentKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<String, D::Error> {
        parser.deserialize_any(self)
    }
}

impl Visitor<'_> for DocumentKey<'_> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key that is text")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<String, E> {
        self.budget.spend(value.len())?;
        Ok(value.to_owned())
    }
}
