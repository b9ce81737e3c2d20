//! Checking a value: every subschema that applies, within bounds of depth, work and words.
//!
//! A check never recurses deeper than [`bounds::DEPTH`] and never spends more than its steps, so a
//! hostile schema or value costs a bounded time and stack. A check that exceeds a bound ends with the
//! error of [`Fits`]; a violation is no error but the outcome [`Fit::No`]. Keywords that choose between
//! schemas are in `alternatives`.

use serde_json::{Map, Value};

use super::assertion::Assertion;
use super::node::{Applicator, NodeId, SchemaNode};
use super::pattern::Pattern;
use super::violation::{ValuePath, Violation, listed, quoted};
use super::{ViolationKind, bounds};

/// Whether a value fits a schema. `Maybe` is for what goes unchecked, so that a `not` around it
/// doesn't turn what nobody knows into a violation. `allOf` is the least of these, `anyOf` the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// The value violates the schema.
    No,
    /// Nothing that is checked is violated, and a keyword that can't be checked could be.
    Maybe,
    /// The value fits.
    Yes,
}

/// The outcome of a part of a check. The error says where and why the whole check was given up; it
/// passes every keyword around it unchanged.
pub(super) type Fits = Result<Fit, Box<Violation>>;

/// Which properties or items of the value at hand are evaluated, where an `unevaluated…` around it
/// wants to know.
pub(super) type Evaluated<'a> = Option<&'a mut [bool]>;

/// `properties` by name, `patternProperties`, and `additionalProperties`.
pub(super) struct Properties<'s> {
    /// Sorted by name, so that a property is found by binary search.
    pub(super) named: &'s [(String, NodeId)],
    pub(super) patterns: &'s [(Pattern, NodeId)],
    /// The schema of properties that neither a name nor a pattern has; `None` accepts them.
    pub(super) others: Option<NodeId>,
}

/// One check of one value.
pub(super) struct Check<'s> {
    /// The compiled schema, of which the first is the whole.
    pub(super) nodes: &'s [SchemaNode],
    /// What the rest of the check may cost, in the steps of [`bounds::STEPS`].
    steps_left: usize,
    /// Schemas that are being applied around this one.
    depth: usize,
    /// How many violations are wanted; none while only the outcome counts.
    pub(super) wanted: usize,
    /// The violations so far, in the order of the check; never more than `wanted`, except for the one
    /// that says why checking was given up.
    pub(super) found: Vec<Violation>,
    /// The addresses of the numbers that are integers by their value alone.
    integers: Vec<usize>,
}

/// Checks `value` against the first of `nodes`, in at most so many steps. Returns the addresses of the
/// numbers that an `integer` takes by their value although they are written with a fraction or an
/// exponent. An address names a number only as long as `value` is neither moved nor changed.
///
/// # Errors
///
/// The violations, at most [`bounds::VIOLATIONS`]. If checking was given up, one more says why.
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
    /// Applies one schema to one value: the only way into another schema, so that each is counted as a
    /// step and a level.
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

    /// The keywords of one schema, in the order in which they depend on each other: assertions,
    /// applicators, and the `unevaluated…` that need to know what the others evaluated (Core, section
    /// 11).
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
        // An unsupported keyword could have evaluated anything, so nothing counts as unevaluated.
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
        // The list of marks is a cost of its own: an object may have many properties and be checked
        // many times.
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

    /// Checks what the schema itself asserts. After a wrong type nothing else is said: it would only
    /// repeat that.
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

    /// Applies the other schemas in order, until no more violations are wanted.
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

    /// Applies one keyword where it is for this kind of value; every other value fits.
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

    /// Takes steps from what is left, before the work is done.
    ///
    /// # Errors
    ///
    /// A violation of the kind [`ViolationKind::TooMuchWork`] where they are not left.
    pub(super) fn spend(&mut self, steps: usize, at: &ValuePath<'_>) -> Result<(), Box<Violation>> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => self.steps_left = left,
            None => return Err(Box::new(Violation::given_up(at, ViolationKind::TooMuchWork))),
        }
        Ok(())
    }
}

