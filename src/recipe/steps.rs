//! Reads the steps of a recipe.

use serde_json::{Map, Value};

use super::bounds::{ITEMS, LEVELS, NAME_CHARS, STEPS};
use super::faults::{Faults, beneath, kind};
use super::template::{self, Names, ValueTemplate};
use crate::contract::limits::TOOL_NAME_CHARS;
use crate::contract::{closest, is_name, shown};

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RecipeStep {
    /// Its place in the recipe.
    pub(super) place: String,
    /// The number of its name.
    pub(super) slot: Option<usize>,
    pub(super) action: StepAction,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StepAction {
    Call {
        tool: String,
        with: ValueTemplate,
    },
    Pick {
        from: ValueTemplate,
        path: Vec<String>,
        default: Option<ValueTemplate>,
    },
    Fill(ValueTemplate),
    Compare {
        left: ValueTemplate,
        operator: u8,
        right: ValueTemplate,
        otherwise: Option<ValueTemplate>,
    },
    Stop {
        condition: Option<ValueTemplate>,
        message: ValueTemplate,
    },
    Each {
        list: ValueTemplate,
        item: usize,
        most: u64,
        steps: Vec<RecipeStep>,
        result: ValueTemplate,
    },
}

/// The key that says what a step does, and all keys beside `name` that it may have, that one first.
const KINDS: [&[&str]; 6] = [
    &["call", "with"],
    &["pick", "from", "default"],
    &["fill"],
    &[
        "compare",
        "equals",
        "differs",
        "less_than",
        "at_least",
        "more_than",
        "at_most",
        "contains",
        "lacks",
        "otherwise",
    ],
    &["stop", "if"],
    &["each", "as", "most", "steps", "result"],
];

/// The operators of `compare`, with the guest's numbers.
const OPERATORS: [(&str, u8); 8] = [
    ("equals", 2),
    ("differs", 3),
    ("less_than", 4),
    ("at_least", 5),
    ("more_than", 6),
    ("at_most", 7),
    ("contains", 8),
    ("lacks", 9),
];

/// Reads steps, with what is known on the way.
pub(super) struct StepReader<'r> {
    pub(super) names: Names,
    pub(super) faults: &'r mut Faults,
    /// Steps so far.
    pub(super) count: usize,
    /// The name of the recipe's own plugin.
    pub(super) own: &'r str,
}

