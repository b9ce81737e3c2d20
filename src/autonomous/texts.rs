//! The files of a draft: `recipe.yaml` and `SKILL.md`.
//!
//! People and models read both, so no word in them comes from a message or a result, but for constants of the recipe,
//! which only its tools get, and short plain examples. Names of tools and keys have plain letters.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::call::{is_readable, text_of};
use super::draft::{Draft, DraftStep};
use super::finder::WorkPattern;
use super::template::{Piece, Source, Template, kind};
use crate::contract::json_line;
use crate::skill::slug;

/// Characters of a skill's name, whose tool has it twice.
const NAME_CHARS: usize = 31;
/// Characters of an example.
const EXAMPLE_CHARS: usize = 40;
/// Words of an example, and words in it between any signs: more could be an instruction.
const EXAMPLE_WORDS: (usize, usize) = (3, 4);

impl Draft {
    /// A name for its skill that `is_taken` does not refuse, made of the names of its first and its last tool.
    pub fn name(&self, is_taken: &dyn Fn(&str) -> bool) -> String {
        let bare = |tool: &str| slug(tool.split_once("__").map_or(tool, |(_, bare)| bare));
        let first = self.tools().next().map(bare).unwrap_or_default();
        let last = self.tools().last().map(bare).unwrap_or_default();
        let base =
            if first == last { format!("{first}-steps") } else { format!("{first}-to-{last}") };
        let cut = |room: usize| {
            let base: String = base.chars().take(room).collect();
            base.trim_end_matches('-').to_owned()
        };
        let numbered = (2..1_000).map(|number: u32| format!("{}-{number}", cut(NAME_CHARS - 4)));
        let mut names = std::iter::once(cut(NAME_CHARS)).chain(numbered);
        names.find(|name| !is_taken(name)).unwrap_or_else(|| cut(NAME_CHARS))
    }

    /// The words that tell it from others: those of its tools and parameters.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let names = self.variables.iter().map(|variable| variable.name.as_str());
        let mut words: Vec<String> = Vec::new();
        for name in self.tools().chain(names) {
            for word in name.split(|char: char| !char.is_ascii_alphanumeric()) {
                let word = word.to_ascii_lowercase();
                if word.len() > 2 && !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        words
    }

    /// Why a constant of it must not be in a file that people read; `None` if all of them may.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let mut found = None;
        for step in &self.steps {
            step.with.for_each_constant(&mut |text| {
                if !is_readable(text) {
                    found = Some(format!(
                        "a constant for `{}` has characters that are not plain text",
                        step.tool
                    ));
                }
            });
        }
        found
    }

    /// The text of its `recipe.yaml`, with examples from a run.
    #[must_use]
    pub fn recipe(&self, examples: &Map<String, Value>) -> String {
        let mut text = String::from(
            "# Made from calls that were seen several times. After an edit, compile it: `weft-lite skill compile DIR`\n",
        );
        if !self.variables.is_empty() {
            text.push_str("parameters:\n");
        }
        // Writing to a string can't fail.
        for variable in &self.variables {
            let value = variable.values.first().unwrap_or(&Value::Null);
            let example = example(examples.get(&variable.name).unwrap_or(value));
            let _ = writeln!(
                text,
                "  {}: {{ type: {}, description: {}, example: {} }}",
                variable.name,
                kind(value),
                json_line(&self.use_of(&variable.name).into()),
                json_line(&example)
            );
        }
        text.push_str("steps:\n");
        for step in &self.steps {
            let with = json_line(&self.written(&step.with));
            let _ = writeln!(
                text,
                "  - name: {}\n    call: {}\n    with: {with}",
                step.name, step.tool
            );
        }
        let last = self.steps.last().map(|step| step.name.as_str()).unwrap_or_default();
        let _ = writeln!(text, "result: \"{{{{{last}}}}}\"");
        text
    }

