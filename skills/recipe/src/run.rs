//! Runs a plan: steps one after the other, each with a value in JSON text.

use crate::compare::holds;
use crate::plan::{Head, Plan};
use crate::scan::{KINDS, Parts, inside, is_text, kind, kind_name, member, push_text, whole};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// Calls of tools in a run.
const CALLS: usize = 64;
/// Bytes of one value, and of all values of a run.
const VALUE_BYTES: usize = 1 << 20;
const RUN_BYTES: usize = 4 << 20;
/// Steps inside each other, and values inside each other.
const STEP_DEPTH: u8 = 4;
const VALUE_DEPTH: u8 = 32;

/// What a run gives, or why it ends before: an error, or nothing if [`Run::message`] is its result.
type Outcome<T> = Result<T, String>;

/// Calls a tool: its full name and its parameters.
pub type Caller<'c> = &'c dyn Fn(&str, &str) -> Result<String, String>;

/// What stands before the steps, if it is whole.
pub fn head<'p>(plan: Plan<'p>) -> Outcome<Head<'p>> {
    let head = plan.head();
    match plan.is_damaged() {
        true => Err(join(&["the plan in this module is damaged; compile the recipe again"])),
        false => Ok(head),
    }
}

/// Runs the plan's tool.
pub fn run(plan: Plan<'_>, tool: &str, params: &str, call: Caller<'_>) -> Outcome<String> {
    let head = head(plan)?;
    if head.tool != tool {
        return Err(join(&[head.tool, " has no tool `", tool, "`"]));
    }
    let mut values = Vec::new();
    values.resize_with(head.names.len(), String::new);
    let mut run = Run { head: &head, values, calls: 0, bytes: 0, step: "", message: None, call };
    run.parameters(params)?;
    match run.steps(head.steps, 0) {
        Ok(()) => {
            run.step = "result";
            run.value_in(head.result)
        }
        Err(error) => run.message.ok_or(error),
    }
}

struct Run<'r, 'p> {
    head: &'r Head<'p>,
    /// The value of each name, as JSON text.
    values: Vec<String>,
    calls: usize,
    bytes: usize,
    /// The step that runs.
    step: &'p str,
    /// A JSON string that is the result of the run.
    message: Option<String>,
    call: Caller<'r>,
}

