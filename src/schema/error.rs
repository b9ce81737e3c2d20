//! Why a document is not a schema that can be used, and which of its keywords go unchecked.

use std::fmt;

use super::bounds;
use crate::contract::ActionableError;

/// What to do with a keyword that asserts something, and that this validator can't check.
///
/// The server offers a tool under the lenient policy with a warning in the log for each such keyword,
/// and leaves it out under the strict one (`mcp.strict_schemas`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SchemaPolicy {
    /// Leave that part unchecked, and name it in [`Schema::unchecked`](super::Schema::unchecked).
    #[default]
    Lenient,
    /// Refuse the schema with [`SchemaError::Unsupported`].
    Strict,
}

/// A keyword that asserts something, and that this validator can't check.
///
/// Its [`Display`](fmt::Display) is a sentence for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnsupportedKeyword {
    /// The JSON pointer of the subschema it is in; empty for the whole schema.
    pub pointer: String,
    /// The keyword; for a key of `patternProperties` also that.
    pub keyword: String,
    /// Why it can't be checked.
    pub reason: String,
}

impl fmt::Display for UnsupportedKeyword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` {} can't be checked: {}",
            self.keyword,
            place(&self.pointer),
            self.reason
        )
    }
}

/// Why a document is not a schema that can be used.
///
/// Compiling ends at the first fault. Every error has a [next
/// step](crate::errors::ActionableError::next_step) for the author of the schema.
///
/// ```
/// use serde_json::json;
/// use weft_lite::errors::ActionableError;
/// use weft_lite::mcp::{Schema, SchemaPolicy};
///
/// let document = json!({ "properties": { "a": { "$ref": "https://example.com/a" } } });
/// let error = Schema::compile(&document, SchemaPolicy::Lenient).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`$ref` at `/properties/a` leads out of the schema, to `https://example.com/a`"
/// );
/// assert!(error.next_step().contains("$defs"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaError {
    /// A place where a schema belongs has neither an object nor a boolean.
    NotASchema {
        /// The JSON pointer of the place; empty for the whole document.
        pointer: String,
    },
    /// A keyword has a value that it can't have.
    Keyword {
        /// The JSON pointer of the subschema it is in; empty for the whole schema.
        pointer: String,
        /// The keyword.
        keyword: String,
        /// What its value has to be.
        expected: &'static str,
    },
    /// A `$ref` leads out of the document. Nothing is ever fetched.
    ExternalReference {
        /// The JSON pointer of the subschema it is in; empty for the whole schema.
        pointer: String,
        /// Where it leads.
        reference: String,
    },
    /// A `$ref` leads nowhere.
    UnknownReference {
        /// The JSON pointer of the subschema it is in; empty for the whole schema.
        pointer: String,
        /// Where it leads.
        reference: String,
    },
    /// A schema applies itself to the same value again, and would never end.
    Loop {
        /// The JSON pointer of a subschema in the loop; empty for the whole schema.
        pointer: String,
    },
    /// A keyword can't be checked, and the policy is [`SchemaPolicy::Strict`].
    Unsupported(UnsupportedKeyword),
    /// The document has more than [`bounds::DEPTH`] levels.
    TooDeep,
    /// The document has more than [`bounds::SUBSCHEMAS`] schemas, or their pointers more than
    /// [`bounds::POINTERS_BYTES`].
    TooLarge,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASchema { pointer } => {
                write!(
                    formatter,
                    "there is no schema {}, but another kind of value",
                    place(pointer)
                )
            }
            Self::Keyword { pointer, keyword, expected } => {
                write!(formatter, "`{keyword}` {} is not {expected}", place(pointer))
            }
            Self::ExternalReference { pointer, reference } => {
                write!(
                    formatter,
                    "`$ref` {} leads out of the schema, to `{reference}`",
                    place(pointer)
                )
            }
            Self::UnknownReference { pointer, reference } => {
                write!(formatter, "`$ref` {} leads nowhere: `{reference}`", place(pointer))
            }
            Self::Loop { pointer } => {
                write!(formatter, "the schema {} applies itself without end", place(pointer))
            }
            Self::Unsupported(keyword) => keyword.fmt(formatter),
            Self::TooDeep => write!(formatter, "the schema has over {} levels", bounds::DEPTH),
            Self::TooLarge => write!(
                formatter,
                "the schema has over {} subschemas, or their pointers over {} bytes",
                bounds::SUBSCHEMAS,
                bounds::POINTERS_BYTES
            ),
        }
    }
}

impl ActionableError for SchemaError {
    fn next_step(&self) -> String {
        match self {
            Self::NotASchema { .. } => {
                "write a schema there, for instance `{}` for any value".into()
            }
            Self::Keyword { keyword, expected, .. } => format!("make `{keyword}` {expected}"),
            Self::ExternalReference { .. } => {
                "copy that schema under `$defs` and refer to it as `#/$defs/<name>`".into()
            }
            Self::UnknownReference { .. } => {
                "refer to a place in this schema, for instance `#/$defs/<name>`, or an `$anchor`"
                    .into()
            }
            Self::Loop { .. } => {
                "let the schema refer to itself only within `properties`, `items` or the like"
                    .into()
            }
            Self::Unsupported(keyword) => {
                format!("remove `{}`, or load without `strict_schemas`", keyword.keyword)
            }
            Self::TooDeep | Self::TooLarge => "describe the arguments with a smaller schema".into(),
        }
    }
}

impl std::error::Error for SchemaError {}

/// A JSON pointer in a sentence.
fn place(pointer: &str) -> String {
    if pointer.is_empty() { "at the top".into() } else { format!("at `{pointer}`") }
}
