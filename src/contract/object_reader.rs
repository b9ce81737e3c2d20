//! Reading a JSON object member by member: one copy of the code for all types that are read so.
//!
//! A derived reader is compiled anew for every type and every source, at 2 to 10 KB each.

use base64ct::{Base64, Encoding};
use serde_json::{Map, Value};

use super::SortedMap;

/// The members of an object that are not read yet.
pub(crate) struct ObjectReader(Map<String, Value>);

impl ObjectReader {
    /// # Errors
    ///
    /// The value is no object.
    pub(crate) fn new(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err("invalid type: expected an object".into()),
        }
    }

    /// The same for an object in which `null` says that a member is not there.
    #[must_use]
    pub(crate) fn without_nulls(mut self, names: &[&str]) -> Self {
        self.0.retain(|name, value| !value.is_null() || !names.contains(&name.as_str()));
        self
    }

    /// # Errors
    ///
    /// One of these members is not there.
    pub(crate) fn require(&self, names: &[&str]) -> Result<(), String> {
        names.iter().find(|name| !self.has(name)).map_or(Ok(()), |name| Err(missing(name)))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name)
    }

    /// # Errors
    ///
    /// It is no text; so with the others and their types.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, String> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(wrong(name, "a boolean")),
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(wrong(name, "an object")),
        }
    }

    /// A list, each of whose values `read` takes. One that is not there is empty.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values.into_iter().map(read).collect(),
            Some(_) => Err(wrong(name, "a list")),
        }
    }

    /// An object, each of whose values `read` takes. One that is not there is empty.
    pub(crate) fn map<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value) -> Result<T, String>,
    ) -> Result<SortedMap<String, T>, String> {
        let members = self.object(name)?.unwrap_or_default().into_iter();
        members.map(|(name, value)| Ok((name, read(value)?))).collect()
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        self.list(name, of_text)
    }

    pub(crate) fn required_text(&mut self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// Bytes in base64 (RFC 4648, section 4, with padding).
    pub(crate) fn required_bytes(&mut self, name: &str) -> Result<Vec<u8>, String> {
        Base64::decode_vec(&self.required_text(name)?)
            .map_err(|_| format!("`{name}` is not base64 with padding"))
    }

    /// # Errors
    ///
    /// There is a member that was not read.
    pub(crate) fn end(self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("unknown field `{name}`")),
        }
    }
}

/// The text that a value has to be.
pub(crate) fn of_text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("invalid type: expected a string".into()),
    }
}

pub(crate) fn missing(name: &str) -> String {
    format!("missing field `{name}`")
}

pub(crate) fn wrong(name: &str, expected: &str) -> String {
    format!("invalid type: `{name}` is not what it has to be; expected {expected}")
}