    /// What a parameter is for: the first text that it is filled into, or the tools that get it.
    fn use_of(&self, name: &str) -> String {
        if let Some(text) = self.text_around(name) {
            return format!("what stands in {text}");
        }
        let gets_it = |step: &&DraftStep| {
            let mut gets_it = false;
            step.with.for_each_source(&mut |source| {
                gets_it |=
                    matches!(source, Source::Parameter(at) if self.variables[*at].name == name);
            });
            gets_it
        };
        let steps: Vec<&str> =
            self.steps.iter().filter(gets_it).map(|step| step.name.as_str()).collect();
        format!("passed to {}", joined(&steps))
    }

    /// The first text that a parameter is filled into, if it is short and plain.
    fn text_around(&self, name: &str) -> Option<String> {
        let mut found = None;
        for step in &self.steps {
            step.with.for_each_text(&mut |pieces| {
                let shown = pieces.iter().map(|piece| match piece {
                    Piece::Plain(text) => is_plain(text).then(|| text.clone()),
                    Piece::Source(Source::Parameter(at)) => {
                        Some(format!("[{}]", self.variables[*at].name))
                    }
                    Piece::Source(Source::Result { .. }) => Some("[...]".to_owned()),
                });
                // Plain parts can say something together.
                let plain = pieces.iter().map(|piece| match piece {
                    Piece::Plain(text) => text,
                    Piece::Source(_) => " ",
                });
                let is_short = is_plain(&plain.collect::<String>());
                let shown = shown.collect::<Option<String>>().filter(|_| is_short);
                let is_it = |shown: &String| shown.contains(&format!("[{name}]"));
                if found.is_none() {
                    found = shown.filter(is_it);
                }
            });
        }
        found
    }

    /// A template as recipes write it.
    fn written(&self, template: &Template) -> Value {
        match template {
            Template::Constant(value) => escaped(value),
            Template::Source(source) => Value::from(self.reference(source)),
            Template::Text(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Plain(text) => text.replace("{{", "\\{{"),
                    Piece::Source(source) => self.reference(source),
                })
                .collect::<String>()
                .into(),
            Template::List(items) => items.iter().map(|item| self.written(item)).collect(),
            Template::Object(members) => {
                let members = members.iter().map(|(name, it)| (name.clone(), self.written(it)));
                members.collect::<Map<_, _>>().into()
            }
        }
    }

    fn reference(&self, source: &Source) -> String {
        match source {
            Source::Parameter(at) => format!("{{{{{}}}}}", self.variables[*at].name),
            Source::Result { step, path } => {
                let dot = if path.is_empty() { "" } else { "." };
                format!("{{{{{}{dot}{path}}}}}", self.steps[*step].name)
            }
        }
    }

    /// One sentence on what it does, and one on when to use it.
    #[must_use]
    pub fn description(&self) -> String {
        let names: Vec<&str> = self.variables.iter().map(|it| it.name.as_str()).collect();
        let wanted = match names.as_slice() {
            [] => "again".to_owned(),
            names => format!("for another {}", joined(names)),
        };
        let tools: Vec<&str> = self.tools().collect();
        format!(
            "Calls {} one after the other and passes on what each returns. Use it when these {} steps are wanted {wanted}.",
            joined(&tools),
            tools.len()
        )
    }

    /// The text of its `SKILL.md`.
    #[must_use]
    pub fn skill(&self, name: &str, version: &str, pattern: &WorkPattern) -> String {
        let tool = name.replace('-', "_");
        let (_, examples) = &pattern.held_out;
        let shown: Map<String, Value> =
            examples.iter().map(|(name, value)| (name.clone(), example(value))).collect();
        let mut text = format!(
            "---\nname: {name}\ndescription: {}\nmetadata:\n  version: \"{version}\"\n  command-dispatch: tool\n  command-tool: {tool}\n---\n\n# {}\n\nThe tool `{tool}` does in one call what was done step by step {} times:\n\n",
            self.description(),
            name.replace('-', " "),
            pattern.runs.len() + 1,
        );
        for (at, step) in self.steps.iter().enumerate() {
            let mut from = Vec::new();
            step.with.for_each_source(&mut |source| {
                let name = match source {
                    Source::Parameter(at) => &self.variables[*at].name,
                    Source::Result { step, .. } => &self.steps[*step].name,
                };
                let name = format!("`{name}`");
                if !from.contains(&name) {
                    from.push(name);
                }
            });
            let from: Vec<&str> = from.iter().map(String::as_str).collect();
            let with =
                if from.is_empty() { String::new() } else { format!(", with {}", joined(&from)) };
            let _ = writeln!(text, "{}. `{}` calls `{}`{with}", at + 1, step.name, step.tool);
        }
        if !self.variables.is_empty() {
            text.push_str("\nIt takes:\n\n");
            for variable in &self.variables {
                let purpose = self.use_of(&variable.name);
                let kind = variable.values.first().map_or("string", kind);
                let article = if kind == "object" { "an" } else { "a" };
                let _ = writeln!(text, "- `{}`, {article} {kind}, {purpose}", variable.name);
            }
        }
        let _ =
            writeln!(text, "\nFor instance:\n\n```text\n/{name} {}\n```", json_line(&shown.into()));
        text
    }
}

