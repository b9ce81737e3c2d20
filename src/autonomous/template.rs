//! What the same step of several runs has in common: a template of constants, parameters and earlier results.

use std::hash::Hash;

use serde_json::{Map, Value};

use super::call::{KEY_WORDS, SeenCall, is_boundary, nodes, place_of, text_of};
use super::link::digest;

/// Pieces of one text.
const PIECES: usize = 16;
/// Characters of a name.
const NAME_CHARS: usize = 24;
/// Letters that a text's constant part has, so that it is one. Less is equal by chance, and so is the year of a date.
const CONSTANT_CHARS: usize = 4;
/// Runs in which a yes or a no is the same before it is one.
const TELLING_RUNS: usize = 4;

/// A step's parameters, in which the values that differ have a source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Template {
    Constant(Value),
    Source(Source),
    Text(Vec<Piece>),
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
}

impl Template {
    pub(super) fn for_each_source(&self, see: &mut dyn FnMut(&Source)) {
        match self {
            Self::Constant(_) => {}
            Self::Source(source) => see(source),
            Self::Text(pieces) => pieces.iter().for_each(|piece| {
                if let Piece::Source(source) = piece {
                    see(source);
                }
            }),
            Self::List(items) => items.iter().for_each(|item| item.for_each_source(see)),
            Self::Object(members) => members.iter().for_each(|(_, it)| it.for_each_source(see)),
        }
    }

    fn has_constant(&self) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Source(_) | Self::Text(_) => false,
            Self::List(items) => items.iter().any(Self::has_constant),
            Self::Object(members) => members.iter().any(|(_, it)| it.has_constant()),
        }
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Plain(String),
    Source(Source),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The parameter of this number.
    Parameter(usize),
    /// The result of an earlier step, or what is at a path inside it.
    Result { step: usize, path: String },
}

/// What the caller of the recipe passes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DraftVariable {
    pub(super) name: String,
    /// Its values in the runs.
    pub(super) values: Vec<Value>,
}

/// What is known before a step: the parameters so far and all results, each with its values in the runs.
#[derive(Default)]
pub(super) struct KnownValues {
    pub(super) variables: Vec<DraftVariable>,
    results: Vec<(Source, Vec<Value>)>,
    /// Values that several steps are called with: a number for those of all runs.
    repeated: Vec<u64>,
}

impl KnownValues {
    /// What is known before the first step. `steps` are its calls in all runs, then those of the next one.
    pub(super) fn before(steps: &[Vec<&SeenCall>]) -> Self {
        let mut known = Self::default();
        let mut seen: Vec<(usize, u64)> = Vec::new();
        let is_nested = |call: &SeenCall| {
            call.params.as_object().is_some_and(|it| it.values().any(Value::is_object))
        };
        if !steps.iter().filter_map(|calls| calls.first()).any(|call| is_nested(call)) {
            return known;
        }
        for (step, calls) in steps.iter().enumerate() {
            for node in nodes(&calls[0].params).iter().skip(1) {
                let keys = || node.path.split('.');
                let values: Option<Vec<&Value>> =
                    calls.iter().map(|call| inside(&call.params, keys())).collect();
                let Some(values) = values else { continue };
                let number = number_of(&values);
                if seen.iter().any(|it| it.0 != step && it.1 == number) {
                    known.repeated.push(number);
                }
                seen.push((step, number));
            }
        }
        known
    }

    /// Whether another step is called with a member of these mappings.
    fn has_repeated(&self, values: &[&Value]) -> bool {
        let Some(first) = values[0].as_object() else { return false };
        first.keys().any(|key| {
            let member: Option<Vec<&Value>> = values.iter().map(|it| it.get(key)).collect();
            member.is_some_and(|member| {
                member.iter().any(|it| *it != member[0])
                    && self.repeated.contains(&number_of(&member))
            })
        })
    }

    /// Adds the results of a step: `calls` are the same step of each run.
    pub(super) fn add_results(&mut self, step: usize, calls: &[&SeenCall]) {
        let Some((first, others)) = calls.split_first() else { return };
        let mut added = Vec::new();
        for node in nodes(&first.result) {
            let at = |call: &&SeenCall| {
                let keys = node.path.split('.').filter(|key| !key.is_empty());
                inside(&call.result, keys).cloned()
            };
            let rest: Option<Vec<Value>> = others.iter().map(at).collect();
            let Some(rest) = rest else { continue };
            let values = std::iter::once(node.value.clone()).chain(rest).collect();
            added.push((Source::Result { step, path: node.path }, values));
        }
        // The newest result comes first, and the outermost value of each.
        added.append(&mut self.results);
        self.results = added;
    }

    /// The source whose values are these, the parameters before the newest result: a tool that returns what it gets
    /// must not decide later what the caller decides.
    fn source(&self, is_it: &dyn Fn(&[Value]) -> bool) -> Option<Source> {
        let result = || self.results.iter().find(|(_, values)| is_it(values));
        let variable = self.variables.iter().position(|variable| is_it(&variable.values));
        variable.map(Source::Parameter).or_else(|| result().map(|(source, _)| source.clone()))
    }

