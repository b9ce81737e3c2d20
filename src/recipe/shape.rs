//! What a recipe does, whatever its parameters and steps are named.

use serde_json::Value;

use super::faults::Faults;
use super::reader;
use super::steps::{RecipeStep, StepAction};
use super::template::{TextPiece, ValueReference, ValueTemplate};
use crate::contract::{json_line, sort_by};

/// What a shape says of constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeConstants {
    /// Each of them.
    Kept,
    /// That there is one.
    Blank,
    /// Nothing, and nothing of what the caller passes or what else is in a text: only which results go where.
    Flow,
}

/// A text for a recipe that only calls tools, one after the other. Two recipes have the same one if they make the same
/// calls with the same data flow. `None` for any other recipe, and for one that has a fault.
#[must_use]
pub fn recipe_shape(text: &str, constants: ShapeConstants) -> Option<String> {
    let recipe = reader::read(text, "", &mut Faults::default())?;
    let parameters = recipe.parameters.len();
    let mut shape = ShapeWriter { text: String::new(), slots: Vec::new(), parameters, constants };
    for RecipeStep { slot, action, .. } in &recipe.steps {
        let StepAction::Call { tool, with } = action else { return None };
        shape.text.push_str(tool);
        shape.value(with);
        shape.slots.extend(*slot);
        shape.text.push('\n');
    }
    shape.value(&recipe.result);
    Some(shape.text)
}

struct ShapeWriter {
    text: String,
    /// The slots in the order of their first use. It is what names them.
    slots: Vec<usize>,
    /// The slots before this one are what the caller passes.
    parameters: usize,
    constants: ShapeConstants,
}

impl ShapeWriter {
    fn constant(&mut self, value: &Value) {
        match self.constants {
            ShapeConstants::Kept => self.text.push_str(&json_line(value)),
            ShapeConstants::Blank | ShapeConstants::Flow => self.text.push('_'),
        }
    }

    fn reference(&mut self, reference: &ValueReference) {
        let known = self.slots.iter().position(|slot| *slot == reference.slot);
        let number = known.unwrap_or_else(|| {
            self.slots.push(reference.slot);
            self.slots.len() - 1
        });
        self.text.push_str(&format!("<{number}.{}>", reference.path.join(".")));
    }

    /// Whether a value has a part that counts.
    fn counts(&self, value: &ValueTemplate) -> bool {
        let is_result = |reference: &ValueReference| reference.slot >= self.parameters;
        self.constants != ShapeConstants::Flow || match value {
            ValueTemplate::Literal(_) => false,
            ValueTemplate::Reference(reference) => is_result(reference),
            ValueTemplate::Text(pieces) => pieces.iter().any(
                |piece| matches!(piece, TextPiece::Reference(reference) if is_result(reference)),
            ),
            ValueTemplate::List(items) => items.iter().any(|item| self.counts(item)),
            ValueTemplate::Object(members) => members.iter().any(|(_, it)| self.counts(it)),
        }
    }

    fn value(&mut self, value: &ValueTemplate) {
        if !self.counts(value) {
            self.text.push('_');
            return;
        }
        match value {
            ValueTemplate::Literal(value) => self.constant(value),
            ValueTemplate::Reference(reference) => self.reference(reference),
            ValueTemplate::Text(pieces) => {
                for piece in pieces {
                    match piece {
                        TextPiece::Plain(_) if self.constants == ShapeConstants::Flow => {}
                        TextPiece::Reference(reference)
                            if self.constants == ShapeConstants::Flow
                                && reference.slot < self.parameters => {}
                        TextPiece::Plain(text) => self.constant(&Value::from(text.as_str())),
                        TextPiece::Reference(reference) => self.reference(reference),
                    }
                }
            }
            ValueTemplate::List(items) => {
                self.text.push('[');
                items.iter().for_each(|item| self.value(item));
                self.text.push(']');
            }
            ValueTemplate::Object(members) => {
                self.text.push('{');
                // The order of members says nothing.
                let mut members: Vec<_> = members.iter().collect();
                sort_by(&mut members, |(one, _), (other, _)| one.cmp(other));
                for (name, value) in members {
                    if !self.counts(value) {
                        continue;
                    }
                    self.constant_key(name);
                    self.value(value);
                }
                self.text.push('}');
            }
        }
    }

    fn constant_key(&mut self, name: &str) {
        self.text.push_str(&json_line(&Value::from(name)));
        self.text.push(':');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "parameters: {a: {type: string}, b: {type: string}}\nsteps:\n  - {name: x, call: t__t, with: {p: '{{b}}', q: 1}}\n  - {name: y, call: u__u, with: {r: 'is {{x.n}}'}}\nresult: '{{y}}'\n";
    const OTHER: &str = "parameters: {m: {type: string}, k: {type: string}}\nsteps:\n  - {name: i, call: t__t, with: {q: 1, p: '{{m}}'}}\n  - {name: j, call: u__u, with: {r: 'is {{i.n}}'}}\nresult: '{{j}}'\n";

    #[test]
    fn names_and_order_do_not_count() {
        let shape =
            |text: &str| recipe_shape(text, ShapeConstants::Kept).expect("it only calls tools");
        assert_eq!(shape(ONE), shape(OTHER));
        assert_ne!(shape(ONE), shape(&ONE.replace("{{x.n}}", "{{x.o}}")));
        assert_ne!(shape(ONE), shape(&ONE.replace("q: 1", "q: 2")));
        assert!(
            recipe_shape(
                &ONE.replace("call: u__u, with: {r: ", "fill: {r: "),
                ShapeConstants::Kept
            )
            .is_none()
        );
    }

    #[test]
    fn flow_is_what_results_do() {
        let shape =
            |text: &str| recipe_shape(text, ShapeConstants::Flow).expect("it only calls tools");
        for (from, to) in [
            ("q: 1", "q: 2"),
            ("q: 1", "q: '{{a}}'"),
            ("'{{b}}', q: 1", "[1, 2]"),
            ("is {{x.n}}", "{{x.n}} was {{a}}"),
            ("r: 'is {{x.n}}'", "z: 'new', r: 'is {{x.n}}'"),
        ] {
            assert_eq!(shape(ONE), shape(&ONE.replace(from, to)), "{to}");
        }
        for (from, to) in [("{{x.n}}", "{{x.o}}"), ("{{x.n}}", "{{b}}"), ("t__t", "s__s")] {
            assert_ne!(shape(ONE), shape(&ONE.replace(from, to)), "{to}");
        }
    }

    #[test]
    fn blank_constants_are_alike() {
        let shape =
            |text: &str| recipe_shape(text, ShapeConstants::Blank).expect("it only calls tools");
        assert_eq!(shape(ONE), shape(&ONE.replace("q: 1", "q: 2")));
        assert_ne!(shape(ONE), shape(&ONE.replace("{{x.n}}", "{{b}}")));
    }
}
