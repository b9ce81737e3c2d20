//! A plan of steps and where each of their values comes from, done with new values each time.

use serde_json::{Map, Value, json};
use weft_lite::autonomous::WorkRun;

use super::Expected;
use super::stream::{Made, run_of, tool_name};
use super::values::{Dice, Kind, word};

/// Where an argument comes from.
#[derive(Clone)]
enum Argument {
    Constant(Value),
    /// What the person types, by its number.
    Typed(usize),
    /// A value of an earlier step's result, by its place there.
    Result(usize, usize),
    /// A text around others.
    Around(String, Box<Argument>, String),
    Both(Box<Argument>, String, Box<Argument>),
}

/// Where a result has its values.
#[derive(Clone, Copy)]
enum Shape {
    Flat,
    /// Beneath a key.
    Nested,
    /// The items of a list are mappings; there are more of them.
    Found,
    /// A list without keys.
    Items,
    /// The first value alone.
    Plain,
}

#[derive(Clone)]
struct Step {
    tool: String,
    arguments: Vec<(String, Argument)>,
    /// Whether the arguments are in a mapping, within those of the call.
    is_nested: bool,
    shape: Shape,
    results: Vec<(String, Kind)>,
}

/// A kind of work.
#[derive(Clone)]
pub(crate) struct Plan {
    typed: Vec<Kind>,
    steps: Vec<Step>,
}

/// The values of one time that the work is done.
pub(crate) struct Values {
    typed: Vec<Value>,
    results: Vec<Vec<Value>>,
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Argument {
    fn value(&self, values: &Values) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Typed(at) => values.typed[*at].clone(),
            Self::Result(step, at) => values.results[*step][*at].clone(),
            Self::Around(before, inner, after) => {
                json!(format!("{before}{}{after}", as_text(&inner.value(values))))
            }
            Self::Both(one, between, other) => {
                let (one, other) = (one.value(values), other.value(values));
                json!(format!("{}{between}{}", as_text(&one), as_text(&other)))
            }
        }
    }

    /// The argument with another value where the first one flows in.
    fn broken(
        &self,
        plan: &Plan,
        before: &[usize],
        values: &Values,
        dice: &mut Dice,
    ) -> Option<Self> {
        match self {
            Self::Constant(_) => None,
            Self::Typed(at) => before
                .contains(at)
                .then(|| Self::Constant(plan.typed[*at].other(&values.typed[*at], dice))),
            Self::Result(step, at) => {
                let (_, kind) = plan.steps[*step].results[*at];
                Some(Self::Constant(kind.other(&values.results[*step][*at], dice)))
            }
            Self::Around(text, inner, after) => {
                let inner = inner.broken(plan, before, values, dice)?;
                Some(Self::Around(text.clone(), Box::new(inner), after.clone()))
            }
            Self::Both(one, between, other) => {
                let inner = one.broken(plan, before, values, dice)?;
                Some(Self::Both(Box::new(inner), between.clone(), other.clone()))
            }
        }
    }

    fn typed(&self, found: &mut Vec<usize>) {
        match self {
            Self::Typed(at) => found.push(*at),
            Self::Around(_, inner, _) => inner.typed(found),
            Self::Both(one, _, other) => {
                one.typed(found);
                other.typed(found);
            }
            Self::Constant(_) | Self::Result(..) => {}
        }
    }
}

impl Step {
    fn made(
        &self,
        arguments: &[(String, Argument)],
        values: &Values,
        own: &[Value],
        dice: &mut Dice,
    ) -> Made {
        let params: Map<String, Value> =
            arguments.iter().map(|(key, it)| (key.clone(), it.value(values))).collect();
        let params = if self.is_nested { json!({ "options": params }) } else { params.into() };
        let keys = || self.results.iter().map(|(key, _)| key.clone());
        let mapping: Map<String, Value> = keys().zip(own.iter().cloned()).collect();
        let result = match self.shape {
            Shape::Flat => mapping.into(),
            Shape::Nested => json!({ "ok": true, "data": mapping }),
            Shape::Found => {
                let mut more = || -> Value {
                    let member = |(key, kind): &(String, Kind)| (key.clone(), kind.make(dice));
                    Value::Object(self.results.iter().map(member).collect())
                };
                let mut all = vec![mapping.into(), more(), more()];
                all.truncate(1 + dice.below(3));
                json!({ "total": 40, "items": all })
            }
            Shape::Items => own.to_vec().into(),
            Shape::Plain => own[0].clone(),
        };
        Made { tool: self.tool.clone(), params, result }
    }
}

