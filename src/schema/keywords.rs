//! What each keyword of a schema means, and which values it may have.
//!
//! Older drafts are understood where nothing else can be meant: `definitions`, `dependencies`,
//! `items` as a list with `additionalItems`, `$id` as an anchor. A `$ref` never hides the keywords
//! beside it. Booleans for `exclusiveMinimum`, `exclusiveMaximum` and `required`, which drafts 3 and
//! 4 had, are named as unsupported. Keywords that nobody knows are annotations.

use serde_json::{Map, Value};

use super::assertion::{Assertion, Measure, Types};
use super::compiler::{Compiler, PendingSchema};
use super::node::{Applicator, NodeId, SchemaNode};
use super::number::{Decimal, Exact};
use super::value::weight;
use super::{SchemaError, SchemaPolicy, UnsupportedKeyword, bounds};
use crate::contract::sort_by;

type Result<T> = std::result::Result<T, SchemaError>;

/// What `allOf`, `anyOf`, `oneOf` and `prefixItems` have to be (Core, section 10.2.1).
const LIST_OF_SCHEMAS: &str = "a list of at least one schema";
/// What `properties`, `patternProperties`, `$defs` and `dependentSchemas` have to be.
const MAP_OF_SCHEMAS: &str = "an object of schemas";
/// What `required` and the lists of `dependentRequired` have to be.
const NAMES: &str = "a list of strings";
/// What `type` has to be.
const TYPES: &str = "one or more of null, boolean, integer, number, string, array and object";

type NumberLimit = fn(Exact) -> Assertion;
type SizeLimit = fn(Measure, u64) -> Assertion;

/// The limits of numbers.
const NUMBERS: [(&str, NumberLimit); 4] = [
    ("minimum", Assertion::AtLeast),
    ("maximum", Assertion::AtMost),
    ("exclusiveMinimum", Assertion::Over),
    ("exclusiveMaximum", Assertion::Under),
];

/// The limits of sizes.
const SIZES: [(&str, SizeLimit, Measure); 6] = [
    ("minLength", Assertion::AtLeastSize, Measure::Characters),
    ("maxLength", Assertion::AtMostSize, Measure::Characters),
    ("minItems", Assertion::AtLeastSize, Measure::Items),
    ("maxItems", Assertion::AtMostSize, Measure::Items),
    ("minProperties", Assertion::AtLeastSize, Measure::Properties),
    ("maxProperties", Assertion::AtMostSize, Measure::Properties),
];

/// Compiles `document`; the first node is the whole schema.
pub(super) fn compile(
    document: &Value,
    policy: SchemaPolicy,
) -> Result<(Vec<SchemaNode>, Vec<UnsupportedKeyword>)> {
    let mut compiler = Compiler::new(document, policy)?;
    while let Some(pending) = compiler.next()? {
        let id = pending.id;
        let node = node(&mut compiler, pending)?;
        compiler.set(id, node);
    }
    compiler.finish()
}

/// Compiles one subschema; those within it are queued.
fn node<'d>(compiler: &mut Compiler<'d>, place: PendingSchema<'d>) -> Result<SchemaNode> {
    match place.value {
        Value::Object(object) => {
            let node = SchemaNode::default();
            let mut subschema = Subschema { compiler, place, object, node };
            subschema.identify();
            for (keyword, value) in object {
                subschema.keyword(keyword, value)?;
            }
            // These keywords mean something only together with others, whatever their order in the
            // object.
            subschema.properties()?;
            subschema.items()?;
            subschema.contains()?;
            subschema.condition()?;
            Ok(subschema.node)
        }
        Value::Bool(false) => Ok(SchemaNode::never()),
        _ => Ok(SchemaNode::default()),
    }
}

/// An object that is being compiled.
struct Subschema<'c, 'd> {
    compiler: &'c mut Compiler<'d>,
    place: PendingSchema<'d>,
    /// Its keywords.
    object: &'d Map<String, Value>,
    /// What is compiled of it so far.
    node: SchemaNode,
}

