//! [`Schema`]: a compiled JSON Schema and its checks.

use serde_json::Value;

use super::error::{SchemaError, SchemaPolicy, UnsupportedKeyword};
use super::violation::{Violation, ViolationKind};
use super::{bounds, check, keywords, node};

/// A compiled JSON Schema.
///
/// ```
/// use serde_json::json;
/// use weft_lite::mcp::{Schema, SchemaPolicy};
///
/// let schema = json!({
///     "type": "object",
///     "properties": { "count": { "type": "integer", "minimum": 1 } },
///     "required": ["count"],
/// });
/// let schema = Schema::compile(&schema, SchemaPolicy::Lenient)?;
/// assert!(schema.validate(&json!({ "count": 3 })).is_ok());
/// let violations = schema.validate(&json!({ "count": "three" })).unwrap_err();
/// assert_eq!(violations[0].to_string(), r#"/count: expected an integer, got "three""#);
/// # Ok::<(), weft_lite::mcp::SchemaError>(())
/// ```
#[derive(Debug)]
pub struct Schema {
    /// The first is the whole schema.
    ///
    /// They refer to each other by their index, so a schema may apply itself.
    nodes: Vec<node::SchemaNode>,
    /// Empty with [`SchemaPolicy::Strict`].
    unchecked: Vec<UnsupportedKeyword>,
}

impl Schema {
    /// Compiles a schema document. Its `$schema` is not read: older drafts are understood where
    /// they are unambiguous (`definitions`, `dependencies`, `items` as a list).
    ///
    /// # Errors
    ///
    /// A [`SchemaError`] for the first keyword whose value isn't what the keyword wants, for a `$ref`
    /// that leads out of the document or nowhere, for a schema that applies itself without end, for a
    /// document over the [`bounds`], and with [`SchemaPolicy::Strict`] for what can't be checked.
    pub fn compile(document: &Value, policy: SchemaPolicy) -> Result<Self, SchemaError> {
        let (nodes, unchecked) = keywords::compile(document, policy)?;
        Ok(Self { nodes, unchecked })
    }

    /// The keywords that assert something and go unchecked, in the order they were met. A value that
    /// violates only these is accepted.
    ///
    /// ```
    /// use serde_json::json;
    /// use weft_lite::mcp::{Schema, SchemaPolicy};
    ///
    /// // Look-ahead takes a backtracking engine, whose time has no bound.
    /// let schema = Schema::compile(&json!({ "pattern": "a(?=b)" }), SchemaPolicy::Lenient)?;
    /// assert_eq!(schema.unchecked()[0].keyword, "pattern");
    /// assert!(schema.validate(&json!("c")).is_ok());
    /// # Ok::<(), weft_lite::mcp::SchemaError>(())
    /// ```
    #[must_use]
    pub fn unchecked(&self) -> &[UnsupportedKeyword] {
        &self.unchecked
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in the order of the value, at most [`bounds::VIOLATIONS`]. Where
    /// checking was given up, the last one has that as its [`Violation::kind`].
    ///
    /// Steps and levels are bounded whatever the value, so it may come from a stranger. It can take
    /// [`bounds::STEPS`]; asynchronous code calls this on a thread that may block.
    pub fn validate(&self, value: &Value) -> Result<(), Vec<Violation>> {
        self.validate_integers(value).map(|_| ())
    }

    /// The same, with the addresses of numbers that count as integers although they are written
    /// with a fraction or an exponent.
    pub(crate) fn validate_integers(&self, value: &Value) -> Result<Vec<usize>, Vec<Violation>> {
        check::validate(&self.nodes, value, bounds::STEPS)
    }

    /// The same within a few steps, or `None` where that is not enough: for a thread that others wait
    /// for.
    pub(crate) fn validate_shortly(
        &self,
        value: &Value,
    ) -> Option<Result<Vec<usize>, Vec<Violation>>> {
        let checked = check::validate(&self.nodes, value, bounds::SHORT_STEPS);
        let is_given_up = |violations: &Vec<Violation>| {
            violations.last().is_some_and(|last| last.kind == ViolationKind::TooMuchWork)
        };
        if checked.as_ref().is_err_and(is_given_up) { None } else { Some(checked) }
    }
}