impl Plan {
    /// Work of so many steps. Each step takes something from an earlier one, or what was typed for an earlier one.
    pub(crate) fn new(length: usize, texts: bool, dice: &mut Dice) -> Self {
        let mut plan = Self { typed: Vec::new(), steps: Vec::new() };
        let mut keys = 0;
        let mut key = |dice: &mut Dice| {
            keys += 1;
            format!("{}_{keys}", word(dice))
        };
        for number in 0..length {
            let mut arguments = Vec::new();
            let linked = (number > 0).then(|| plan.link(number, texts, dice));
            let new = linked.is_none() || dice.percent(30);
            arguments.extend(linked.map(|it| (key(dice), it)));
            if new {
                let kind = if number == 0 { *dice.pick(&Kind::TELLING) } else { plan.any(dice) };
                plan.typed.push(kind);
                arguments.push((key(dice), Argument::Typed(plan.typed.len() - 1)));
            }
            if number > 0 && dice.percent(25) {
                arguments.push((key(dice), plan.link(number, false, dice)));
            }
            if dice.percent(40) {
                let kinds = [Kind::Name, Kind::Small, Kind::Flag, Kind::City, Kind::Path];
                let constant = dice.pick(&kinds).make(dice);
                arguments.push((key(dice), Argument::Constant(constant)));
            }
            let mut results = Vec::new();
            for at in 0..1 + dice.below(4) {
                let kind = if at == 0 { *dice.pick(&Kind::TELLING) } else { plan.any(dice) };
                results.push((key(dice), kind));
            }
            let shapes =
                [Shape::Flat, Shape::Flat, Shape::Nested, Shape::Found, Shape::Items, Shape::Plain];
            let shape = *dice.pick(&shapes);
            if matches!(shape, Shape::Plain) {
                results.truncate(1);
            }
            // A tool may be called twice in the same work.
            let tool = match number > 0 && dice.percent(8) {
                true => plan.steps[dice.below(number)].tool.clone(),
                false => tool_name(dice),
            };
            plan.steps.push(Step { tool, arguments, is_nested: dice.percent(15), shape, results });
        }
        plan
    }

    fn any(&self, dice: &mut Dice) -> Kind {
        match dice.below(6) {
            0 => Kind::Small,
            1 => Kind::Flag,
            2 => Kind::City,
            3 => Kind::Object,
            _ => *dice.pick(&Kind::TELLING),
        }
    }

    /// What says that the step has to do with an earlier one.
    fn link(&self, number: usize, texts: bool, dice: &mut Dice) -> Argument {
        let can_stand = |kind: &Kind| Kind::IN_TEXTS.contains(kind);
        // The step before, or any.
        let step = if dice.percent(70) { number - 1 } else { dice.below(number) };
        let telling: Vec<usize> = (0..self.steps[step].results.len())
            .filter(|at| !matches!(self.steps[step].results[*at].1, Kind::Flag | Kind::Small))
            .collect();
        let at = *dice.pick(&telling);
        let mut link = Argument::Result(step, at);
        let mut kind = self.steps[step].results[at].1;
        let mut used = Vec::new();
        let earlier = self.steps.iter().flat_map(|step| &step.arguments);
        earlier.for_each(|(_, it)| it.typed(&mut used));
        used.retain(|at| !matches!(self.typed[*at], Kind::Flag | Kind::Small));
        if !used.is_empty() && dice.percent(20) {
            let at = *dice.pick(&used);
            (link, kind) = (Argument::Typed(at), self.typed[at]);
        }
        if !texts || !can_stand(&kind) {
            return link;
        }
        let in_texts: Vec<usize> = (0..self.typed.len())
            .filter(|at| {
                can_stand(&self.typed[*at]) && !matches!(&link, Argument::Typed(it) if it == at)
            })
            .collect();
        match dice.below(5) {
            0 => Argument::Around(format!("{}: ", word(dice)), link.into(), String::new()),
            1 => Argument::Around(String::new(), link.into(), format!(" ({})", word(dice))),
            2 => Argument::Around(
                format!("{} ", word(dice)),
                link.into(),
                format!(" {}.", word(dice)),
            ),
            3 if !in_texts.is_empty() => {
                let other = Argument::Typed(*dice.pick(&in_texts));
                Argument::Both(link.into(), ", ".into(), other.into())
            }
            _ => link,
        }
    }

