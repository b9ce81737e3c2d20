//! One reader for values in JSON and YAML, within bounds that hold whatever the text says.
//!
//! The bounds are depth, number of values, and bytes of all strings together. The last two make YAML's
//! aliases harmless, because each use of an alias counts again. A strict reader refuses what another reader
//! might read as something else; a lenient one makes the best of it.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Opening brackets in a YAML text. The parser's time grows with text times open brackets, so an
/// unbounded number of them would keep it busy for seconds.
pub(crate) const YAML_BRACKETS: usize = 1_000;

/// Whether a YAML text has more than [`YAML_BRACKETS`].
pub(crate) fn has_too_many_brackets(text: &str) -> bool {
    text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > YAML_BRACKETS
}

/// How a text is read, what is left of its bounds, and what was found so far.
pub(crate) struct DocumentReader {
    /// What a strict reader refuses: a key that is given twice, a key that is no text, a tag, and a number
    /// that JSON has no room for. To a lenient one the last of several keys counts, a key or a number is the
    /// text it is written as, and a tag means nothing.
    strict: bool,
    values: (usize, Cell<usize>),
    bytes: Cell<usize>,
    depth: usize,
    is_over: Cell<bool>,
    has_numbers: Cell<bool>,
    repeated: RefCell<Vec<String>>,
}

impl DocumentReader {
    /// A strict reader of a text of at most `limit` bytes, for at most so many values, `depth` levels deep.
    pub(crate) fn strict(values: usize, limit: usize, depth: usize) -> Self {
        // Without aliases no string is longer than its text, but for escapes like `\P`, whose two
        // bytes stand for three.
        let bytes = limit.saturating_mul(3) / 2 + 16;
        Self {
            strict: true,
            values: (values, Cell::new(values)),
            bytes: Cell::new(bytes),
            depth,
            is_over: Cell::new(false),
            has_numbers: Cell::new(false),
            repeated: RefCell::default(),
        }
    }

    /// A lenient one.
    pub(crate) fn lenient(values: usize, limit: usize, depth: usize) -> Self {
        Self { strict: false, ..Self::strict(values, limit, depth) }
    }

    /// Reads one value.
    ///
    /// # Errors
    ///
    /// The parser's error for wrong syntax, for what a strict reader refuses, and for a bound.
    pub(crate) fn read<'de, D: Deserializer<'de>>(&self, parser: D) -> Result<Value, D::Error> {
        DocumentValue { reader: self, depth: self.depth }.deserialize(parser)
    }

    /// Whether a bound was reached.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Whether there were numbers.
    pub(crate) fn has_numbers(&self) -> bool {
        self.has_numbers.get()
    }

    /// The keys that were given more than once in one mapping.
    pub(crate) fn into_repeated(self) -> Vec<String> {
        self.repeated.into_inner()
    }

    fn spend<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        let (all, left) = &self.values;
        match left.get().checked_sub(1).zip(self.bytes.get().checked_sub(bytes)) {
            Some((values, bytes)) => {
                left.set(values);
                self.bytes.set(bytes);
                Ok(())
            }
            None => {
                Err(self.over(&format!("there are more than {all} values, or aliases multiply")))
            }
        }
    }

    fn over<E: de::Error>(&self, message: &str) -> E {
        self.is_over.set(true);
        E::custom(message)
    }
}

/// Reads one value, `depth` levels deep at most.
#[derive(Clone, Copy)]
struct DocumentValue<'r> {
    reader: &'r DocumentReader,
    depth: usize,
}

impl DocumentValue<'_> {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let most = self.reader.depth;
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.reader.over(&format!("there are more than {most} levels"))),
        }
    }

    /// A number as it is, if JSON has room for it.
    fn number<E: de::Error>(
        self,
        number: Option<Number>,
        text: fmt::Arguments<'_>,
    ) -> Result<Value, E> {
        self.reader.spend(0)?;
        self.reader.has_numbers.set(true);
        match number {
            Some(number) => Ok(Value::Number(number)),
            None if self.reader.strict => Err(E::custom("a number that is not finite")),
            None => Ok(Value::String(text.to_string())),
        }
    }

    /// An integer beyond 64 bits. It loses digits in a strict reader, none of whose keys takes one so large.
    fn large<E: de::Error>(self, rounded: f64, text: fmt::Arguments<'_>) -> Result<Value, E> {
        self.number(Number::from_f64(rounded).filter(|_| self.reader.strict), text)
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
        self.reader.spend(0)?;
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        self.reader.spend(0)?;
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        self.number(Some(value.into()), format_args!("{value}"))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.number(Some(value.into()), format_args!("{value}"))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        self.large(value as f64, format_args!("{value}"))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        self.large(value as f64, format_args!("{value}"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        self.number(Number::from_f64(value), format_args!("{value}"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.reader.spend(value.len())?;
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.reader.spend(0)?;
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let reader = self.reader;
        reader.spend(0)?;
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(DocumentKey { reader, map: &map })? {
            map.insert(key, entries.next_value_seed(inner)?);
        }
        Ok(Value::Object(map))
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        if self.reader.strict {
            return Err(de::Error::custom("tags (`!name`) are not allowed"));
        }
        let (IgnoredAny, value) = tagged.variant()?;
        de::VariantAccess::newtype_variant_seed(value, self.inner()?)
    }
}

/// The next key of a mapping that has these already.
///
/// A fault of the key is found while it is read, because the parser then knows its line and column.
struct DocumentKey<'r, 'm> {
    reader: &'r DocumentReader,
    map: &'m Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for DocumentKey<'_, '_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<String, D::Error> {
        match self.reader.strict {
            true => parser.deserialize_any(self),
            false => parser.deserialize_str(self),
        }
    }
}

impl Visitor<'_> for DocumentKey<'_, '_> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key that is text")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        self.reader.spend(key.len())?;
        if self.map.contains_key(key) {
            if self.reader.strict {
                let key = key.escape_debug();
                return Err(E::custom(format!("the key `{key}` is given twice")));
            }
            self.reader.repeated.borrow_mut().push(key.to_owned());
        }
        Ok(key.to_owned())
    }
}
