//! A compiled schema: what one subschema asserts, and which others it applies where.
//!
//! Nodes refer to each other by index, not by pointer: a schema may contain itself, and neither
//! dropping nor compiling it recurses.

use serde_json::Value;

use super::assertion::Assertion;
use super::pattern::Pattern;

/// The place of a subschema in the list of them. The whole schema is the first.
pub(super) type NodeId = usize;

/// One subschema.
#[derive(Debug, Default)]
pub(super) struct SchemaNode {
    /// The type first, so that a wrong type hides the rest.
    pub(super) assertions: Vec<Assertion>,
    /// Keywords that stand alone in the order of the document, then groups of keywords, then references.
    pub(super) applicators: Vec<Applicator>,
    /// `unevaluatedProperties`, for those that nothing else in this schema evaluates.
    pub(super) unevaluated_properties: Option<NodeId>,
    /// `unevaluatedItems`, in the same way.
    pub(super) unevaluated_items: Option<NodeId>,
    /// A keyword is unsupported, so whether a value fits is unknown.
    pub(super) unchecked: bool,
}

impl SchemaNode {
    /// The schema `false`.
    pub(super) fn never() -> Self {
        Self { assertions: vec![Assertion::Never], ..Self::default() }
    }

    /// Whether it is the schema `false`, so that a message can say that nothing is allowed there.
    pub(super) fn is_never(&self) -> bool {
        matches!(self.assertions.first(), Some(Assertion::Never))
    }

    /// Whether the schema allows the type of `value`, or names no type.
    pub(super) fn takes_type_of(&self, value: &Value) -> bool {
        let first = self.assertions.first();
        first.is_none_or(|first| !matches!(first, Assertion::Type(_)) || first.holds(value))
    }

    /// What it asserts, for a sentence about it.
    pub(super) fn words(&self) -> String {
        let expected: Vec<_> = self.assertions.iter().map(Assertion::expected).collect();
        if expected.is_empty() || !self.applicators.is_empty() {
            return "what the schema describes".into();
        }
        expected.join(" and ")
    }
}

/// How other subschemas are applied.
#[derive(Debug)]
pub(super) enum Applicator {
    /// `properties`, sorted by name, `patternProperties` and `additionalProperties`.
    Properties {
        named: Vec<(String, NodeId)>,
        patterns: Vec<(Pattern, NodeId)>,
        others: Option<NodeId>,
    },
    /// `propertyNames`.
    Names(NodeId),
    /// `prefixItems` and `items`.
    Items { first: Vec<NodeId>, others: Option<NodeId> },
    /// `contains`, `minContains` and `maxContains`.
    Contains { item: NodeId, least: u64, most: Option<u64> },
    /// `allOf`, and `$ref` as an `allOf` of one.
    All(Vec<NodeId>),
    /// `anyOf`.
    Any(Vec<NodeId>),
    /// `oneOf`.
    One(Vec<NodeId>),
    /// `not`.
    Not(NodeId),
    /// `if`, `then` and `else`.
    If { condition: NodeId, then: Option<NodeId>, otherwise: Option<NodeId> },
    /// One entry of `dependentSchemas`: the schema for objects with this property.
    Dependent(String, NodeId),
}

impl Applicator {
    /// The subschemas that are applied to the same value, and not to a part of it.
    fn in_place(&self) -> Vec<NodeId> {
        match self {
            Self::All(ids) | Self::Any(ids) | Self::One(ids) => ids.clone(),
            Self::Not(id) | Self::Dependent(_, id) => vec![*id],
            Self::If { condition, then, otherwise } => {
                [Some(*condition), *then, *otherwise].into_iter().flatten().collect()
            }
            Self::Properties { .. }
            | Self::Names(_)
            | Self::Items { .. }
            | Self::Contains { .. } => Vec::new(),
        }
    }
}

/// A subschema that leads back to itself without going into the value, if there is one.
///
/// Such a schema would apply itself for ever. One that goes into the value ends with it.
pub(super) fn find_loop(nodes: &[SchemaNode]) -> Option<NodeId> {
    /// How far the depth-first search has come with a node; `Open` nodes are on the path to the current
    /// one.
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        Ahead,
        Open,
        Done,
    }
    let mut visits = vec![Visit::Ahead; nodes.len()];
    for start in 0..nodes.len() {
        let mut stack = vec![start];
        while let Some(&id) = stack.last() {
            if visits[id] != Visit::Ahead {
                visits[id] = Visit::Done;
                stack.pop();
                continue;
            }
            visits[id] = Visit::Open;
            for next in nodes[id].applicators.iter().flat_map(Applicator::in_place) {
                match visits[next] {
                    Visit::Open => return Some(next),
                    Visit::Ahead => stack.push(next),
                    Visit::Done => {}
                }
            }
        }
    }
    None
}
