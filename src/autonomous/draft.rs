//! What several runs of the same work have in common, as steps that can be done again.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::call::{SeenCall, text_of};
use super::template::{
    DraftVariable, KnownValues, Piece, Source, Template, inside, members, unused_name,
};

/// Calls that were made one after the other.
pub type WorkRun = Vec<Arc<SeenCall>>;

/// A recipe in the making: the same tools, with the same data flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub(super) variables: Vec<DraftVariable>,
    pub(super) steps: Vec<DraftStep>,
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DraftStep {
    /// The name of its result.
    pub(super) name: String,
    pub(super) tool: String,
    pub(super) with: Template,
}

impl Draft {
    /// What the runs have in common. Equal values stay constant, differing ones become parameters, and values that
    /// come from earlier results become data flow. `None` if they don't call the same tools, or a place has values of
    /// several kinds.
    #[must_use]
    pub fn of(runs: &[&WorkRun]) -> Option<Self> {
        let first = runs.first()?;
        let calls_of = |at: usize| -> Option<Vec<&SeenCall>> {
            runs.iter().map(|run| run.get(at).map(|call| &**call)).collect()
        };
        let all: Vec<Vec<&SeenCall>> = (0..first.len()).map(calls_of).collect::<Option<_>>()?;
        let mut known = KnownValues::before(&all);
        let mut steps: Vec<DraftStep> = Vec::new();
        for (at, (call, calls)) in first.iter().zip(&all).enumerate() {
            if calls.iter().any(|it| it.tool != call.tool) {
                return None;
            }
            let params: Vec<&Value> = calls.iter().map(|call| &call.params).collect();
            // Parameters are a mapping, also where no value in it is the same in all runs.
            let with = match params.iter().all(|it| it.is_object() && *it == params[0]) {
                true => Template::Constant(params[0].clone()),
                false => members("value", &params, &mut known)?,
            };
            let with = params[0].is_object().then_some(with)?;
            let bare = call.tool.split_once("__").map_or(&*call.tool, |(_, bare)| bare);
            let name = unused_name(bare, |name| steps.iter().any(|step| step.name == name));
            steps.push(DraftStep { name, tool: call.tool.clone(), with });
            known.add_results(at, calls);
        }
        let is_even = runs.iter().all(|run| run.len() == steps.len());
        let mut variables = known.variables;
        // One namespace holds the names of parameters and steps.
        for at in 0..variables.len() {
            let name = unused_name(&variables[at].name, |name| {
                steps.iter().any(|step| step.name == name)
                    || variables[..at].iter().any(|other| other.name == name)
            });
            variables[at].name = name;
        }
        is_even.then_some(Self { variables, steps })
    }

    /// Whether every step has to do with another one: it takes a value from its result, or from the same parameter.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        let mut groups: Vec<usize> = (0..self.steps.len()).collect();
        let mut users: Vec<Option<usize>> = vec![None; self.variables.len()];
        for (at, step) in self.steps.iter().enumerate() {
            step.with.for_each_source(&mut |source| {
                let other = match source {
                    Source::Result { step, .. } => *step,
                    Source::Parameter(parameter) => *users[*parameter].get_or_insert(at),
                };
                let (from, to) = (groups[at], groups[other]);
                groups.iter_mut().filter(|it| **it == from).for_each(|it| *it = to);
            });
        }
        groups.iter().all(|group| *group == groups[0])
    }

    /// Whether a result flows into a later step.
    #[must_use]
    pub fn has_flow(&self) -> bool {
        let mut flows = false;
        self.steps.iter().for_each(|step| {
            step.with
                .for_each_source(&mut |source| flows |= matches!(source, Source::Result { .. }));
        });
        flows
    }

    /// The parameters with which it makes exactly the calls of this run, if there are any.
    #[must_use]
    pub fn explains(&self, run: &WorkRun) -> Option<Map<String, Value>> {
        if run.len() != self.steps.len() {
            return None;
        }
        let mut binding = Binding { run, values: vec![None; self.variables.len()] };
        for (step, call) in self.steps.iter().zip(run) {
            if step.tool != call.tool || !binding.fits(&step.with, &call.params) {
                return None;
            }
        }
        let named = self.variables.iter().zip(binding.values);
        named.map(|(variable, value)| Some((variable.name.clone(), value?))).collect()
    }

    /// The full names of the tools, in the order of their calls.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.tool.as_str())
    }

    /// How many parameters it has.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.variables.len()
    }
}

/// Finds the parameters of one run.
struct Binding<'r> {
    run: &'r WorkRun,
    values: Vec<Option<Value>>,
}

impl Binding<'_> {
    fn known(&self, source: &Source) -> Option<&Value> {
        match source {
            Source::Parameter(at) => self.values[*at].as_ref(),
            Source::Result { step, path } => {
                let keys = path.split('.').filter(|key| !key.is_empty());
                inside(&self.run.get(*step)?.result, keys)
            }
        }
    }

    fn fits(&mut self, template: &Template, value: &Value) -> bool {
        match (template, value) {
            (Template::Constant(constant), value) => constant == value,
            (Template::Source(source), value) => match (self.known(source), source) {
                (Some(known), _) => known == value,
                (None, Source::Parameter(at)) => {
                    self.values[*at] = Some(value.clone());
                    true
                }
                (None, Source::Result { .. }) => false,
            },
            (Template::Text(pieces), Value::String(text)) => self.text_fits(pieces, text),
            (Template::List(templates), Value::Array(items)) => {
                templates.len() == items.len()
                    && templates.iter().zip(items).all(|(template, item)| self.fits(template, item))
            }
            (Template::Object(templates), Value::Object(members)) => {
                templates.len() == members.len()
                    && templates.iter().all(|(name, template)| {
                        members.get(name).is_some_and(|member| self.fits(template, member))
                    })
            }
            _ => false,
        }
    }

    fn text_of_piece(&self, piece: &Piece) -> Option<String> {
        match piece {
            Piece::Plain(text) => Some(text.clone()),
            Piece::Source(source) => self.known(source).and_then(text_of),
        }
    }

    fn text_fits(&mut self, pieces: &[Piece], text: &str) -> bool {
        let mut rest = text;
        for (at, piece) in pieces.iter().enumerate() {
            if let Some(known) = self.text_of_piece(piece) {
                let Some(after) = rest.strip_prefix(&*known) else { return false };
                rest = after;
                continue;
            }
            let Piece::Source(Source::Parameter(parameter)) = piece else { return false };
            let next = pieces.get(at + 1).map(|next| self.text_of_piece(next));
            let end = match next {
                None => Some(rest.len()),
                Some(Some(next)) => rest.find(&*next),
                Some(None) => None,
            };
            let Some(end) = end.filter(|end| *end > 0) else { return false };
            self.values[*parameter] = Some(Value::from(&rest[..end]));
            rest = &rest[end..];
        }
        rest.is_empty()
    }
}