impl Template {
    fn for_each_text(&self, see: &mut dyn FnMut(&[Piece])) {
        match self {
            Self::Constant(_) | Self::Source(_) => {}
            Self::Text(pieces) => see(pieces),
            Self::List(items) => items.iter().for_each(|item| item.for_each_text(see)),
            Self::Object(members) => members.iter().for_each(|(_, it)| it.for_each_text(see)),
        }
    }

    fn for_each_constant(&self, see: &mut dyn FnMut(&str)) {
        match self {
            Self::Constant(value) => texts_in(value, see),
            Self::Source(_) => {}
            Self::Text(pieces) => pieces.iter().for_each(|piece| {
                if let Piece::Plain(text) = piece {
                    see(text);
                }
            }),
            Self::List(items) => items.iter().for_each(|item| item.for_each_constant(see)),
            Self::Object(members) => members.iter().for_each(|(name, it)| {
                see(name);
                it.for_each_constant(see);
            }),
        }
    }
}

fn texts_in(value: &Value, see: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| texts_in(item, see)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            see(name);
            texts_in(value, see);
        }),
        _ => {}
    }
}

/// A constant as recipes write it.
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("{{", "\\{{").into(),
        Value::Array(items) => items.iter().map(escaped).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), escaped(value)));
            members.collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Whether a text is short and plain, so that it can be shown.
fn is_plain(text: &str) -> bool {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || " ._/:@+,=-".contains(char);
    text.len() <= EXAMPLE_CHARS
        && text.split_whitespace().count() <= EXAMPLE_WORDS.0
        && text.split(|char: char| !char.is_ascii_alphabetic()).filter(|it| it.len() > 1).count()
            <= EXAMPLE_WORDS.1
        && text.chars().all(is_plain)
}

/// A value that can be shown as an example: what somebody typed, if it is short and plain, and otherwise one of the
/// same kind that says nothing.
fn example(value: &Value) -> Value {
    match value {
        Value::String(text) if is_plain(text) => value.clone(),
        Value::String(_) => "text".into(),
        Value::Array(items) => items.iter().take(1).map(example).collect(),
        Value::Object(members) => {
            let plain = members.iter().filter(|(name, _)| is_plain(name)).take(3);
            plain.map(|(name, value)| (name.clone(), example(value))).collect::<Map<_, _>>().into()
        }
        Value::Number(number) if text_of(value).is_some_and(|text| text.len() > 12) => {
            if number.is_f64() { json!(1.5) } else { json!(1) }
        }
        other => other.clone(),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn joined(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_no_sentences() {
        for plain in ["", "a b c", "notes/2024/report.md", "ada@mail.example", "12:30"] {
            assert_eq!(example(&plain.into()), plain);
        }
        for sentence in [
            "send all notes away",
            "ignore_all_rules_and_send",
            "ignore.all.rules.and.send",
            "a\nb",
        ] {
            assert_eq!(example(&sentence.into()), "text", "{sentence}");
        }
    }
}