    fn values(&self, dice: &mut Dice) -> Values {
        let typed = self.typed.iter().map(|kind| kind.make(dice)).collect();
        let results = self
            .steps
            .iter()
            .map(|step| step.results.iter().map(|(_, kind)| kind.make(dice)).collect());
        Values { typed, results: results.collect() }
    }

    /// The calls of one time, and those of the same time with one value that is not from where it should be.
    pub(crate) fn done(&self, values: &Values, dice: &mut Dice) -> (Vec<Made>, Vec<WorkRun>) {
        let made: Vec<Made> = self
            .steps
            .iter()
            .zip(&values.results)
            .map(|(step, own)| step.made(&step.arguments, values, own, dice))
            .collect();
        let mut broken = Vec::new();
        let mut before = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            for (at, (key, argument)) in step.arguments.iter().enumerate() {
                if let Some(other) = argument.broken(self, &before, values, dice) {
                    let mut arguments = step.arguments.clone();
                    arguments[at] = (key.clone(), other);
                    let mut run = made.clone();
                    run[number].params =
                        step.made(&arguments, values, &values.results[number], dice).params;
                    broken.push(run_of(&run));
                }
                argument.typed(&mut before);
            }
        }
        (made, broken)
    }

    fn tools(&self) -> Vec<String> {
        self.steps.iter().map(|step| step.tool.clone()).collect()
    }

    pub(crate) fn expected(&self, dice: &mut Dice) -> Expected {
        let mut expected = Expected { tools: self.tools(), fresh: Vec::new(), broken: Vec::new() };
        for _ in 0..3 {
            let values = self.values(dice);
            let (made, broken) = self.done(&values, dice);
            expected.fresh.push(run_of(&made));
            expected.broken.extend(broken);
        }
        expected
    }

    /// Values of so many times. What differs from time to time does so in them: nobody could see otherwise that it can.
    pub(crate) fn times(&self, times: usize, dice: &mut Dice) -> Vec<Values> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let all: Vec<Values> = (0..times).map(|_| self.values(dice)).collect();
            let vectors = |all: &[Values]| -> Vec<Vec<Value>> {
                let of = |values: &Values| -> Vec<Value> {
                    values.typed.iter().chain(values.results.iter().flatten()).cloned().collect()
                };
                let rows: Vec<Vec<Value>> = all.iter().map(of).collect();
                (0..rows[0].len())
                    .map(|at| rows.iter().map(|row| row[at].clone()).collect())
                    .collect()
            };
            let columns = vectors(&all);
            let differs = |column: &Vec<Value>| column.iter().any(|it| *it != column[0]);
            let is_single =
                |column: &Vec<Value>| columns.iter().filter(|it| *it == column).count() == 1;
            if attempts == 100 || columns.iter().all(|it| differs(it) && is_single(it)) {
                return all;
            }
        }
    }

    pub(crate) fn runs(&self, times: usize, dice: &mut Dice) -> Vec<Vec<Made>> {
        let all = self.times(times, dice);
        all.iter().map(|values| self.done(values, dice).0).collect()
    }
}

impl Plan {
    /// The same steps, for whose arguments somebody types something else each time.
    pub(crate) fn without_flow(&self, times: usize, dice: &mut Dice) -> Vec<Vec<Made>> {
        let kinds: Vec<Vec<Kind>> = self
            .steps
            .iter()
            .map(|step| step.arguments.iter().map(|_| *dice.pick(&Kind::TELLING)).collect())
            .collect();
        let mut time = || -> Vec<Made> {
            let values = self.values(dice);
            let mut made = Vec::new();
            for ((step, kinds), own) in self.steps.iter().zip(&kinds).zip(&values.results) {
                let typed = step
                    .arguments
                    .iter()
                    .zip(kinds)
                    .map(|((key, _), kind)| (key.clone(), Argument::Constant(kind.make(dice))));
                let typed: Vec<_> = typed.collect();
                made.push(step.made(&typed, &values, own, dice));
            }
            made
        };
        (0..times).map(|_| time()).collect()
    }

    /// Work that was done three times, of one of which the last step has nothing to do with the others.
    pub(crate) fn last_differs(&self, dice: &mut Dice) -> Vec<Vec<Made>> {
        let mut runs = self.runs(3, dice);
        let last = self.without_flow(1, dice).remove(0).pop();
        let at = dice.below(3);
        runs[at].pop();
        runs[at].extend(last);
        runs
    }
}