/// The parts of a value: an object's properties and names, an array's items.
impl Check<'_> {
    /// `properties`, `patternProperties` and `additionalProperties` (Core, section 10.3.2). A property
    /// may have a name and match several patterns; then all of their schemas apply.
    pub(super) fn properties(
        &mut self,
        schemas: &Properties<'_>,
        object: &Map<String, Value>,
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        self.spend(object.len(), at)?;
        let mut fit = Fit::Yes;
        for (index, (name, value)) in object.iter().enumerate() {
            let at = ValuePath::Property(at, name);
            let mut evaluated = false;
            let known = schemas.named.binary_search_by(|(known, _)| known.as_str().cmp(name));
            if let Ok(found) = known {
                evaluated = true;
                fit = fit.min(self.schema(schemas.named[found].1, value, &at, None)?);
            }
            for (pattern, id) in schemas.patterns {
                self.spend(pattern.steps(name), &at)?;
                if pattern.matches(name) {
                    evaluated = true;
                    fit = fit.min(self.schema(*id, value, &at, None)?);
                }
            }
            if let (false, Some(others)) = (evaluated, schemas.others) {
                evaluated = true;
                fit = fit.min(self.other(others, schemas.named, name, value, &at)?);
            }
            if let (true, Some(seen)) = (evaluated, seen.as_deref_mut()) {
                seen[index] = true;
            }
            if fit == Fit::No && self.is_done() {
                break;
            }
        }
        Ok(fit)
    }

    /// A property that is not one of the `named`. Where none is allowed, those are what to say.
    fn other(
        &mut self,
        others: NodeId,
        named: &[(String, NodeId)],
        name: &str,
        value: &Value,
        at: &ValuePath<'_>,
    ) -> Fits {
        if !self.nodes[others].is_never() {
            return self.schema(others, value, at, None);
        }
        self.report(at, || {
            let names = listed(named.iter().map(|(name, _)| quoted(name)), ", ");
            let expected = match named {
                [] => "no property of this name".into(),
                [_] => format!("only the property {names}"),
                _ => format!("one of the properties {names}"),
            };
            (expected, quoted(name))
        });
        Ok(Fit::No)
    }

    /// `propertyNames`: each name is checked as a string. The place of a violation is the object, for a
    /// name has no pointer.
    pub(super) fn names(
        &mut self,
        id: NodeId,
        object: &Map<String, Value>,
        at: &ValuePath<'_>,
    ) -> Fits {
        let mut fit = Fit::Yes;
        for name in object.keys() {
            let before = self.found.len();
            fit = fit.min(self.schema(id, &Value::String(name.clone()), at, None)?);
            for violation in &mut self.found[before..] {
                violation.expected = format!("as a property's name {}", violation.expected);
            }
            if fit == Fit::No && self.is_done() {
                break;
            }
        }
        Ok(fit)
    }

    /// `prefixItems` by position, and `items` for those behind them (Core, section 10.3.1).
    pub(super) fn items(
        &mut self,
        (first, others): (&[NodeId], Option<NodeId>),
        items: &[Value],
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let mut fit = Fit::Yes;
        for (index, item) in items.iter().enumerate() {
            let Some(id) = first.get(index).copied().or(others) else { break };
            fit = fit.min(self.schema(id, item, &ValuePath::Item(at, index), None)?);
            if let Some(seen) = seen.as_deref_mut() {
                seen[index] = true;
            }
            if fit == Fit::No && self.is_done() {
                break;
            }
        }
        Ok(fit)
    }

    /// `contains` with `minContains` and `maxContains` (Core, section 10.3.1.3). Every item is tried,
    /// also when enough have been found: those that fit count as evaluated.
    pub(super) fn contains(
        &mut self,
        id: NodeId,
        (least, most): (u64, Option<u64>),
        items: &[Value],
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let (mut sure, mut possible) = (0_u64, 0_u64);
        for (index, item) in items.iter().enumerate() {
            let fit = self.quietly(id, item, &ValuePath::Item(at, index), None)?;
            sure += u64::from(fit == Fit::Yes);
            possible += u64::from(fit != Fit::No);
            // One that may fit counts too, so that what is unknown violates nothing.
            if let (true, Some(seen)) = (fit != Fit::No, seen.as_deref_mut()) {
                seen[index] = true;
            }
        }
        let wanted = if possible < least {
            format!("at least {least}")
        } else if let Some(most) = most.filter(|most| sure > *most) {
            format!("at most {most}")
        } else {
            return Ok(if sure == possible { Fit::Yes } else { Fit::Maybe });
        };
        let item = &self.nodes[id];
        self.report(at, || {
            let expected = format!("{wanted} of the items to be {}", item.words());
            (expected, format!("{sure} of {}", items.len()))
        });
        Ok(Fit::No)
    }

    /// The properties or items that nothing has evaluated yet.
    pub(super) fn unevaluated(
        &mut self,
        id: NodeId,
        value: &Value,
        at: &ValuePath<'_>,
        seen: &[bool],
    ) -> Fits {
        let mut fit = Fit::Yes;
        let unseen = |(index, _): &(usize, _)| !seen[*index];
        match value {
            Value::Object(object) => {
                for (_, (name, value)) in object.iter().enumerate().filter(|it| !seen[it.0]) {
                    fit = fit.min(self.other(
                        id,
                        &[],
                        name,
                        value,
                        &ValuePath::Property(at, name),
                    )?);
                    if fit == Fit::No && self.is_done() {
                        break;
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().filter(unseen) {
                    fit = fit.min(self.schema(id, item, &ValuePath::Item(at, index), None)?);
                    if fit == Fit::No && self.is_done() {
                        break;
                    }
                }
            }
            _ => {}
        }
        Ok(fit)
    }
}
