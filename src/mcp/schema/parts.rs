//! Checking the parts of a value: an object's properties and names, an array's items.

use serde_json::{Map, Value};

use super::check::{Check, Evaluated, Fit, Fits};
use super::node::NodeId;
use super::pattern::Pattern;
use super::violation::{ValuePath, listed, quoted};

/// `properties` by name, `patternProperties`, and `additionalProperties`.
pub(super) struct Properties<'s> {
    pub(super) named: &'s [(String, NodeId)],
    pub(super) patterns: &'s [(Pattern, NodeId)],
    pub(super) others: Option<NodeId>,
}

impl Check<'_> {
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
