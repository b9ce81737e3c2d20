//! Runs a plan: steps one after the other, each with a value in JSON text.

use crate::compare::holds;
use crate::plan::{Head, Plan};
use crate::scan::{KINDS, Parts, inside, is_text, kind, kind_name, member, push_text, whole};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// Calls of tools in a run.
const CALLS: usize = 64;
/// Bytes of one value, and of all values of a run.
const VALUE_BYTES: usize = 1 << 20;
const RUN_BYTES: usize = 4 << 20;
/// Steps inside each other.
const STEP_DEPTH: u8 = 4;
/// The room that a value which is put together begins with.
const USUAL_BYTES: usize = 128;

/// The kinds of pieces that values are put together from: JSON text as it stands, and what a value adds to a text
/// around it. A piece of any other kind is the JSON text of a value.
const LITERAL: usize = 0;
const TEXT: usize = 2;

const DAMAGED: &str = "the plan in this module is damaged; compile the recipe again";

/// What a run gives, or why it ends before: an error, or nothing if [`Run::message`] is its result.
type Outcome<T> = Result<T, String>;

/// JSON text.
type Json<'j> = Cow<'j, [u8]>;

/// Calls a tool: its full name and its parameters.
pub type Caller<'c> = &'c dyn Fn(&str, &str) -> Result<String, String>;

/// What stands before the steps, if it is whole.
pub fn head<'p>(plan: Plan<'p>) -> Outcome<Head<'p>> {
    let head = plan.head();
    match plan.is_damaged() {
        true => Err(join(DAMAGED, &[])),
        false => Ok(head),
    }
}

/// Runs the plan's tool.
pub fn run(plan: Plan<'_>, tool: &str, params: &str, call: Caller<'_>) -> Outcome<String> {
    let head = head(plan)?;
    if head.tool != tool.as_bytes() {
        return Err(join("% has no tool `%`", &[head.tool, tool.as_bytes()]));
    }
    let mut values = Vec::new();
    values.resize_with(head.count, Vec::new);
    let mut run =
        Run { head: &head, values, calls: 0, bytes: 0, step: (0, &[]), message: None, call };
    run.parameters(params.as_bytes())?;
    let value = match run.steps(head.steps, 0) {
        Ok(()) => {
            run.step = (head.count, b"result");
            run.value(head.result)?.into_owned()
        }
        Err(error) => run.message.take().ok_or(error)?,
    };
    String::from_utf8(value).map_err(|_| run.damaged())
}

struct Run<'r, 'p> {
    head: &'r Head<'p>,
    /// The value of each name, as JSON text.
    values: Vec<Vec<u8>>,
    calls: usize,
    bytes: usize,
    /// The step that runs: the number of its name, and its place in the recipe if it has none.
    step: (usize, &'p [u8]),
    /// A JSON string that is the result of the run.
    message: Option<Vec<u8>>,
    call: Caller<'r>,
}

impl<'p> Run<'_, 'p> {
    fn parameters(&mut self, params: &[u8]) -> Outcome<()> {
        let Head { tool, names, parameters, .. } = *self.head;
        if params.len() > VALUE_BYTES {
            return Err(join("%: the parameters have more than 1 MB", &[tool]));
        }
        let object = whole(params).and_then(Parts::of).filter(|it| it.is_object);
        let Some(object) = object else {
            return Err(join("%: expected a JSON object of parameters", &[tool]));
        };
        for (name, value) in object {
            let mut rest = names;
            let Some(slot) = (0..parameters.len()).find(|_| is_text(name, rest.text())) else {
                return Err(join("%: unknown parameter %", &[tool, name]));
            };
            let expected = parameters[slot];
            if kind(value) != expected {
                let expected = KINDS.get(usize::from(expected)).copied().unwrap_or_default();
                let got = kind_name(value);
                let name = names.nth(slot).unwrap_or_default();
                return Err(join("%: expected `%` to be %, got %", &[tool, name, expected, got]));
            }
            self.keep(slot, value.to_vec())?;
        }
        match (0..parameters.len()).find(|slot| self.values[*slot].is_empty()) {
            Some(slot) => {
                let name = names.nth(slot).unwrap_or_default();
                Err(join("%: the parameter `%` is missing", &[tool, name]))
            }
            None => Ok(()),
        }
    }

