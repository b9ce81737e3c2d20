//! Checking a value: every subschema that applies, within bounds of depth, work and words.

use serde_json::Value;

use super::assertion::Assertion;
use super::node::{Applicator, NodeId, SchemaNode};
use super::parts::Properties;
use super::violation::{ValuePath, Violation};
use super::{ViolationKind, bounds};

/// Whether a value fits a schema. `Maybe` is for what goes unchecked, so that a `not` around it
/// doesn't turn what nobody knows into a violation. `allOf` is the least of these, `anyOf` the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    No,
    Maybe,
    Yes,
}

/// Where and why checking was given up.
pub(super) type Fits = Result<Fit, Box<Violation>>;

/// Which properties or items of the value at hand are evaluated, where an `unevaluated…` around it
/// wants to know.
pub(super) type Evaluated<'a> = Option<&'a mut [bool]>;

/// One check of one value.
pub(super) struct Check<'s> {
    pub(super) nodes: &'s [SchemaNode],
    steps_left: usize,
    depth: usize,
    /// How many violations are wanted; none while only the outcome counts.
    pub(super) wanted: usize,
    pub(super) found: Vec<Violation>,
    /// The addresses of the numbers that are integers by their value alone.
    integers: Vec<usize>,
}

/// Checks `value` against the first of `nodes`, in at most so many steps.
pub(super) fn validate(
    nodes: &[SchemaNode],
    value: &Value,
    steps_left: usize,
) -> Result<Vec<usize>, Vec<Violation>> {
    let wanted = bounds::VIOLATIONS;
    let (found, integers) = (Vec::new(), Vec::new());
    let mut check = Check { nodes, steps_left, depth: 0, wanted, found, integers };
    match check.schema(0, value, &ValuePath::Root, None) {
        Ok(Fit::No) => Err(check.found),
        Ok(Fit::Maybe | Fit::Yes) => Ok(check.integers),
        Err(given_up) => {
            check.found.push(*given_up);
            Err(check.found)
        }
    }
}

impl Check<'_> {
    pub(super) fn schema(
        &mut self,
        id: NodeId,
        value: &Value,
        at: &ValuePath<'_>,
        seen: Evaluated<'_>,
    ) -> Fits {
        self.spend(1, at)?;
        if self.depth == bounds::DEPTH {
            return Err(Box::new(Violation::given_up(at, ViolationKind::TooDeep)));
        }
        let nodes = self.nodes;
        self.depth += 1;
        let fit = self.node(&nodes[id], value, at, seen);
        self.depth -= 1;
        fit
    }

    fn node(
        &mut self,
        node: &SchemaNode,
        value: &Value,
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let asserted = self.assertions(node, value, at)?;
        if asserted == Fit::No && (self.is_done() || !node.takes_type_of(value)) {
            return Ok(Fit::No);
        }
        if let (true, Some(seen)) = (node.unchecked, seen.as_deref_mut()) {
            seen.fill(true);
        }
        let (rest, parts) = match value {
            Value::Object(properties) => (node.unevaluated_properties, properties.len()),
            Value::Array(items) => (node.unevaluated_items, items.len()),
            _ => (None, 0),
        };
        let Some(rest) = rest else {
            return Ok(asserted.min(self.applicators(node, value, at, seen)?));
        };
        self.spend(parts / 64, at)?;
        let mut own = vec![node.unchecked; parts];
        let fit = asserted.min(self.applicators(node, value, at, Some(&mut own))?);
        if fit == Fit::No {
            return Ok(Fit::No);
        }
        if let Some(seen) = seen {
            seen.fill(true);
        }
        Ok(fit.min(self.unevaluated(rest, value, at, &own)?))
    }

    fn assertions(&mut self, node: &SchemaNode, value: &Value, at: &ValuePath<'_>) -> Fits {
        let mut fit = if node.unchecked { Fit::Maybe } else { Fit::Yes };
        for assertion in &node.assertions {
            let steps = assertion.steps(value);
            let steps = steps.map_err(|kind| Box::new(Violation::given_up(at, kind)))?;
            self.spend(steps, at)?;
            if assertion.is_integer_by_value(value) {
                self.integers.push(std::ptr::from_ref(value).addr());
            }
            if !assertion.holds(value) {
                fit = Fit::No;
                self.report(at, || assertion.difference(value));
                if self.is_done() || matches!(assertion, Assertion::Type(_)) {
                    break;
                }
            }
        }
        Ok(fit)
    }

    fn applicators(
        &mut self,
        node: &SchemaNode,
        value: &Value,
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let mut fit = Fit::Yes;
        for applicator in &node.applicators {
            fit = fit.min(self.applicator(applicator, value, at, seen.as_deref_mut())?);
            if fit == Fit::No && self.is_done() {
                break;
            }
        }
        Ok(fit)
    }

    fn applicator(
        &mut self,
        applicator: &Applicator,
        value: &Value,
        at: &ValuePath<'_>,
        seen: Evaluated<'_>,
    ) -> Fits {
        match (applicator, value) {
            (Applicator::Properties { named, patterns, others }, Value::Object(object)) => {
                let schemas = Properties { named, patterns, others: *others };
                self.properties(&schemas, object, at, seen)
            }
            (Applicator::Names(id), Value::Object(object)) => self.names(*id, object, at),
            (Applicator::Items { first, others }, Value::Array(items)) => {
                self.items((first, *others), items, at, seen)
            }
            (Applicator::Contains { item, least, most }, Value::Array(items)) => {
                self.contains(*item, (*least, *most), items, at, seen)
            }
            (Applicator::All(ids), _) => self.all(ids, value, at, seen),
            (Applicator::Any(ids), _) => self.any(ids, value, at, seen),
            (Applicator::One(ids), _) => self.one(ids, value, at, seen),
            (Applicator::Not(id), _) => self.not(*id, value, at),
            (Applicator::If { condition, then, otherwise }, _) => {
                self.condition(*condition, (*then, *otherwise), value, at, seen)
            }
            (Applicator::Dependent(name, id), Value::Object(object))
                if object.contains_key(name) =>
            {
                self.schema(*id, value, at, seen)
            }
            _ => Ok(Fit::Yes),
        }
    }

    /// Says what is wrong, as long as that is wanted.
    pub(super) fn report(&mut self, at: &ValuePath<'_>, words: impl FnOnce() -> (String, String)) {
        if !self.is_done() {
            let (expected, got) = words();
            self.found.push(Violation::mismatch(at, expected, got));
        }
    }

    /// Whether one violation more would change nothing.
    pub(super) fn is_done(&self) -> bool {
        self.found.len() >= self.wanted
    }

    pub(super) fn spend(&mut self, steps: usize, at: &ValuePath<'_>) -> Result<(), Box<Violation>> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => self.steps_left = left,
            None => return Err(Box::new(Violation::given_up(at, ViolationKind::TooMuchWork))),
        }
        Ok(())
    }
}
