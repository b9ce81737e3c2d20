//! From a JSON document to a list of subschemas, with every `$ref` resolved within the document.
//!
//! Subschemas wait in a queue and not on the stack, so neither a deep document nor a long chain of
//! references can overflow it.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::node::{Applicator, NodeId, SchemaNode, find_loop};
use super::pattern::Pattern;
use super::value::weight;
use super::{SchemaError, SchemaPolicy, UnsupportedKeyword, bounds};
use crate::contract::{SortedMap, percent_decoded};

/// A document that is being compiled.
pub(super) struct Compiler<'d> {
    document: &'d Value,
    /// What becomes of a keyword that can't be checked.
    policy: SchemaPolicy,
    /// A node for each place; an empty one until its subschema is compiled.
    nodes: Vec<SchemaNode>,
    /// The place of each subschema in the document, by its pointer and the other way round.
    ids: HashMap<String, NodeId>,
    /// The pointers by node, for the places that errors name.
    pointers: Vec<String>,
    /// The subschemas whose node is still empty.
    queue: VecDeque<PendingSchema<'d>>,
    /// The `$ref`s whose target is still unknown.
    references: Vec<Reference>,
    /// Parts of the document with an `$id`; the first is the document, with or without one.
    resources: Vec<SchemaResource>,
    /// The schema of each `$anchor` within its resource; of two with one name the first counts.
    anchors: SortedMap<(usize, String), NodeId>,
    /// What [`Schema::unchecked`](super::Schema::unchecked) shows.
    unchecked: Vec<UnsupportedKeyword>,
    /// What is left of [`bounds::POINTERS_BYTES`]. Nested keywords make each pointer longer than the
    /// one before, so the pointers could be much larger than the document.
    pointer_bytes_left: usize,
    /// What is left of [`bounds::PATTERNS_BYTES`].
    pattern_bytes_left: usize,
}

/// A subschema that waits to be compiled.
pub(super) struct PendingSchema<'d> {
    /// The node that is reserved for it.
    pub(super) id: NodeId,
    /// Where it is in the document, as a JSON pointer (RFC 6901).
    pub(super) pointer: String,
    pub(super) value: &'d Value,
    /// Which part of the document its references are relative to.
    pub(super) resource: usize,
}

/// A `$ref` that waits until every anchor is known.
struct Reference {
    /// The schema that the `$ref` is in.
    from: NodeId,
    resource: usize,
    /// The value of the `$ref`, undecoded.
    text: String,
}

/// A part of the document that references name by its `$id` (Core, section 8.2.1).
struct SchemaResource {
    /// The `$id` without an empty fragment; empty for a document that has none.
    id: String,
    /// Where the part begins.
    pointer: String,
}

impl<'d> Compiler<'d> {
    /// A compiler with the whole document in its queue.
    ///
    /// # Errors
    ///
    /// [`SchemaError::TooDeep`], and [`SchemaError::NotASchema`] where the document is neither an
    /// object nor a boolean.
    pub(super) fn new(document: &'d Value, policy: SchemaPolicy) -> Result<Self, SchemaError> {
        weight(document, bounds::DEPTH).ok_or(SchemaError::TooDeep)?;
        let mut compiler = Self {
            document,
            policy,
            nodes: Vec::new(),
            ids: HashMap::new(),
            pointers: Vec::new(),
            queue: VecDeque::new(),
            references: Vec::new(),
            resources: vec![SchemaResource { id: String::new(), pointer: String::new() }],
            anchors: SortedMap::new(),
            unchecked: Vec::new(),
            pointer_bytes_left: bounds::POINTERS_BYTES,
            pattern_bytes_left: bounds::PATTERNS_BYTES,
        };
        compiler.place(String::new(), document, 0)?;
        Ok(compiler)
    }

