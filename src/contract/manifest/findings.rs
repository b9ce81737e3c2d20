//! Reading keys one after the other, and noting what is wrong with them instead of stopping there.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::fault::ManifestError;
use super::rules::{Flaw, quoted};
use super::similar::closest;
use crate::contract::document_fault::DocumentFault;
use crate::contract::json_line;
use crate::contract::limits::Range;

/// Items that a list may have. No plugin comes near it, and it bounds the list of faults.
const LIST_ITEMS: usize = 256;

/// What was found so far.
#[derive(Default)]
pub(in crate::contract) struct ManifestFindings {
    faults: Vec<DocumentFault>,
    warnings: Vec<String>,
}

impl ManifestFindings {
    pub(in crate::contract) fn fault(&mut self, key: String, flaw: Flaw) {
        let Flaw { problem, expected } = flaw;
        self.faults.push(DocumentFault { key, problem, expected });
    }

    pub(in crate::contract) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The value with the warnings, or the faults. `None` stands for a value that could not be
    /// made, which always left a fault.
    pub(in crate::contract) fn finish<T>(
        self,
        value: Option<T>,
    ) -> Result<(T, Vec<String>), ManifestError> {
        match value {
            Some(value) if self.faults.is_empty() => Ok((value, self.warnings)),
            _ => Err(ManifestError { faults: self.faults, warnings: self.warnings }),
        }
    }
}

/// The entries of one mapping, and where it stands in the document.
pub(in crate::contract) struct Table<'v> {
    prefix: Cow<'static, str>,
    entries: Option<&'v Map<String, Value>>,
}

impl<'v> Table<'v> {
    /// The document as a mapping.
    pub(in crate::contract) fn top(
        document: &'v Value,
        findings: &mut ManifestFindings,
    ) -> Option<Self> {
        let entries = document.as_object();
        if entries.is_none() {
            let problem = format_args!("the document is {}", kind(document));
            findings
                .fault(String::new(), Flaw::new(&problem, &"expected a mapping of keys to values"));
        }
        entries.map(|entries| Self { prefix: "".into(), entries: Some(entries) })
    }

    /// The mapping under `key`, which is empty if the key is absent.
    pub(in crate::contract) fn section(
        &self,
        key: &'static str,
        findings: &mut ManifestFindings,
    ) -> Self {
        self.beneath(key, key.into(), findings)
    }

    /// The same for a key that isn't known beforehand, at any depth.
    pub(in crate::contract) fn child(&self, key: &str, findings: &mut ManifestFindings) -> Self {
        self.beneath(key, self.path(key).into(), findings)
    }

    fn beneath(
        &self,
        key: &str,
        prefix: Cow<'static, str>,
        findings: &mut ManifestFindings,
    ) -> Self {
        let value = self.get(key);
        let entries = value.and_then(Value::as_object);
        if let (Some(value), None) = (value, entries) {
            findings.fault(self.path(key), wrong_kind(value, "a mapping"));
        }
        Self { prefix, entries }
    }

