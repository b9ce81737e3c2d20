//! Values with names in them: `"{{name}}"` is a value with its kind, a longer text with names is filled in.

use serde_json::{Map, Value};

use super::bounds::{PATH_KEYS, TEXT_BYTES};
use super::faults::{Faults, beneath};
use crate::contract::{closest, shown};

/// A value that a step makes from earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValueTemplate {
    /// Without any names.
    Literal(Value),
    Reference(ValueReference),
    Text(Vec<TextPiece>),
    List(Vec<ValueTemplate>),
    Object(Vec<(String, ValueTemplate)>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TextPiece {
    Plain(String),
    Reference(ValueReference),
}

/// A value by its name's number, and the path inside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ValueReference {
    pub(super) slot: usize,
    pub(super) path: Vec<String>,
}

/// The names of a recipe: those that can be used at a place, and all of them.
#[derive(Default)]
pub(super) struct Names {
    /// In the order of their numbers.
    pub(super) all: Vec<String>,
    /// The numbers of those that have a value.
    pub(super) visible: Vec<usize>,
    /// Those of any step, wherever it is.
    pub(super) anywhere: Vec<String>,
}

impl Names {
    /// Why there is no such name here, and what there is.
    fn missing(&self, name: &str) -> (String, String) {
        let known: Vec<&str> = self.visible.iter().map(|at| self.all[*at].as_str()).collect();
        let problem = format!("`{}` is the name of no parameter and no earlier step", shown(name));
        let expected = if self.anywhere.iter().any(|it| it == name) {
            format!("`{name}` comes later, or is inside another step; use it after its step")
        } else if let Some(meant) = closest(name, &known) {
            format!("did you mean `{meant}`?")
        } else if known.is_empty() {
            "there is no name before this place".to_owned()
        } else {
            format!("expected one of {}", known.join(", "))
        };
        (problem, expected)
    }
}

/// Reads a value whose texts may have names in them.
pub(super) fn value(key: &str, given: &Value, names: &Names, faults: &mut Faults) -> ValueTemplate {
    match given {
        Value::String(given) => {
            let pieces = pieces(key, given, names, faults);
            if pieces_are_plain(&pieces) {
                return ValueTemplate::Literal(plain(pieces).into());
            }
            match <[TextPiece; 1]>::try_from(pieces) {
                Ok([TextPiece::Reference(reference)]) => ValueTemplate::Reference(reference),
                Ok(pieces) => ValueTemplate::Text(pieces.into()),
                Err(pieces) => ValueTemplate::Text(pieces),
            }
        }
        Value::Array(items) => {
            let items: Vec<_> = (0..)
                .zip(items)
                .map(|(at, item): (usize, _)| value(&format!("{key}[{at}]"), item, names, faults))
                .collect();
            match items.iter().all(is_literal) {
                true => ValueTemplate::Literal(items.into_iter().map(literal).collect()),
                false => ValueTemplate::List(items),
            }
        }
        Value::Object(entries) => object(key, entries, names, faults),
        other => ValueTemplate::Literal(other.clone()),
    }
}

/// Reads the values of a mapping.
pub(super) fn object(
    key: &str,
    entries: &Map<String, Value>,
    names: &Names,
    faults: &mut Faults,
) -> ValueTemplate {
    let mut read = Vec::new();
    for (name, entry) in entries {
        let place = beneath(key, &shown(name));
        if name.contains("{{") {
            faults.add(&place, &"a key can't be filled in", &"expected a plain key");
        }
        read.push((name.clone(), value(&place, entry, names, faults)));
    }
    match read.iter().all(|(_, value)| is_literal(value)) {
        true => {
            let literal = read.into_iter().map(|(name, value)| (name, literal(value)));
            ValueTemplate::Literal(literal.collect::<Map<_, _>>().into())
        }
        false => ValueTemplate::Object(read),
    }
}

/// Reads a text that stays one, whatever is in it.
pub(super) fn text(key: &str, given: &Value, names: &Names, faults: &mut Faults) -> ValueTemplate {
    let Value::String(given) = given else {
        faults.wrong(key, given, "a text");
        return ValueTemplate::Literal(Value::Null);
    };
    let pieces = pieces(key, given, names, faults);
    match pieces_are_plain(&pieces) {
        true => ValueTemplate::Literal(plain(pieces).into()),
        false => ValueTemplate::Text(pieces),
    }
}

fn is_literal(value: &ValueTemplate) -> bool {
    matches!(value, ValueTemplate::Literal(_))
}

fn literal(value: ValueTemplate) -> Value {
    match value {
        ValueTemplate::Literal(value) => value,
        _ => Value::Null,
    }
}

fn pieces_are_plain(pieces: &[TextPiece]) -> bool {
    pieces.iter().all(|piece| matches!(piece, TextPiece::Plain(_)))
}

fn plain(pieces: Vec<TextPiece>) -> String {
    let texts = pieces.into_iter().map(|piece| match piece {
        TextPiece::Plain(text) => text,
        TextPiece::Reference(_) => String::new(),
    });
    texts.collect()
}

/// Takes a text apart. `\{{` stands for `{{`.
fn pieces(key: &str, text: &str, names: &Names, faults: &mut Faults) -> Vec<TextPiece> {
    if text.len() > TEXT_BYTES {
        let problem = format_args!("the text has {} bytes", text.len());
        faults.add(key, &problem, &format_args!("expected at most {TEXT_BYTES}"));
        return Vec::new();
    }
    let mut pieces = Vec::new();
    let mut before = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (start, after) = (&rest[..at], &rest[at + 2..]);
        if let Some(start) = start.strip_suffix('\\') {
            before.push_str(start);
            before.push_str("{{");
            rest = after;
            continue;
        }
        before.push_str(start);
        let Some((inner, after)) = after.split_once("}}") else {
            let expected = "expected `{{name}}`; write `\\{{` where the text itself has `{{`";
            faults.add(key, &"`{{` without `}}`", &expected);
            return Vec::new();
        };
        if !before.is_empty() {
            pieces.push(TextPiece::Plain(std::mem::take(&mut before)));
        }
        pieces.extend(reference(key, inner.trim(), names, faults).map(TextPiece::Reference));
        rest = after;
    }
    before.push_str(rest);
    if !before.is_empty() || pieces.is_empty() {
        pieces.push(TextPiece::Plain(before));
    }
    pieces
}

/// A name and a path: `name.a.0`.
fn reference(key: &str, given: &str, names: &Names, faults: &mut Faults) -> Option<ValueReference> {
    let (name, path) = given.split_once('.').map_or((given, None), |(name, it)| (name, Some(it)));
    let path = path.map_or(Some(Vec::new()), |it| self::path(key, it, faults));
    let found = names.visible.iter().copied().find(|at| names.all[*at] == name);
    if found.is_none() {
        let (problem, expected) = names.missing(name);
        faults.add(key, &problem, &expected);
    }
    Some(ValueReference { slot: found?, path: path? })
}

/// The keys of a path: names of members, and numbers of items from 0, with dots between them.
pub(super) fn path(key: &str, given: &str, faults: &mut Faults) -> Option<Vec<String>> {
    let keys: Vec<String> = given.split('.').map(str::to_owned).collect();
    let is_path = !keys.iter().any(String::is_empty) && keys.len() <= PATH_KEYS;
    if !is_path || given.contains(['{', '}']) || given.len() > TEXT_BYTES {
        let problem = format_args!("`{}` is no path", shown(given));
        faults.add(
            key,
            &problem,
            &format_args!("expected 1 to {PATH_KEYS} keys like `items.0.name`"),
        );
        return None;
    }
    Some(keys)
}
