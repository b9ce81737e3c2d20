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
}

/// A text for a recipe that only calls tools, one after the other. Two recipes have the same one if they make the same
/// calls with the same data flow. `None` for any other recipe, and for one that has a fault.
#[must_use]
pub fn recipe_shape(text: &str, constants: ShapeConstants) -> Option<String> {
    let recipe = reader::read(text, "", &mut Faults::default())?;
    let mut shape = ShapeWriter { text: String::new(), slots: Vec::new(), constants };
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
    constants: ShapeConstants,
}

impl ShapeWriter {
    fn constant(&mut self, value: &Value) {
        match self.constants {
            ShapeConstants::Kept => self.text.push_str(&json_line(value)),
            ShapeConstants::Blank => self.text.push('_'),
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

    fn value(&mut self, value: &ValueTemplate) {
        match value {
            ValueTemplate::Literal(value) => self.constant(value),
            ValueTemplate::Reference(reference) => self.reference(reference),
            ValueTemplate::Text(pieces) => {
                for piece in pieces {
                    match piece {
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
    fn blank_constants_are_alike() {
        let shape =
            |text: &str| recipe_shape(text, ShapeConstants::Blank).expect("it only calls tools");
        assert_eq!(shape(ONE), shape(&ONE.replace("q: 1", "q: 2")));
        assert_ne!(shape(ONE), shape(&ONE.replace("{{x.n}}", "{{b}}")));
    }
}