impl StepReader<'_> {
    /// The steps under `key`.
    pub(super) fn steps(&mut self, key: &str, given: &Value, level: usize) -> Vec<RecipeStep> {
        let Value::Array(items) = given else {
            self.faults.wrong(key, given, "a list of steps");
            return Vec::new();
        };
        if items.is_empty() {
            self.faults.add(key, &"it is empty", &"expected at least one step");
        }
        if level > LEVELS {
            let expected = format_args!("expected at most {LEVELS} levels of steps");
            self.faults.add(key, &"steps are too deep inside each other", &expected);
            return Vec::new();
        }
        let mut steps = Vec::new();
        for (at, item) in items.iter().enumerate() {
            self.count += 1;
            if self.count == STEPS + 1 {
                let expected = format_args!("expected at most {STEPS}, inner ones included");
                self.faults.add(key, &"there are too many steps", &expected);
            }
            if self.count > STEPS {
                break;
            }
            steps.extend(self.step(&format!("{key}[{at}]"), item, level));
        }
        steps
    }

    fn step(&mut self, key: &str, given: &Value, level: usize) -> Option<RecipeStep> {
        let entries = self.faults.mapping(key, given, "a mapping such as `call: ...`")?;
        let is_kind = |keys: &&&[&str]| entries.contains_key(keys[0]);
        let mut kinds = KINDS.iter().filter(is_kind);
        let (Some(keys), None) = (kinds.next(), kinds.next()) else {
            let all = KINDS.map(|keys| keys[0]);
            let near = entries.keys().find_map(|it| Some((it, closest(it, &all)?)));
            match near.filter(|(key, _)| !all.contains(&key.as_str())) {
                Some((given, meant)) => {
                    let place = beneath(key, &shown(given));
                    self.faults.add(
                        &place,
                        &"unknown key",
                        &format_args!("did you mean `{meant}`?"),
                    );
                }
                None => {
                    let expected = format_args!("expected exactly one of {}", all.join(", "));
                    self.faults.add(key, &"it is not clear what the step does", &expected);
                }
            }
            // Later steps may use its name.
            self.name(key, entries, false);
            return None;
        };
        self.faults.unknown_keys(key, entries, &[&["name"], *keys].concat());
        let action = self.action(keys[0], key, entries, level);
        let needs_name = match keys[0] {
            "stop" => false,
            "compare" => !entries.contains_key("otherwise"),
            _ => true,
        };
        let slot = self.name(key, entries, needs_name);
        Some(RecipeStep { place: key.to_owned(), slot, action: action? })
    }

    /// The number of the step's name, which is visible from now on.
    fn name(
        &mut self,
        key: &str,
        entries: &Map<String, Value>,
        is_required: bool,
    ) -> Option<usize> {
        match entries.get("name") {
            Some(name) => self.define(&beneath(key, "name"), name),
            None => {
                if is_required {
                    let expected = "expected `name`, a name for its result";
                    self.faults.add(key, &"the step has no name", &expected);
                }
                None
            }
        }
    }

    /// The number of a new name, which is visible from now on.
    pub(super) fn define(&mut self, key: &str, given: &Value) -> Option<usize> {
        let Value::String(name) = given else {
            self.faults.wrong(key, given, "a name");
            return None;
        };
        if !is_value_name(name) {
            let expected = format_args!(
                "expected a letter, then letters, digits, `_` and `-`, at most {NAME_CHARS} characters"
            );
            self.faults.add(key, &format_args!("`{}` is no name", shown(name)), &expected);
            return None;
        }
        if self.names.all.contains(name) {
            let problem = format_args!("the name `{name}` is taken");
            self.faults.add(key, &problem, &"expected another name");
            return None;
        }
        let slot = self.names.all.len();
        self.names.all.push(name.clone());
        self.names.visible.push(slot);
        Some(slot)
    }

    fn action(
        &mut self,
        kind: &str,
        key: &str,
        entries: &Map<String, Value>,
        level: usize,
    ) -> Option<StepAction> {
        match kind {
            "call" => {
                let tool = self.tool(&beneath(key, "call"), entries.get("call")?);
                let with = match entries.get("with") {
                    None => ValueTemplate::Literal(Map::new().into()),
                    Some(with) => {
                        let place = beneath(key, "with");
                        let entries =
                            self.faults.mapping(&place, with, "a mapping of parameters")?;
                        template::object(&place, entries, &self.names, self.faults)
                    }
                };
                Some(StepAction::Call { tool: tool?, with })
            }
            "pick" => {
                let place = beneath(key, "pick");
                let path = match entries.get("pick")? {
                    Value::String(path) => template::path(&place, path, self.faults),
                    Value::Number(index) => template::path(&place, &index.to_string(), self.faults),
                    other => {
                        self.faults.wrong(&place, other, "a path like `items.0.name`");
                        None
                    }
                };
                let from = self.required(key, entries, "from");
                let default = self.optional(key, entries, "default");
                Some(StepAction::Pick { from: from?, path: path?, default })
            }
            "fill" => Some(StepAction::Fill(self.required(key, entries, "fill")?)),
            "compare" => self.compare(key, entries),
            "stop" => Some(StepAction::Stop {
                condition: self.optional(key, entries, "if"),
                message: self.text(key, entries, "stop")?,
            }),
            _ => self.each(key, entries, level),
        }
    }

    fn tool(&mut self, key: &str, given: &Value) -> Option<String> {
        let Value::String(tool) = given else {
            self.faults.wrong(key, given, "the full name of a tool");
            return None;
        };
        let expected = format_args!(
            "expected a full name like `text-stats__text_stats`, without `*`, at most {TOOL_NAME_CHARS} characters"
        );
        let parts = tool.split_once("__").filter(|(id, name)| !id.is_empty() && !name.is_empty());
        let Some((id, _)) = parts.filter(|_| is_name(tool)) else {
            let problem = format_args!("`{}` is no tool's full name", shown(tool));
            self.faults.add(key, &problem, &expected);
            return None;
        };
        if id == self.own {
            self.faults.add(
                key,
                &"a recipe can't call itself",
                &"expected the tool of another plugin",
            );
            return None;
        }
        Some(tool.clone())
    }

    fn compare(&mut self, key: &str, entries: &Map<String, Value>) -> Option<StepAction> {
        let left = self.required(key, entries, "compare");
        let mut operators = OPERATORS.iter().filter(|(word, _)| entries.contains_key(*word));
        let (Some((word, operator)), None) = (operators.next(), operators.next()) else {
            let words = OPERATORS.map(|(word, _)| word).join(", ");
            let expected = format_args!("expected exactly one of {words}");
            self.faults.add(key, &"it is not clear how to compare", &expected);
            return None;
        };
        let right = self.required(key, entries, word);
        let otherwise = match entries.contains_key("otherwise") {
            true => Some(self.text(key, entries, "otherwise")?),
            false => None,
        };
        Some(StepAction::Compare { left: left?, operator: *operator, right: right?, otherwise })
    }

    fn each(
        &mut self,
        key: &str,
        entries: &Map<String, Value>,
        level: usize,
    ) -> Option<StepAction> {
        let list = self.required(key, entries, "each");
        let place = beneath(key, "most");
        let most = match entries.get("most") {
            Some(Value::Number(number))
                if number.as_u64().is_some_and(|it| (1..=ITEMS).contains(&it)) =>
            {
                number.as_u64()
            }
            given => {
                let problem = match given {
                    None => "missing".to_owned(),
                    Some(Value::Number(number)) => format!("it is {number}"),
                    Some(other) => format!("it is {}", kind(other)),
                };
                let expected =
                    format_args!("expected the most items that the list may have, 1 to {ITEMS}");
                self.faults.add(&place, &problem, &expected);
                None
            }
        };
        // What is named inside is known inside alone.
        let visible = self.names.visible.len();
        let item = match entries.get("as") {
            Some(name) => self.define(&beneath(key, "as"), name),
            None => self.missing(key, "as", "expected a name for the item"),
        };
        let steps = match entries.get("steps") {
            Some(steps) => Some(self.steps(&beneath(key, "steps"), steps, level + 1)),
            None => self.missing(key, "steps", "expected a list of steps"),
        };
        let result = self.required(key, entries, "result");
        self.names.visible.truncate(visible);
        Some(StepAction::Each {
            list: list?,
            item: item?,
            most: most?,
            steps: steps?,
            result: result?,
        })
    }

    pub(super) fn required(
        &mut self,
        key: &str,
        entries: &Map<String, Value>,
        name: &str,
    ) -> Option<ValueTemplate> {
        match entries.get(name) {
            Some(given) => {
                Some(template::value(&beneath(key, name), given, &self.names, self.faults))
            }
            None => self.missing(key, name, "expected a value"),
        }
    }

    fn optional(
        &mut self,
        key: &str,
        entries: &Map<String, Value>,
        name: &str,
    ) -> Option<ValueTemplate> {
        let given = entries.get(name)?;
        Some(template::value(&beneath(key, name), given, &self.names, self.faults))
    }

    fn text(
        &mut self,
        key: &str,
        entries: &Map<String, Value>,
        name: &str,
    ) -> Option<ValueTemplate> {
        let given = entries.get(name)?;
        Some(template::text(&beneath(key, name), given, &self.names, self.faults))
    }

    pub(super) fn missing<T>(&mut self, key: &str, name: &str, expected: &str) -> Option<T> {
        self.faults.add(&beneath(key, name), &"missing", &expected);
        None
    }
}

/// Whether a text can be the name of a value.
fn is_value_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.len() <= NAME_CHARS
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(is_inner)
}