    fn texts(&self) -> impl Iterator<Item = (Source, Vec<String>)> {
        let variables = (0..).zip(&self.variables);
        let variables = variables.map(|(at, it)| (Source::Parameter(at), it.values.clone()));
        let all = variables.chain(self.results.iter().cloned());
        all.filter_map(|(source, values)| {
            let texts: Option<Vec<String>> = values.iter().map(text_of).collect();
            let texts = texts.filter(|texts| texts.iter().all(|text| !text.is_empty()))?;
            // What is the same in every run is a constant.
            texts.iter().any(|text| *text != texts[0]).then_some((source, texts))
        })
    }

    /// A new parameter, named for the key that it was found at.
    fn variable(&mut self, key: &str, values: Vec<Value>) -> Source {
        let words =
            key.split(|char: char| !char.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        let key = if words.count() > KEY_WORDS || key.len() > NAME_CHARS { "value" } else { key };
        let name = unused_name(key, |name| self.variables.iter().any(|it| it.name == name));
        self.variables.push(DraftVariable { name, values });
        Source::Parameter(self.variables.len() - 1)
    }
}

/// A number for the values of all runs.
fn number_of(values: &[&Value]) -> u64 {
    digest(&|hasher| values.hash(hasher))
}

/// The value at a path.
pub(super) fn inside<'v, 'k>(
    value: &'v Value,
    keys: impl Iterator<Item = &'k str>,
) -> Option<&'v Value> {
    let mut value = value;
    for key in keys {
        value = match value {
            Value::Object(members) => members.get(key)?,
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// A name that a recipe can have, made of `text`, that is not taken yet.
pub(super) fn unused_name(text: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let plain = text.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' });
    let plain: String = plain.collect::<String>().to_ascii_lowercase();
    let plain = plain.trim_matches('_');
    let begins = plain.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = if begins { &plain[..plain.len().min(NAME_CHARS)] } else { "value" };
    let all = (2..).map(|number: u32| format!("{plain}_{number}"));
    let mut all = std::iter::once(plain.to_owned()).chain(all);
    all.find(|name| !is_taken(name) && !is_yaml_word(name)).unwrap_or_default()
}

/// Whether YAML reads a name as something else.
fn is_yaml_word(name: &str) -> bool {
    ["null", "true", "false", "yes", "no"].contains(&name)
}

/// What these values of the same place have in common, one of each run. `None` if they differ in kind.
pub(super) fn common(key: &str, values: &[&Value], known: &mut KnownValues) -> Option<Template> {
    let first = *values.first()?;
    if values.iter().all(|value| *value == first) {
        return Some(Template::Constant(first.clone()));
    }
    let is_it = |others: &[Value]| others.iter().zip(values).all(|(other, value)| other == *value);
    // Of few runs, a yes and a no are equal by chance to others.
    let is_telling = !first.is_boolean() || values.len() >= TELLING_RUNS;
    if let Some(source) = known.source(&is_it).filter(|_| is_telling) {
        return Some(Template::Source(source));
    }
    match first {
        Value::Object(_) | Value::Array(_) => {
            let before = known.variables.len();
            let is_repeated = known.has_repeated(values);
            let parts = members(key, values, known);
            // What only the caller knows is one parameter, not one for each value inside it.
            let has_more = |it: &Template| {
                let mut has_result = false;
                it.for_each_source(&mut |source| {
                    has_result |= match source {
                        Source::Result { .. } => true,
                        Source::Parameter(at) => *at < before,
                    };
                });
                is_repeated || has_result || it.has_constant()
            };
            match parts.filter(has_more) {
                Some(template) => Some(template),
                None => {
                    known.variables.truncate(before);
                    variable(key, values, known)
                }
            }
        }
        Value::String(_) => {
            let texts: Option<Vec<&str>> = values.iter().map(|value| value.as_str()).collect();
            text(key, &texts?, known)
        }
        _ => variable(key, values, known),
    }
}

/// The template of the members of mappings that have the same keys, or of the items of lists of one length.
pub(super) fn members(key: &str, values: &[&Value], known: &mut KnownValues) -> Option<Template> {
    match values.first()? {
        Value::Object(members) => {
            let all: Option<Vec<&Map<String, Value>>> =
                values.iter().map(|value| value.as_object()).collect();
            let all = all.filter(|all| all.iter().all(|it| members.keys().eq(it.keys())))?;
            let member = |name: &String| {
                let values: Option<Vec<&Value>> = all.iter().map(|it| it.get(name)).collect();
                Some((name.clone(), common(name, &values?, known)?))
            };
            members.keys().map(member).collect::<Option<_>>().map(Template::Object)
        }
        Value::Array(items) => {
            let all: Option<Vec<&Vec<Value>>> = values.iter().map(|it| it.as_array()).collect();
            let all = all.filter(|all| all.iter().all(|it| it.len() == items.len()))?;
            let item = |at: usize| {
                let values: Vec<&Value> = all.iter().map(|it| &it[at]).collect();
                common(key, &values, known)
            };
            (0..items.len()).map(item).collect::<Option<_>>().map(Template::List)
        }
        _ => None,
    }
}

/// A new parameter with these values, which have to be of one kind.
fn variable(key: &str, values: &[&Value], known: &mut KnownValues) -> Option<Template> {
    let is_one_kind = values.iter().all(|it| kind(it) == kind(values[0])) && !values[0].is_null();
    let values = || values.iter().map(|value| (*value).clone()).collect();
    is_one_kind.then(|| Template::Source(known.variable(key, values())))
}

/// The kind of a parameter with this value, as recipes name it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// The template of texts, or a parameter for the whole of them.
fn text(key: &str, texts: &[&str], known: &mut KnownValues) -> Option<Template> {
    let before = known.variables.len();
    let mut pieces = Vec::new();
    let is_made = split(key, texts, known, &mut pieces);
    let constant = pieces.iter().map(|piece| match piece {
        Piece::Plain(text) => text.chars().filter(|char| char.is_alphabetic()).count(),
        Piece::Source(_) => 0,
    });
    let constant: usize = constant.sum();
    let flows = pieces.iter().any(|piece| match piece {
        Piece::Source(Source::Result { .. }) => true,
        Piece::Source(Source::Parameter(at)) => *at < before,
        Piece::Plain(_) => false,
    });
    // Recipes would read the name behind it as a part of the text, or more than the name.
    let is_clear = !pieces.windows(2).any(|two| match two {
        [Piece::Plain(before), Piece::Source(_)] => before.ends_with(['\\', '{']),
        _ => false,
    });
    if is_made && is_clear && pieces.len() > 1 && (flows || constant >= CONSTANT_CHARS) {
        return Some(Template::Text(pieces));
    }
    known.variables.truncate(before);
    let values: Vec<Value> = texts.iter().map(|text| Value::from(*text)).collect();
    variable(key, &values.iter().collect::<Vec<_>>(), known)
}

/// Takes the texts apart into what they have in common, what is known, and new parameters.
fn split(key: &str, texts: &[&str], known: &mut KnownValues, pieces: &mut Vec<Piece>) -> bool {
    if pieces.len() > PIECES {
        return false;
    }
    if texts.iter().all(|text| *text == texts[0]) {
        if !texts[0].is_empty() {
            pieces.push(Piece::Plain(texts[0].to_owned()));
        }
        return true;
    }
    // A known value comes first: a constant in it may be equal in these runs alone.
    let sources: Vec<_> = known.texts().collect();
    for (source, values) in sources {
        let places = texts.iter().zip(&values).map(|(text, value)| place_of(text, value));
        let Some(places) = places.collect::<Option<Vec<usize>>>() else { continue };
        let cut = texts.iter().zip(&places).zip(&values);
        let cut = cut.map(|((text, at), value)| (&text[..*at], &text[at + value.len()..]));
        let (left, right): (Vec<&str>, Vec<&str>) = cut.unzip();
        return split(key, &left, known, pieces) && {
            pieces.push(Piece::Source(source));
            split(key, &right, known, pieces)
        };
    }
    let start = shared(
        texts,
        |text, other| {
            text.char_indices()
                .zip(other.chars())
                .take_while(|((_, one), other)| one == other)
                .map(|((at, one), _)| at + one.len_utf8())
                .last()
                .unwrap_or(0)
        },
        |_, length| length,
    );
    let rest: Vec<&str> = texts.iter().map(|text| &text[start..]).collect();
    let end = shared(
        &rest,
        |text, other| {
            text.chars()
                .rev()
                .zip(other.chars().rev())
                .take_while(|(one, other)| one == other)
                .map(|(one, _)| one.len_utf8())
                .sum()
        },
        |text, length| text.len() - length,
    );
    if start > 0 {
        pieces.push(Piece::Plain(texts[0][..start].to_owned()));
    }
    let middle: Vec<Value> =
        rest.iter().map(|text| Value::from(&text[..text.len() - end])).collect();
    if middle.iter().any(|text| text.as_str() == Some("")) {
        return false;
    }
    pieces.push(Piece::Source(known.variable(key, middle)));
    if end > 0 {
        pieces.push(Piece::Plain(rest[0][rest[0].len() - end..].to_owned()));
    }
    true
}

/// The bytes that all texts share at one side, without a part of a word: `common` says how many two texts share, and
/// `place` where so many end.
fn shared(
    texts: &[&str],
    common: impl Fn(&str, &str) -> usize,
    place: impl Fn(&str, usize) -> usize,
) -> usize {
    let most = texts.iter().map(|text| common(texts[0], text)).min().unwrap_or(0);
    let fits = |length: &usize| {
        texts.iter().all(|text| {
            let at = place(text, *length);
            text.is_char_boundary(at) && is_boundary(text, at)
        })
    };
    (1..=most).rev().find(fits).unwrap_or(0)
}