    fn steps(&mut self, mut steps: Plan<'p>, depth: u8) -> Outcome<()> {
        while !steps.is_empty() {
            let kind = steps.byte();
            let slot = steps.number();
            let is_named = slot < self.head.count;
            let step = (slot, if is_named { &[] } else { steps.text() });
            self.step = step;
            let value = match kind {
                1 => self.call(&mut steps)?,
                2 => self.pick(&mut steps)?,
                3 => self.value(steps.part())?.into_owned(),
                4 | 5 => {
                    let holds = match kind {
                        4 => self.compare(&mut steps)?,
                        _ => self.stop(&mut steps)?,
                    };
                    let word: &[u8] = if holds { b"true" } else { b"false" };
                    word.to_vec()
                }
                6 if depth < STEP_DEPTH => self.each(&mut steps, depth)?,
                _ => return Err(self.damaged()),
            };
            self.step = step;
            if is_named {
                self.keep(slot, value)?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn call(&mut self, step: &mut Plan<'p>) -> Outcome<Vec<u8>> {
        self.calls += 1;
        if self.calls > CALLS {
            return Err(self.error("more than 64 calls of tools in a run", &[]));
        }
        let tool = self.head.tools.nth(step.number()).unwrap_or_default();
        let params = self.value(step.part())?;
        let (Ok(name), Ok(params)) = (str::from_utf8(tool), str::from_utf8(&params)) else {
            return Err(self.damaged());
        };
        let text = (self.call)(name, params)
            .map_err(|error| self.error("%: %", &[tool, error.as_bytes()]))?
            .into_bytes();
        if text.len() > VALUE_BYTES {
            return Err(self.error("%: the result has more than 1 MB", &[tool]));
        }
        Ok(match whole(&text) {
            Some(value) if value.len() == text.len() => text,
            Some(value) => value.to_vec(),
            None => {
                let mut value = b"\"".to_vec();
                push_text(&text, &mut value);
                value.push(b'"');
                value
            }
        })
    }

    #[inline(never)]
    fn pick(&mut self, step: &mut Plan<'p>) -> Outcome<Vec<u8>> {
        let from = self.value(step.part())?;
        let path = step.part();
        let default = step.part();
        match walk(&from, path) {
            Ok(value) => Ok(value.to_vec()),
            Err(_) if !default.is_empty() => Ok(self.value(default)?.into_owned()),
            Err((key, value)) => Err(self.error("% has no `%`", &[kind_name(value), key])),
        }
    }

    #[inline(never)]
    fn compare(&mut self, step: &mut Plan<'p>) -> Outcome<bool> {
        let left = self.value(step.part())?;
        let operator = step.byte();
        let right = self.value(step.part())?;
        let otherwise = step.part();
        let holds = holds(operator, &left, &right);
        let holds = holds.map_err(|(expected, got)| {
            self.error("expected %, got %", &[expected, kind_name(got)])
        })?;
        if !holds && !otherwise.is_empty() {
            return self.end(otherwise);
        }
        Ok(holds)
    }

    #[inline(never)]
    fn stop(&mut self, step: &mut Plan<'p>) -> Outcome<bool> {
        let condition = step.part();
        let message = step.part();
        if !condition.is_empty() {
            let condition = self.value(condition)?;
            if *condition == *b"false" {
                return Ok(false);
            }
            if *condition != *b"true" {
                let got = kind_name(&condition);
                return Err(self.error("expected `if` to be true or false, got %", &[got]));
            }
        }
        self.end(message)
    }

    /// Ends the run with this message.
    #[inline(never)]
    fn end(&mut self, message: Plan<'p>) -> Outcome<bool> {
        self.message = Some(self.value(message)?.into_owned());
        Err(String::new())
    }

    #[inline(never)]
    fn each(&mut self, step: &mut Plan<'p>, depth: u8) -> Outcome<Vec<u8>> {
        let name = self.step;
        let list = self.value(step.part())?.into_owned();
        let item = step.number();
        let (most, most_words) = (step.number(), step.text());
        let (steps, result) = (step.part(), step.part());
        let items = Parts::of(&list).filter(|it| !it.is_object);
        let Some(items) = items else {
            return Err(self.error("expected a list, got %", &[kind_name(&list)]));
        };
        if items.count() > most {
            return Err(self.error("the list has more than % items", &[most_words]));
        }
        let mut values = b"[".to_vec();
        for (_, value) in items {
            self.keep(item, value.to_vec())?;
            self.steps(steps, depth + 1)?;
            self.step = name;
            if values.len() > 1 {
                values.push(b',');
            }
            values.extend_from_slice(&self.value(result)?);
            self.check_length(&values)?;
        }
        values.push(b']');
        Ok(values)
    }

    /// Gives a name its value.
    #[inline(never)]
    fn keep(&mut self, slot: usize, value: Vec<u8>) -> Outcome<()> {
        self.bytes += value.len();
        if self.bytes > RUN_BYTES {
            return Err(self.error("the values of this run have more than 4 MB", &[]));
        }
        match self.values.get_mut(slot) {
            Some(place) => *place = value,
            None => return Err(self.damaged()),
        }
        Ok(())
    }

    /// The value that a part makes. A piece of it begins with a number: its kind in the lowest two bits, and above
    /// them the length of a literal or the number of a name.
    #[inline(never)]
    fn value(&self, mut part: Plan<'p>) -> Outcome<Json<'_>> {
        let mut out = Vec::new();
        loop {
            let head = part.number();
            let (kind, number) = (head & 3, head >> 2);
            let piece = match kind {
                LITERAL => part.bytes(number),
                _ => self.reference(number, part.part())?,
            };
            if part.is_damaged() {
                return Err(self.damaged());
            }
            if out.is_empty() {
                if part.is_empty() {
                    return Ok(Cow::Borrowed(piece));
                }
                out.reserve(USUAL_BYTES);
            }
            match inside(piece) {
                Some(text) if kind == TEXT => out.extend_from_slice(text),
                None if kind == TEXT => push_text(piece, &mut out),
                _ => out.extend_from_slice(piece),
            }
            self.check_length(&out)?;
            if part.is_empty() {
                return Ok(Cow::Owned(out));
            }
        }
    }

    /// The value that a name and a path lead to.
    #[inline(never)]
    fn reference(&self, slot: usize, path: Plan<'p>) -> Outcome<&[u8]> {
        let Some(value) = self.values.get(slot) else {
            return Err(self.damaged());
        };
        walk(value, path).map_err(|(key, value)| {
            let name = self.head.names.nth(slot).unwrap_or_default();
            self.error("in `%`, % has no `%`", &[name, kind_name(value), key])
        })
    }

    fn check_length(&self, out: &[u8]) -> Outcome<()> {
        if out.len() > VALUE_BYTES {
            return Err(self.error("a value has more than 1 MB", &[]));
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn damaged(&self) -> String {
        self.error(DAMAGED, &[])
    }

    /// An error of the step that runs: see [`join`].
    #[cold]
    #[inline(never)]
    fn error(&self, words: &str, values: &[&[u8]]) -> String {
        let (slot, place) = self.step;
        let name = self.head.names.nth(slot).unwrap_or(place);
        join("step `%`: %", &[name, join(words, values).as_bytes()])
    }
}

/// The value that a path leads to; else the key that is not there, and where.
#[inline(never)]
fn walk<'v, 'p>(mut value: &'v [u8], mut path: Plan<'p>) -> Result<&'v [u8], (&'p [u8], &'v [u8])> {
    while !path.is_empty() {
        let key = path.text();
        value = member(value, key).ok_or((key, value))?;
    }
    Ok(value)
}

/// The words, with a value for each `%` in them.
#[cold]
#[inline(never)]
pub fn join(words: &str, values: &[&[u8]]) -> String {
    let mut text = Vec::new();
    let mut values = values.iter();
    for byte in words.bytes() {
        match values.as_slice() {
            [value, ..] if byte == b'%' => {
                text.extend_from_slice(value);
                values.next();
            }
            _ => text.push(byte),
        }
    }
    String::from_utf8(text).unwrap_or_default()
}
