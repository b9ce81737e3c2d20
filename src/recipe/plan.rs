//! Writes the plan that the guest reads (`skills/recipe/src/plan.rs`): numbers in LEB128, texts and parts with their
//! length before them.

use super::reader::CheckedRecipe;
use super::steps::{RecipeStep, StepAction};
use super::template::{TextPiece, ValueReference, ValueTemplate};
use crate::contract::json_line;
use crate::package::push_leb128;

/// The form of plans.
const VERSION: u8 = 2;

/// The plan of a recipe, with its length before it.
pub(super) fn plan(
    recipe: &CheckedRecipe,
    tools: &[String],
    tool: &str,
    description: &str,
) -> Vec<u8> {
    let mut plan = PlanWriter { bytes: vec![VERSION], names: recipe.names.len(), tools };
    plan.number(recipe.names.len());
    plan.text(tool);
    plan.text(description);
    plan.part(|list| recipe.names.iter().for_each(|name| list.text(name)));
    plan.part(|list| tools.iter().for_each(|name| list.text(name)));
    plan.part(|list| list.bytes.extend(recipe.parameters.iter().map(|it| it.kind)));
    plan.part(|part| part.steps(&recipe.steps));
    plan.part(|part| part.value(&recipe.result));
    let mut whole = Vec::new();
    push_leb128(plan.bytes.len(), &mut whole);
    whole.extend(plan.bytes);
    whole
}

struct PlanWriter<'p> {
    bytes: Vec<u8>,
    /// The number of names, which stands for none.
    names: usize,
    /// The tools that are called; a call has the number of one.
    tools: &'p [String],
}

impl PlanWriter<'_> {
    fn number(&mut self, number: usize) {
        push_leb128(number, &mut self.bytes);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn part(&mut self, write: impl FnOnce(&mut Self)) {
        let mut part = Self { bytes: Vec::new(), ..*self };
        write(&mut part);
        self.number(part.bytes.len());
        self.bytes.extend(part.bytes);
    }

    fn optional(&mut self, value: Option<&ValueTemplate>) {
        self.part(|part| value.into_iter().for_each(|value| part.value(value)));
    }

    fn steps(&mut self, steps: &[RecipeStep]) {
        for step in steps {
            let kind = match &step.action {
                StepAction::Call { .. } => 1,
                StepAction::Pick { .. } => 2,
                StepAction::Fill(_) => 3,
                StepAction::Compare { .. } => 4,
                StepAction::Stop { .. } => 5,
                StepAction::Each { .. } => 6,
            };
            self.bytes.push(kind);
            self.number(step.slot.unwrap_or(self.names));
            if step.slot.is_none() {
                self.text(&step.place);
            }
            self.action(&step.action);
        }
    }

    fn action(&mut self, action: &StepAction) {
        match action {
            StepAction::Call { tool, with } => {
                // All of them are in the list.
                let number = self.tools.iter().position(|it| it == tool);
                self.number(number.unwrap_or(self.tools.len()));
                self.part(|part| part.value(with));
            }
            StepAction::Pick { from, path, default } => {
                self.part(|part| part.value(from));
                self.path(path);
                self.optional(default.as_ref());
            }
            StepAction::Fill(value) => self.part(|part| part.value(value)),
            StepAction::Compare { left, operator, right, otherwise } => {
                self.part(|part| part.value(left));
                self.bytes.push(*operator);
                self.part(|part| part.value(right));
                self.optional(otherwise.as_ref());
            }
            StepAction::Stop { condition, message } => {
                self.optional(condition.as_ref());
                self.part(|part| part.value(message));
            }
            StepAction::Each { list, item, most, steps, result } => {
                self.part(|part| part.value(list));
                self.number(*item);
                // At most 100.
                self.number(*most as usize);
                self.text(&most.to_string());
                self.part(|part| part.steps(steps));
                self.part(|part| part.value(result));
            }
        }
    }

    /// Writes a value as its pieces: JSON text as it stands, and references.
    fn value(&mut self, value: &ValueTemplate) {
        let mut pieces = PieceWriter { plan: self, literal: String::new() };
        pieces.value(value);
        pieces.end_literal();
    }

    fn path(&mut self, path: &[String]) {
        self.part(|part| path.iter().for_each(|key| part.text(key)));
    }
}

/// The kinds of pieces. A piece begins with a number, whose two lowest bits are its kind.
const LITERAL: usize = 0;
/// The JSON text of a value.
const VALUE: usize = 1;
/// What a value adds to a text around it.
const TEXT: usize = 2;

/// Writes the pieces of one value, with as few literal ones as there can be.
struct PieceWriter<'w, 'p> {
    plan: &'w mut PlanWriter<'p>,
    /// The JSON text since the last reference.
    literal: String,
}

impl PieceWriter<'_, '_> {
    fn value(&mut self, value: &ValueTemplate) {
        match value {
            ValueTemplate::Literal(value) => self.literal.push_str(&json_line(value)),
            ValueTemplate::Reference(reference) => self.reference(VALUE, reference),
            ValueTemplate::Text(pieces) => {
                self.literal.push('"');
                for piece in pieces {
                    match piece {
                        TextPiece::Plain(text) => {
                            let quoted = json_line(&text.as_str().into());
                            self.literal.push_str(&quoted[1..quoted.len() - 1]);
                        }
                        TextPiece::Reference(reference) => self.reference(TEXT, reference),
                    }
                }
                self.literal.push('"');
            }
            ValueTemplate::List(items) => {
                self.literal.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.literal.push_str(if at > 0 { "," } else { "" });
                    self.value(item);
                }
                self.literal.push(']');
            }
            ValueTemplate::Object(entries) => {
                self.literal.push('{');
                for (at, (name, value)) in entries.iter().enumerate() {
                    self.literal.push_str(if at > 0 { "," } else { "" });
                    self.literal.push_str(&json_line(&name.as_str().into()));
                    self.literal.push(':');
                    self.value(value);
                }
                self.literal.push('}');
            }
        }
    }

    fn reference(&mut self, kind: usize, ValueReference { slot, path }: &ValueReference) {
        self.end_literal();
        self.plan.number(slot << 2 | kind);
        self.plan.path(path);
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.plan.number(self.literal.len() << 2 | LITERAL);
            self.plan.bytes.extend_from_slice(self.literal.as_bytes());
            self.literal.clear();
        }
    }
}