impl<'d> Subschema<'_, 'd> {
    /// The names it goes by. An `$id` comes first, for everything else is relative to it.
    fn identify(&mut self) {
        let PendingSchema { id, pointer, resource, .. } = &mut self.place;
        let name = |keyword| self.object.get(keyword).and_then(Value::as_str);
        if let Some(uri) = name("$id").filter(|uri| !uri.starts_with('#')) {
            *resource = self.compiler.resource(uri, pointer);
        }
        let old = name("$id").and_then(|uri| uri.strip_prefix('#'));
        for name in [old, name("$anchor"), name("$dynamicAnchor")].into_iter().flatten() {
            self.compiler.anchor(name, *resource, *id);
        }
    }

    /// A keyword that means something on its own.
    fn keyword(&mut self, keyword: &str, value: &'d Value) -> Result<()> {
        let assertion = match keyword {
            "type" => {
                let types = Assertion::Type(self.types(keyword, value)?);
                // The type is checked first: of a value of a wrong type nothing else is said.
                self.node.assertions.insert(0, types);
                return Ok(());
            }
            "enum" => {
                let expected = "a list of at least one value";
                let allowed = value.as_array().filter(|allowed| !allowed.is_empty());
                // The document is no deeper than that, so there always is a weight.
                let weight = weight(value, bounds::DEPTH).unwrap_or(bounds::STEPS);
                Assertion::Enum(self.some(keyword, allowed, expected)?.clone(), weight)
            }
            "const" => {
                let weight = weight(value, bounds::DEPTH).unwrap_or(bounds::STEPS);
                Assertion::Enum(vec![value.clone()], weight)
            }
            "multipleOf" => {
                let expected = "a number greater than 0";
                let unit = value.as_number().filter(|unit| Exact::of(unit) > Exact::Whole(0));
                let unit = self.some(keyword, unit, expected)?;
                Assertion::MultipleOf(Exact::of(unit), Decimal::of(unit))
            }
            "exclusiveMinimum" | "exclusiveMaximum" | "required" if value.is_boolean() => {
                return self.unsupported(keyword, "as a boolean it belongs to an old draft");
            }
            "pattern" => {
                let pattern = self.some(keyword, value.as_str(), "a string")?;
                match self.compiler.pattern(pattern) {
                    Ok(pattern) => Assertion::Pattern(pattern),
                    Err(reason) => return self.unsupported(keyword, &reason),
                }
            }
            "uniqueItems" => match self.some(keyword, value.as_bool(), "a boolean")? {
                true => Assertion::Unique,
                false => return Ok(()),
            },
            "required" => Assertion::Required(self.names(keyword, value)?),
            _ => match self.limit(keyword, value)? {
                Some(limit) => limit,
                None => return self.applicator(keyword, value),
            },
        };
        self.node.assertions.push(assertion);
        Ok(())
    }

    /// A keyword that limits numbers, or the size of something.
    fn limit(&self, keyword: &str, value: &Value) -> Result<Option<Assertion>> {
        if let Some((_, limit)) = NUMBERS.iter().find(|(name, _)| *name == keyword) {
            let number = self.some(keyword, value.as_number(), "a number")?;
            return Ok(Some(limit(Exact::of(number))));
        }
        let Some((_, limit, measure)) = SIZES.iter().find(|(name, ..)| *name == keyword) else {
            return Ok(None);
        };
        Ok(Some(limit(*measure, self.size(keyword, value)?)))
    }

    /// A keyword that brings other schemas in.
    fn applicator(&mut self, keyword: &str, value: &'d Value) -> Result<()> {
        let applicator = match keyword {
            "$ref" => {
                let text = self.some(keyword, value.as_str(), "a string")?;
                self.compiler.reference(text, self.place.resource, self.place.id);
                return Ok(());
            }
            "$defs" | "definitions" => return self.schemas_by_name(keyword, value).map(drop),
            "allOf" => Applicator::All(self.list(keyword, value)?),
            "anyOf" => Applicator::Any(self.list(keyword, value)?),
            "oneOf" => Applicator::One(self.list(keyword, value)?),
            "not" => Applicator::Not(self.schema(keyword, value)?),
            "propertyNames" => Applicator::Names(self.schema(keyword, value)?),
            "dependentSchemas" | "dependentRequired" | "dependencies" => {
                return self.dependent(keyword, value);
            }
            "unevaluatedProperties" => {
                self.node.unevaluated_properties = Some(self.schema(keyword, value)?);
                return Ok(());
            }
            "unevaluatedItems" => {
                self.node.unevaluated_items = Some(self.schema(keyword, value)?);
                return Ok(());
            }
            "$dynamicRef" | "$recursiveRef" => {
                return self.unsupported(keyword, "only `$ref` is followed");
            }
            "disallow" | "divisibleBy" | "extends" => {
                return self.unsupported(keyword, "it belongs to an old draft");
            }
            _ => return Ok(()),
        };
        self.node.applicators.push(applicator);
        Ok(())
    }

    /// `dependentSchemas`, `dependentRequired`, and `dependencies`, by which older drafts meant either.
    fn dependent(&mut self, keyword: &str, value: &'d Value) -> Result<()> {
        let expected = match keyword {
            "dependentSchemas" => MAP_OF_SCHEMAS,
            "dependentRequired" => "an object of lists of strings",
            _ => "an object of schemas and lists of strings",
        };
        for (name, value) in self.some(keyword, value.as_object(), expected)? {
            if keyword != "dependentSchemas" && (value.is_array() || keyword == "dependentRequired")
            {
                let names = self.names(keyword, value)?;
                self.node.assertions.push(Assertion::DependentRequired(name.clone(), names));
            } else {
                let id = self.schema(&joined(keyword, name), value)?;
                self.node.applicators.push(Applicator::Dependent(name.clone(), id));
            }
        }
        Ok(())
    }

    /// `properties`, `patternProperties` and `additionalProperties`. If one pattern is unsupported,
    /// nobody knows which properties are additional, so `additionalProperties` goes unchecked as well.
    fn properties(&mut self) -> Result<()> {
        let mut named = Vec::new();
        if let Some(value) = self.object.get("properties") {
            named = self.schemas_by_name("properties", value)?;
            sort_by(&mut named, |(one, _), (other, _)| one.cmp(other));
        }
        let mut patterns = Vec::new();
        let mut all_known = true;
        if let Some(value) = self.object.get("patternProperties") {
            for (pattern, id) in self.schemas_by_name("patternProperties", value)? {
                match self.compiler.pattern(&pattern) {
                    Ok(pattern) => patterns.push((pattern, id)),
                    Err(reason) => {
                        all_known = false;
                        self.unsupported(&joined("patternProperties", &pattern), &reason)?;
                    }
                }
            }
        }
        let mut others = None;
        if let Some(value) = self.object.get("additionalProperties") {
            let id = self.schema("additionalProperties", value)?;
            if all_known {
                others = Some(id);
            } else {
                let reason = "which properties are additional depends on an unsupported pattern";
                self.unsupported("additionalProperties", reason)?;
            }
        }
        if !named.is_empty() || !patterns.is_empty() || others.is_some() {
            let applicator = Applicator::Properties { named, patterns, others };
            self.node.applicators.push(applicator);
        }
        Ok(())
    }

    /// `prefixItems` and `items`. `items` as a list is what older drafts called `prefixItems`; only
    /// then does `additionalItems` mean something.
    fn items(&mut self) -> Result<()> {
        let (mut first, mut others) = (Vec::new(), None);
        if let Some(value) = self.object.get("prefixItems") {
            first = self.list("prefixItems", value)?;
        }
        match self.object.get("items") {
            Some(value) if value.is_array() && first.is_empty() => {
                first = self.list("items", value)?;
                if let Some(value) = self.object.get("additionalItems") {
                    others = Some(self.schema("additionalItems", value)?);
                }
            }
            Some(value) => others = Some(self.schema("items", value)?),
            None => {}
        }
        if !first.is_empty() || others.is_some() {
            self.node.applicators.push(Applicator::Items { first, others });
        }
        Ok(())
    }

    /// `contains`, with the limits beside it. Without `minContains` at least one item has to fit
    /// (Validation, section 6.4.5).
    fn contains(&mut self) -> Result<()> {
        let limit = |keyword: &str| {
            self.object.get(keyword).map(|value| self.size(keyword, value)).transpose()
        };
        let (least, most) = (limit("minContains")?.unwrap_or(1), limit("maxContains")?);
        if let Some(value) = self.object.get("contains") {
            let item = self.schema("contains", value)?;
            self.node.applicators.push(Applicator::Contains { item, least, most });
        }
        Ok(())
    }

    /// `if` with `then` and `else`, which mean nothing without it but have to be schemas all the same.
    fn condition(&mut self) -> Result<()> {
        let mut branch = |keyword: &str| {
            self.object.get(keyword).map(|value| self.schema(keyword, value)).transpose()
        };
        let (condition, then, otherwise) = (branch("if")?, branch("then")?, branch("else")?);
        if let Some(condition) = condition {
            self.node.applicators.push(Applicator::If { condition, then, otherwise });
        }
        Ok(())
    }

    /// Reserves a node for the schema at `path`, which is relative to this one.
    fn schema(&mut self, path: &str, value: &'d Value) -> Result<NodeId> {
        let pointer = format!("{}/{path}", self.place.pointer);
        self.compiler.place(pointer, value, self.place.resource)
    }

    /// The schemas of a list, in its order.
    fn list(&mut self, keyword: &str, value: &'d Value) -> Result<Vec<NodeId>> {
        let list = value.as_array().filter(|list| !list.is_empty());
        let list = self.some(keyword, list, LIST_OF_SCHEMAS)?;
        let items = list.iter().enumerate();
        items.map(|(index, value)| self.schema(&format!("{keyword}/{index}"), value)).collect()
    }

    /// The schemas of an object, by their names in it.
    fn schemas_by_name(
        &mut self,
        keyword: &str,
        value: &'d Value,
    ) -> Result<Vec<(String, NodeId)>> {
        let entries = self.some(keyword, value.as_object(), MAP_OF_SCHEMAS)?.iter();
        entries
            .map(|(name, value)| Ok((name.clone(), self.schema(&joined(keyword, name), value)?)))
            .collect()
    }

    /// The types of `type`, which is one name or a list of them.
    fn types(&self, keyword: &str, value: &Value) -> Result<Types> {
        let names = match value {
            Value::Array(names) if !names.is_empty() => names.as_slice(),
            name => std::slice::from_ref(name),
        };
        let mut names = names.iter().map(Value::as_str);
        let types = names.try_fold(Types::default(), |types, name| types.with(name?));
        self.some(keyword, types, TYPES)
    }

    /// A list of properties' names.
    fn names(&self, keyword: &str, value: &Value) -> Result<Vec<String>> {
        let names = self.some(keyword, value.as_array(), NAMES)?.iter();
        let names = names.map(|name| name.as_str().map(str::to_owned)).collect();
        self.some(keyword, names, NAMES)
    }

    /// A number of things; 2.0 is one too.
    fn size(&self, keyword: &str, value: &Value) -> Result<u64> {
        let size = value.as_number().and_then(|number| match Exact::of(number) {
            Exact::Whole(whole) => u64::try_from(whole).ok(),
            Exact::Real(_) => None,
        });
        self.some(keyword, size, "a whole number of at least 0")
    }

    /// A keyword's value, if it is one that it may have.
    fn some<T>(&self, keyword: &str, value: Option<T>, expected: &'static str) -> Result<T> {
        value.ok_or_else(|| self.wrong(keyword, expected))
    }

    /// The error for a keyword whose value can't be.
    fn wrong(&self, keyword: &str, expected: &'static str) -> SchemaError {
        let (pointer, keyword) = (self.place.pointer.clone(), keyword.to_owned());
        SchemaError::Keyword { pointer, keyword, expected }
    }

    /// Leaves a keyword unchecked: from now on a value that fits this schema only may fit it.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Unsupported`] where the policy is strict.
    fn unsupported(&mut self, keyword: &str, reason: &str) -> Result<()> {
        self.node.unchecked = true;
        self.compiler.unsupported(UnsupportedKeyword {
            pointer: self.place.pointer.clone(),
            keyword: keyword.to_owned(),
            reason: reason.to_owned(),
        })
    }
}

/// The pointer from a schema to the one under a name of one of its keywords.
fn joined(keyword: &str, name: &str) -> String {
    format!("{keyword}/{}", name.replace('~', "~0").replace('/', "~1"))
}
