//! Checking one value against several schemas: all of them, any, one, none, or depending on another.
//!
//! These are the applicators that stay at the value at hand (JSON Schema 2020-12 Core, section 10.2);
//! those that go into its parts are in `check`. A violation within an alternative says nothing as long
//! as another alternative may fit, so alternatives are checked quietly. Only when none fits are the
//! first of them checked again, for the words of the message.

use std::mem;

use serde_json::Value;

use super::check::{Check, Evaluated, Fit, Fits};
use super::node::NodeId;
use super::violation::{ValuePath, Violation, listed, shown};

impl Check<'_> {
    /// `allOf`, and a `$ref` as an `allOf` of one. Every subschema reports its own violations.
    pub(super) fn all(
        &mut self,
        ids: &[NodeId],
        value: &Value,
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let mut fit = Fit::Yes;
        for id in ids {
            fit = fit.min(self.schema(*id, value, at, seen.as_deref_mut())?);
            if fit == Fit::No && self.is_done() {
                break;
            }
        }
        Ok(fit)
    }

    /// `anyOf` (Core, section 10.2.1.2).
    pub(super) fn any(
        &mut self,
        ids: &[NodeId],
        value: &Value,
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let mut fit = Fit::No;
        for id in ids {
            fit = fit.max(self.branch(*id, value, at, seen.as_deref_mut())?);
            // One that fits is enough, except for an `unevaluated…` around it: each alternative that
            // fits evaluates properties of its own.
            if fit == Fit::Yes && seen.is_none() {
                break;
            }
        }
        if fit == Fit::No {
            self.report_alternatives(ids, value, at)?;
        }
        Ok(fit)
    }

    /// `oneOf`. An alternative that may fit leaves the outcome open, unless two others surely fit.
    pub(super) fn one(
        &mut self,
        ids: &[NodeId],
        value: &Value,
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let (mut sure, mut possible) = (Vec::new(), 0);
        for (index, id) in ids.iter().enumerate() {
            match self.branch(*id, value, at, seen.as_deref_mut())? {
                Fit::Yes => sure.push(index),
                Fit::Maybe => possible += 1,
                Fit::No => {}
            }
            if sure.len() > 1 {
                self.report(at, || {
                    let expected = format!("a value that fits one of {} alternatives", ids.len());
                    (expected, format!("{}, which fits {} and {}", shown(value), sure[0], sure[1]))
                });
                return Ok(Fit::No);
            }
        }
        match (sure.len(), possible) {
            (0, 0) => {
                self.report_alternatives(ids, value, at)?;
                Ok(Fit::No)
            }
            (1, 0) => Ok(Fit::Yes),
            _ => Ok(Fit::Maybe),
        }
    }

    /// `not`. It evaluates nothing: what a schema evaluates counts only where the value fits it, and
    /// then the `not` fails.
    pub(super) fn not(&mut self, id: NodeId, value: &Value, at: &ValuePath<'_>) -> Fits {
        Ok(match self.quietly(id, value, at, None)? {
            Fit::No => Fit::Yes,
            Fit::Maybe => Fit::Maybe,
            Fit::Yes => {
                let unwanted = &self.nodes[id];
                self.report(at, || (format!("anything but {}", unwanted.words()), shown(value)));
                Fit::No
            }
        })
    }

    /// `if`, with the schemas of `then` and `else`; one that is missing accepts every value. The
    /// condition itself reports nothing, and counts as evaluating only where it holds.
    pub(super) fn condition(
        &mut self,
        condition: NodeId,
        (then, otherwise): (Option<NodeId>, Option<NodeId>),
        value: &Value,
        at: &ValuePath<'_>,
        mut seen: Evaluated<'_>,
    ) -> Fits {
        let next = match self.branch(condition, value, at, seen.as_deref_mut())? {
            Fit::Yes => then,
            Fit::No => otherwise,
            Fit::Maybe => {
                // What would follow is unknown, and so is what it would evaluate.
                if let Some(seen) = seen {
                    seen.fill(true);
                }
                return Ok(Fit::Maybe);
            }
        };
        next.map_or(Ok(Fit::Yes), |id| self.schema(id, value, at, seen))
    }

    /// A schema that only asks: what it finds isn't reported, and what it evaluates counts only
    /// where the value fits.
    pub(super) fn branch(
        &mut self,
        id: NodeId,
        value: &Value,
        at: &ValuePath<'_>,
        seen: Evaluated<'_>,
    ) -> Fits {
        let Some(seen) = seen else { return self.quietly(id, value, at, None) };
        self.spend(seen.len() / 64, at)?;
        let mut own = vec![false; seen.len()];
        let fit = self.quietly(id, value, at, Some(&mut own))?;
        if fit != Fit::No {
            seen.iter_mut().zip(own).for_each(|(seen, own)| *seen |= own);
        }
        Ok(fit)
    }

    /// Checks without reporting: with no violation wanted, checking ends at the first that is found.
    /// Steps are spent as usual.
    pub(super) fn quietly(
        &mut self,
        id: NodeId,
        value: &Value,
        at: &ValuePath<'_>,
        seen: Evaluated<'_>,
    ) -> Fits {
        let wanted = mem::replace(&mut self.wanted, 0);
        let fit = self.schema(id, value, at, seen);
        self.wanted = wanted;
        fit
    }

    /// Says of a value that fits no alternative what the first of them want.
    fn report_alternatives(
        &mut self,
        ids: &[NodeId],
        value: &Value,
        at: &ValuePath<'_>,
    ) -> Result<(), Box<Violation>> {
        /// The alternatives that a message names. Each of them is checked once more for it.
        const SHOWN: usize = 8;
        if self.is_done() {
            return Ok(());
        }
        let (here, mut wants) = (at.to_string(), Vec::new());
        for id in ids.iter().take(SHOWN) {
            let found = mem::take(&mut self.found);
            let wanted = mem::replace(&mut self.wanted, 1);
            let outcome = self.schema(*id, value, at, None);
            let first = mem::replace(&mut self.found, found).pop();
            self.wanted = wanted;
            outcome?;
            let want = first.map(|first| match first.path.strip_prefix(&here) {
                Some(below) if !below.is_empty() => format!("{} at {below}", first.expected),
                _ => first.expected,
            });
            wants.extend(want.filter(|want| !wants.contains(want)));
        }
        self.report(at, || (listed(wants.into_iter(), " or "), shown(value)));
        Ok(())
    }
}