    /// The value of `key`. A null is the same as no key, as `skills:` with nothing behind it is.
    pub(in crate::contract) fn get(&self, key: &str) -> Option<&'v Value> {
        self.entries?.get(key).filter(|value| !value.is_null())
    }

    /// The key's path from the top.
    pub(in crate::contract) fn path(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}.{key}", self.prefix) }
    }

    /// What `rule` makes of the text under `key`, or `None` if it is absent or wrong. A fault is noted.
    pub(in crate::contract) fn text<T>(
        &self,
        key: &str,
        rule: &dyn Fn(&str) -> Result<T, Flaw>,
        findings: &mut ManifestFindings,
    ) -> Option<T> {
        let mut found = None;
        let mut take = |text: &str| {
            found = Some(rule(text)?);
            Ok(())
        };
        self.checked(key, &mut take, findings);
        found
    }

    /// The part of [`text`](Self::text) that is the same for all types.
    fn checked(
        &self,
        key: &str,
        take: &mut dyn FnMut(&str) -> Result<(), Flaw>,
        findings: &mut ManifestFindings,
    ) {
        let checked = match self.get(key) {
            None => Ok(()),
            Some(Value::String(text)) => take(text),
            Some(value @ Value::Number(_)) => Err(wrong_kind(value, "text; put it in quotes")),
            Some(other) => Err(wrong_kind(other, "text")),
        };
        if let Err(flaw) = checked {
            findings.fault(self.path(key), flaw);
        }
    }

    /// Like [`text`](Self::text), with a fault if `key` is absent.
    pub(in crate::contract) fn required<T>(
        &self,
        key: &str,
        expected: &str,
        rule: &dyn Fn(&str) -> Result<T, Flaw>,
        known: &[&str],
        findings: &mut ManifestFindings,
    ) -> Option<T> {
        if self.get(key).is_none() {
            self.missing(key, expected, known, findings);
        }
        self.text(key, rule, findings)
    }

    /// Notes that `key` is absent, and the unknown key that was probably meant to be it.
    pub(in crate::contract) fn missing(
        &self,
        key: &str,
        expected: &str,
        known: &[&str],
        findings: &mut ManifestFindings,
    ) {
        let meant = self.unknown(known).find(|unknown| closest(unknown, &[key]).is_some());
        let problem = match meant {
            Some(other) => format!("missing (there is a `{}`)", quoted(other)),
            None => "missing".to_owned(),
        };
        findings.fault(self.path(key), Flaw::new(&problem, &expected));
    }

    /// Whether `key` is true; false if it is absent.
    pub(in crate::contract) fn flag(&self, key: &str, findings: &mut ManifestFindings) -> bool {
        match self.get(key) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                findings.fault(self.path(key), wrong_kind(other, "true or false"));
                false
            }
        }
    }

    /// The list under `key`, each item read by `item` and none twice; empty if the key is absent.
    pub(in crate::contract) fn list<T: PartialEq>(
        &self,
        key: &str,
        expected: &str,
        item: &dyn Fn(&Value) -> Result<T, Flaw>,
        findings: &mut ManifestFindings,
    ) -> Vec<T> {
        let mut list = Vec::new();
        let mut take = |value: &Value| {
            let read = item(value)?;
            let is_new = !list.contains(&read);
            if is_new {
                list.push(read);
            }
            Ok(is_new)
        };
        self.items(key, expected, &mut take, findings);
        list
    }

    /// The one copy of [`list`](Self::list) for all types; `take` tells whether the item is a new one.
    fn items(
        &self,
        key: &str,
        expected: &str,
        take: &mut dyn FnMut(&Value) -> Result<bool, Flaw>,
        findings: &mut ManifestFindings,
    ) {
        let path = self.path(key);
        let Some(value) = self.get(key) else { return };
        let Some(items) = value.as_array() else {
            return findings.fault(path, wrong_kind(value, expected));
        };
        if items.len() > LIST_ITEMS {
            let flaw = Flaw::new(
                &format_args!("{} items", items.len()),
                &format_args!("expected at most {LIST_ITEMS}"),
            );
            return findings.fault(path, flaw);
        }
        for (index, value) in items.iter().enumerate() {
            match take(value) {
                Ok(true) => {}
                Ok(false) => findings.warn(format!("`{path}[{index}]` repeats an earlier item")),
                Err(flaw) => findings.fault(format!("{path}[{index}]"), flaw),
            }
        }
    }

    /// The keys that are not among `known`.
    pub(in crate::contract) fn unknown<'t>(
        &'t self,
        known: &'t [&str],
    ) -> impl Iterator<Item = &'v str> + 't {
        let keys = self.entries.into_iter().flat_map(Map::keys).map(String::as_str);
        keys.filter(|key| !known.contains(key))
    }

    /// Warns of each key that is not among `known`.
    pub(in crate::contract) fn warn_unknown(
        &self,
        known: &[&str],
        findings: &mut ManifestFindings,
    ) {
        for key in self.unknown(known).take(LIST_ITEMS) {
            let path = self.path(&quoted(key));
            findings.warn(match closest(key, known) {
                Some(meant) => format!("unknown key `{path}` is ignored; did you mean `{meant}`?"),
                None => format!("unknown key `{path}` is ignored"),
            });
        }
    }
}

/// One limit: what the manifest says, within its range.
pub(in crate::contract) fn amount(
    table: &Table<'_>,
    range: Range,
    findings: &mut ManifestFindings,
) -> u64 {
    let Some(value) = table.get(range.key) else { return range.default };
    let whole = value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
        // The cast saturates: what is below 0 or beyond 64 bits ends at the nearer end of the range.
        Some(number as u64)
    });
    let Some(whole) = whole else {
        let flaw = match value {
            Value::Number(number) => {
                Flaw::new(&format_args!("{number} is not whole"), &"expected a whole number")
            }
            other => wrong_kind(other, "a whole number"),
        };
        findings.fault(table.path(range.key), flaw);
        return range.default;
    };
    let clamped = whole.clamp(range.minimum, range.maximum);
    if value.as_u64() != Some(clamped) && value.as_f64() != Some(clamped as f64) {
        findings.warn(format!(
            "`{}` is {}, which is out of range ({} to {}); {clamped} is used",
            table.path(range.key),
            json_line(value),
            range.minimum,
            range.maximum
        ));
    }
    clamped
}

/// An item of a list that is text following `rule`.
pub(in crate::contract) fn text_of<T>(
    rule: impl Fn(&str) -> Result<T, Flaw>,
) -> impl Fn(&Value) -> Result<T, Flaw> {
    move |value| match value {
        Value::String(text) => rule(text),
        other => Err(wrong_kind(other, "text")),
    }
}

/// The flaw of a value of the wrong JSON type.
pub(in crate::contract) fn wrong_kind(value: &Value, expected: &str) -> Flaw {
    Flaw::new(&format_args!("it is {}", kind(value)), &format_args!("expected {expected}"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