impl<'p> Run<'_, 'p> {
    fn parameters(&mut self, params: &str) -> Outcome<()> {
        let Head { tool, names, parameters, .. } = self.head;
        if params.len() > VALUE_BYTES {
            return Err(join(&[tool, ": the parameters have more than 1 MB"]));
        }
        let object = whole(params).and_then(Parts::of).filter(|it| it.is_object);
        let Some(object) = object else {
            return Err(join(&[tool, ": expected a JSON object of parameters"]));
        };
        for (name, value) in object {
            let slot = (0..parameters.len()).find(|at| is_text(name, names[*at]));
            let Some(slot) = slot else {
                return Err(join(&[tool, ": unknown parameter ", name]));
            };
            let expected = parameters[slot];
            if kind(value) != expected {
                let expected = KINDS.get(usize::from(expected)).copied().unwrap_or_default();
                let got = kind_name(value);
                let name = names[slot];
                return Err(join(&[
                    tool,
                    ": expected `",
                    name,
                    "` to be ",
                    expected,
                    ", got ",
                    got,
                ]));
            }
            self.keep(slot, value.to_owned())?;
        }
        for slot in 0..parameters.len() {
            if self.values[slot].is_empty() {
                return Err(join(&[tool, ": the parameter `", names[slot], "` is missing"]));
            }
        }
        Ok(())
    }

    fn steps(&mut self, mut steps: Plan<'p>, depth: u8) -> Outcome<()> {
        while !steps.is_empty() {
            let kind = steps.byte();
            let slot = steps.number();
            // A step without a name has its place in the recipe.
            let name = match self.head.names.get(slot) {
                Some(name) => name,
                None => steps.text(),
            };
            self.step = name;
            let value = match kind {
                1 => self.call(&mut steps)?,
                2 => self.pick(&mut steps)?,
                3 => self.value_in(steps.part())?,
                4 => self.compare(&mut steps)?,
                5 => self.stop(&mut steps)?,
                6 if depth < STEP_DEPTH => self.each(&mut steps, depth)?,
                _ => return Err(self.damaged()),
            };
            self.step = name;
            if slot < self.head.names.len() {
                self.keep(slot, value)?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn call(&mut self, step: &mut Plan<'p>) -> Outcome<String> {
        let Some(&tool) = self.head.tools.get(step.number()) else {
            return Err(self.damaged());
        };
        let params = self.value_in(step.part())?;
        self.calls += 1;
        if self.calls > CALLS {
            return Err(self.error(&["more than 64 calls of tools in a run"]));
        }
        let text = (self.call)(tool, &params).map_err(|error| self.error(&[tool, ": ", &error]))?;
        if text.len() > VALUE_BYTES {
            return Err(self.error(&[tool, ": the result has more than 1 MB"]));
        }
        Ok(match whole(&text) {
            Some(value) if value.len() == text.len() => text,
            Some(value) => value.to_owned(),
            None => {
                let mut value = join(&["\""]);
                push_text(&text, &mut value);
                value.push('"');
                value
            }
        })
    }

    #[inline(never)]
    fn pick(&mut self, step: &mut Plan<'p>) -> Outcome<String> {
        let from = self.value_in(step.part())?;
        let path = step.part();
        let default = step.part();
        match walk(&from, path) {
            Ok(value) => Ok(value.to_owned()),
            Err(_) if !default.is_empty() => self.value_in(default),
            Err((key, value)) => Err(self.error(&[kind_name(value), " has no `", key, "`"])),
        }
    }

    #[inline(never)]
    fn compare(&mut self, step: &mut Plan<'p>) -> Outcome<String> {
        let left = self.value_in(step.part())?;
        let operator = step.byte();
        let right = self.value_in(step.part())?;
        let otherwise = step.part();
        let holds = holds(operator, &left, &right);
        let holds = holds.map_err(|(expected, got)| {
            self.error(&["expected ", expected, ", got ", kind_name(got)])
        })?;
        if !holds && !otherwise.is_empty() {
            return self.end(otherwise);
        }
        Ok(if holds { "true" } else { "false" }.to_owned())
    }

    #[inline(never)]
    fn stop(&mut self, step: &mut Plan<'p>) -> Outcome<String> {
        let condition = step.part();
        let message = step.part();
        if !condition.is_empty() {
            let condition = self.value_in(condition)?;
            if condition == "false" {
                return Ok(condition);
            }
            if condition != "true" {
                let got = kind_name(&condition);
                return Err(self.error(&["expected `if` to be true or false, got ", got]));
            }
        }
        self.end(message)
    }

    /// Ends the run with this message.
    #[inline(never)]
    fn end(&mut self, message: Plan<'p>) -> Outcome<String> {
        self.message = Some(self.value_in(message)?);
        Err(String::new())
    }

    #[inline(never)]
    fn each(&mut self, step: &mut Plan<'p>, depth: u8) -> Outcome<String> {
        let name = self.step;
        let list = self.value_in(step.part())?;
        let item = step.number();
        let (most, most_words) = (step.number(), step.text());
        let (steps, result) = (step.part(), step.part());
        let items = Parts::of(&list).filter(|it| !it.is_object);
        let Some(items) = items else {
            return Err(self.error(&["expected a list, got ", kind_name(&list)]));
        };
        if items.count() > most {
            return Err(self.error(&["the list has more than ", most_words, " items"]));
        }
        let mut values = "[".to_owned();
        for (_, value) in items {
            self.keep(item, value.to_owned())?;
            self.steps(steps, depth + 1)?;
            self.step = name;
            if values.len() > 1 {
                values.push(',');
            }
            values.push_str(&self.value_in(result)?);
            self.check_length(&values)?;
        }
        values.push(']');
        Ok(values)
    }

    /// Gives a name its value.
    #[inline(never)]
    fn keep(&mut self, slot: usize, value: String) -> Outcome<()> {
        self.bytes += value.len();
        if self.bytes > RUN_BYTES {
            return Err(self.error(&["the values of this run have more than 4 MB"]));
        }
        match self.values.get_mut(slot) {
            Some(place) => *place = value,
            None => return Err(self.damaged()),
        }
        Ok(())
    }

    /// The value that a part makes, as JSON text.
    #[inline(never)]
    fn value_in(&self, mut part: Plan<'p>) -> Outcome<String> {
        let mut out = String::new();
        self.value(&mut part, &mut out, 0)?;
        Ok(out)
    }

    fn value(&self, plan: &mut Plan<'p>, out: &mut String, depth: u8) -> Outcome<()> {
        match plan.byte() {
            1 => out.push_str(plan.text()),
            2 => out.push_str(self.reference(plan)?),
            3 => {
                out.push('"');
                for _ in 0..plan.number() {
                    match plan.byte() {
                        1 => out.push_str(plan.text()),
                        2 => {
                            let value = self.reference(plan)?;
                            match inside(value) {
                                Some(text) => out.push_str(text),
                                None => push_text(value, out),
                            }
                        }
                        _ => return Err(self.damaged()),
                    }
                    self.check_length(out)?;
                }
                out.push('"');
            }
            kind @ (4 | 5) if depth < VALUE_DEPTH => {
                out.push_str(if kind == 4 { "[" } else { "{" });
                for number in 0..plan.number() {
                    if number > 0 {
                        out.push(',');
                    }
                    if kind == 5 {
                        // With its quotes and the colon.
                        out.push_str(plan.text());
                    }
                    self.value(plan, out, depth + 1)?;
                }
                out.push_str(if kind == 4 { "]" } else { "}" });
            }
            _ => plan.damage(),
        }
        if plan.is_damaged() {
            return Err(self.damaged());
        }
        self.check_length(out)
    }

    #[inline(never)]
    fn check_length(&self, out: &str) -> Outcome<()> {
        if out.len() > VALUE_BYTES {
            return Err(self.error(&["a value has more than 1 MB"]));
        }
        Ok(())
    }

    /// The value that a name and a path lead to.
    #[inline(never)]
    fn reference(&self, plan: &mut Plan<'p>) -> Outcome<&str> {
        let slot = plan.number();
        let path = plan.part();
        let (Some(value), Some(name)) = (self.values.get(slot), self.head.names.get(slot)) else {
            return Err(self.damaged());
        };
        walk(value, path).map_err(|(key, value)| {
            self.error(&["in `", name, "`, ", kind_name(value), " has no `", key, "`"])
        })
    }

    #[cold]
    fn damaged(&self) -> String {
        self.error(&["the plan in this module is damaged; compile the recipe again"])
    }

    #[inline(never)]
    #[cold]
    fn error(&self, words: &[&str]) -> String {
        join(&["step `", self.step, "`: ", &join(words)])
    }
}

/// The value that a path leads to; else the key that is not there, and where.
#[inline(never)]
fn walk<'v, 'p>(mut value: &'v str, mut path: Plan<'p>) -> Result<&'v str, (&'p str, &'v str)> {
    while !path.is_empty() {
        let key = path.text();
        value = member(value, key).ok_or((key, value))?;
    }
    Ok(value)
}

/// The words in one text.
#[inline(never)]
pub fn join(words: &[&str]) -> String {
    let mut text = String::new();
    for word in words {
        text.push_str(word);
    }
    text
}
