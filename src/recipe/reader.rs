//! Reads a `recipe.yaml`: its keys, and what is wrong with them.

use serde_json::{Map, Value};

use super::bounds::{DESCRIPTION_CHARS, PARAMETERS, RECIPE_BYTES, TEXT_BYTES};
use super::faults::{Faults, beneath, kind};
use super::steps::{RecipeStep, StepReader};
use super::template::{Names, ValueTemplate};
use crate::contract::{closest, from_yaml, sanitize_text, shown};

const KEYS: [&str; 4] = ["description", "parameters", "steps", "result"];
const PARAMETER_KEYS: [&str; 3] = ["type", "description", "example"];

/// The kinds of parameters, with their names in JSON Schema. Their places are the guest's numbers.
const TYPES: [(&str, &str); 5] = [
    ("string", "string"),
    ("number", "number"),
    ("boolean", "boolean"),
    ("list", "array"),
    ("object", "object"),
];

/// A checked recipe.
#[derive(Debug)]
pub(super) struct CheckedRecipe {
    pub(super) description: Option<String>,
    /// Their names are the first of `names`.
    pub(super) parameters: Vec<RecipeParameter>,
    /// The names of all values.
    pub(super) names: Vec<String>,
    pub(super) steps: Vec<RecipeStep>,
    pub(super) result: ValueTemplate,
}

/// What a caller passes.
#[derive(Debug)]
pub(super) struct RecipeParameter {
    /// The guest's number for its kind.
    pub(super) kind: u8,
    description: Option<String>,
    example: Option<Value>,
}

impl RecipeParameter {
    /// Its JSON Schema.
    pub(super) fn schema(&self) -> Value {
        let mut schema = Map::new();
        schema.insert("type".into(), TYPES[usize::from(self.kind)].1.into());
        if let Some(description) = &self.description {
            schema.insert("description".into(), description.as_str().into());
        }
        if let Some(example) = &self.example {
            schema.insert("examples".into(), vec![example.clone()].into());
        }
        schema.into()
    }
}

/// Reads the recipe of the plugin `own`; `None` if it left faults that leave nothing to go on with.
pub(super) fn read(text: &str, own: &str, faults: &mut Faults) -> Option<CheckedRecipe> {
    let document = match from_yaml(text, RECIPE_BYTES) {
        Ok(document) => document,
        Err(error) => {
            faults.add("", &error, &error.next_step());
            return None;
        }
    };
    let top = faults.mapping("", &document, "a mapping with `steps` and `result`")?;
    faults.unknown_keys("", top, &KEYS);
    let description = description("description", top.get("description"), faults);
    let mut names = Names::default();
    step_names(top.get("steps"), &mut names.anywhere);
    let mut reader = StepReader { names, faults, count: 0, own };
    let parameters = parameters(top.get("parameters"), &mut reader);
    let steps = match top.get("steps") {
        Some(steps) => Some(reader.steps("steps", steps, 1)),
        None => reader.missing("", "steps", "expected a list of steps"),
    };
    let result = reader.required("", top, "result");
    let names = reader.names.all;
    Some(CheckedRecipe { description, parameters, names, steps: steps?, result: result? })
}

/// A description that people and models read.
fn description(key: &str, given: Option<&Value>, faults: &mut Faults) -> Option<String> {
    let text = match given? {
        Value::String(text) => text.trim(),
        other => {
            faults.wrong(key, other, "a text");
            return None;
        }
    };
    let is_text = |char: char| !char.is_control() || char == '\n';
    if text.is_empty() || text.chars().count() > DESCRIPTION_CHARS || !text.chars().all(is_text) {
        let expected = format_args!("expected 1 to {DESCRIPTION_CHARS} characters of plain text");
        faults.add(key, &"it is empty, too long or has control characters", &expected);
        return None;
    }
    Some(sanitize_text(text).into_owned())
}

fn parameters(given: Option<&Value>, reader: &mut StepReader<'_>) -> Vec<RecipeParameter> {
    let mut parameters = Vec::new();
    let entries = given.and_then(|given| {
        reader.faults.mapping("parameters", given, "a mapping of names to parameters")
    });
    let Some(entries) = entries else { return parameters };
    if entries.len() > PARAMETERS {
        let problem = format_args!("there are {} parameters", entries.len());
        reader.faults.add("parameters", &problem, &format_args!("expected at most {PARAMETERS}"));
    }
    for (name, given) in entries.iter().take(PARAMETERS) {
        let place = beneath("parameters", &shown(name));
        let is_new = reader.define(&place, &name.as_str().into()).is_some();
        let parameter = parameter(&place, given, reader.faults);
        // With a fault nothing is compiled, so the numbers need not agree.
        parameters.extend(parameter.filter(|_| is_new));
    }
    parameters
}

fn parameter(key: &str, given: &Value, faults: &mut Faults) -> Option<RecipeParameter> {
    let entries = faults.mapping(key, given, "a mapping with `type`")?;
    faults.unknown_keys(key, entries, &PARAMETER_KEYS);
    let description = description(&beneath(key, "description"), entries.get("description"), faults);
    let words = TYPES.map(|(word, _)| word);
    let place = beneath(key, "type");
    let expected = format!("expected one of {}", words.join(", "));
    let found = match entries.get("type") {
        None => {
            faults.add(&place, &"missing", &expected);
            None
        }
        Some(Value::String(word)) => {
            let found = words.iter().position(|it| it == word);
            if found.is_none() {
                let expected = match closest(word, &words) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => expected,
                };
                faults.add(&place, &format_args!("`{}` is no type", shown(word)), &expected);
            }
            found
        }
        Some(other) => {
            faults.wrong(&place, other, &format!("one of {}", words.join(", ")));
            None
        }
    }?;
    let example = entries.get("example").cloned();
    if let Some(example) = &example {
        let place = beneath(key, "example");
        let is_kind = match example {
            Value::String(text) => found == 0 && text.len() <= TEXT_BYTES,
            Value::Number(_) => found == 1,
            Value::Bool(_) => found == 2,
            Value::Array(_) => found == 3,
            Value::Object(_) => found == 4,
            Value::Null => false,
        };
        if !is_kind {
            let problem = format_args!("it is {}", kind(example));
            let expected = format_args!("expected an example of type `{}`", words[found]);
            faults.add(&place, &problem, &expected);
        }
    }
    // There are five.
    Some(RecipeParameter { kind: found as u8, description, example })
}

/// The names of all steps and items, wherever they are.
fn step_names(steps: Option<&Value>, names: &mut Vec<String>) {
    for step in steps.and_then(Value::as_array).into_iter().flatten() {
        for key in ["name", "as"] {
            names.extend(step.get(key).and_then(Value::as_str).map(str::to_owned));
        }
        step_names(step.get("steps"), names);
    }
}