    /// The next subschema of the queue. Where it is empty, a reference is resolved, which may queue another.
    ///
    /// References come last because an anchor counts wherever it is in the document.
    ///
    /// # Errors
    ///
    /// A reference out of the document or to nothing, and what [`place`](Self::place) refuses.
    pub(super) fn next(&mut self) -> Result<Option<PendingSchema<'d>>, SchemaError> {
        loop {
            if let Some(pending) = self.queue.pop_front() {
                return Ok(Some(pending));
            }
            let Some(reference) = self.references.pop() else { return Ok(None) };
            let target = self.resolve(&reference)?;
            // The keywords beside a `$ref` count too, since draft 2019-09, so it is one applicator
            // among others.
            self.nodes[reference.from].applicators.push(Applicator::All(vec![target]));
        }
    }

    /// Puts the node of a compiled subschema in its place.
    pub(super) fn set(&mut self, id: NodeId, node: SchemaNode) {
        self.nodes[id] = node;
    }

    /// The nodes, of which the first is the whole schema, and the keywords that are not checked.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Loop`] for references that lead back to themselves.
    pub(super) fn finish(
        mut self,
    ) -> Result<(Vec<SchemaNode>, Vec<UnsupportedKeyword>), SchemaError> {
        match find_loop(&self.nodes) {
            Some(id) => Err(SchemaError::Loop { pointer: self.pointers.swap_remove(id) }),
            None => Ok((self.nodes, self.unchecked)),
        }
    }

    /// The node for the schema at `pointer`, which is compiled once however often it is used.
    ///
    /// # Errors
    ///
    /// [`SchemaError::NotASchema`], and [`SchemaError::TooLarge`] once the schemas or their pointers
    /// exceed the bounds.
    pub(super) fn place(
        &mut self,
        pointer: String,
        value: &'d Value,
        resource: usize,
    ) -> Result<NodeId, SchemaError> {
        if let Some(id) = self.ids.get(&pointer) {
            return Ok(*id);
        }
        if !value.is_object() && !value.is_boolean() {
            return Err(SchemaError::NotASchema { pointer });
        }
        let id = self.nodes.len();
        let left = self.pointer_bytes_left.checked_sub(pointer.len());
        self.pointer_bytes_left =
            left.filter(|_| id < bounds::SUBSCHEMAS).ok_or(SchemaError::TooLarge)?;
        self.nodes.push(SchemaNode::default());
        self.ids.insert(pointer.clone(), id);
        self.pointers.push(pointer.clone());
        self.queue.push_back(PendingSchema { id, pointer, value, resource });
        Ok(id)
    }

    /// Takes note of an `$id`, and returns the part of the document that it begins.
    pub(super) fn resource(&mut self, id: &str, pointer: &str) -> usize {
        let id = id.strip_suffix('#').unwrap_or(id).to_owned();
        if pointer.is_empty() {
            self.resources[0].id = id;
            return 0;
        }
        self.resources.push(SchemaResource { id, pointer: pointer.to_owned() });
        self.resources.len() - 1
    }

    /// Takes note of an `$anchor` of the schema `id`.
    pub(super) fn anchor(&mut self, name: &str, resource: usize, id: NodeId) {
        self.anchors.entry((resource, name.to_owned())).or_insert(id);
    }

    /// Takes note of a `$ref`, which [`next`](Self::next) resolves when the queue is empty.
    pub(super) fn reference(&mut self, text: &str, resource: usize, from: NodeId) {
        self.references.push(Reference { from, resource, text: text.to_owned() });
    }

    /// Compiles a pattern, within what the patterns before it have left.
    ///
    /// # Errors
    ///
    /// Why it can't be used.
    pub(super) fn pattern(&mut self, pattern: &str) -> Result<Pattern, String> {
        let most = self.pattern_bytes_left.min(bounds::PATTERN_BYTES);
        let compiled = Pattern::new(pattern, most);
        // Failing has cost time too.
        let cost = compiled.as_ref().map_or(most / 16, Pattern::bytes);
        self.pattern_bytes_left = self.pattern_bytes_left.saturating_sub(cost);
        compiled
    }

    /// Takes note of a keyword that can't be checked.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Unsupported`] where the policy is strict.
    pub(super) fn unsupported(&mut self, keyword: UnsupportedKeyword) -> Result<(), SchemaError> {
        if self.policy == SchemaPolicy::Strict {
            return Err(SchemaError::Unsupported(keyword));
        }
        self.unchecked.push(keyword);
        Ok(())
    }

    /// The schema that a reference means: a JSON pointer or an anchor, in this resource or in the one
    /// that the URI names. Only an `$id` that is written exactly so is found, and nothing is ever
    /// fetched: a schema comes from a guest, who must not make the host connect anywhere.
    ///
    /// # Errors
    ///
    /// [`SchemaError::ExternalReference`] for a URI that no `$id` of the document has, and
    /// [`SchemaError::UnknownReference`] for a pointer or an anchor that leads nowhere.
    fn resolve(&mut self, reference: &Reference) -> Result<NodeId, SchemaError> {
        let text = &reference.text;
        let (uri, fragment) = text.split_once('#').unwrap_or((text, ""));
        let pointer = || self.pointers[reference.from].clone();
        let resource = if uri.is_empty() {
            reference.resource
        } else {
            let known = self.resources.iter().position(|resource| resource.id == uri);
            known.ok_or_else(|| SchemaError::ExternalReference {
                pointer: pointer(),
                reference: text.clone(),
            })?
        };
        let unknown =
            || SchemaError::UnknownReference { pointer: pointer(), reference: text.clone() };
        let fragment = percent_decoded(fragment).ok_or_else(unknown)?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.anchors.get(&(resource, fragment)).copied().ok_or_else(unknown);
        }
        let target = format!("{}{fragment}", self.resources[resource].pointer);
        let value = self.document.pointer(&target).ok_or_else(unknown)?;
        self.place(target, value, resource)
    }
}
