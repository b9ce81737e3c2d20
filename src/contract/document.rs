//! Reads JSON or YAML text as one plain value within bounds: manifests, `config.yaml`, the files of
//! `$WEFT_HOME`, signatures and the index of a registry.
//!
//! A key that is given twice in one mapping is an error everywhere: two readers of such a file could see
//! two different contents.

use std::fmt;

use serde_json::Value;
use serde_json::error::Category;

use super::document_reader::{DocumentReader, YAML_BRACKETS, has_too_many_brackets};
use super::yaml_words::yaml_problem;

/// Lists and mappings inside each other.
const DEPTH: usize = 32;
/// Values of any kind, the keys of mappings included.
const VALUES: usize = 10_000;

/// Why a text can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DocumentError {
    /// The text is over the limit.
    TooLarge { bytes: usize, limit: usize },
    /// Too many `[` and `{` in a YAML text.
    TooManyBrackets,
    /// The syntax is wrong, or a bound was reached; the parser's message has line and column.
    Syntax { format: &'static str, message: String },
}

impl DocumentError {
    /// What would be right, in a few words.
    pub(crate) fn next_step(&self) -> String {
        match self {
            Self::TooLarge { limit, .. } => format!("expected at most {limit} bytes"),
            Self::TooManyBrackets => {
                format!("expected at most {YAML_BRACKETS} of `[` and `{{`; write lists with `-`")
            }
            Self::Syntax { format, .. } => format!("expected one mapping in plain {format}"),
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes, .. } => write!(formatter, "{bytes} bytes are too large"),
            Self::TooManyBrackets => formatter.write_str("too many brackets"),
            Self::Syntax { format, message } => write!(formatter, "not valid {format}: {message}"),
        }
    }
}

/// Reads one JSON value from `text`, of at most `limit` bytes.
pub(crate) fn from_json(text: &str, limit: usize) -> Result<Value, DocumentError> {
    let text = within(text, limit)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    DocumentReader::strict(VALUES, limit, DEPTH)
        .read(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| DocumentError::Syntax { format: "JSON", message: error.to_string() })
}

/// Reads one YAML document from `text`, of at most `limit` bytes.
pub(crate) fn from_yaml(text: &str, limit: usize) -> Result<Value, DocumentError> {
    let text = within(text, limit)?;
    if has_too_many_brackets(text) {
        return Err(DocumentError::TooManyBrackets);
    }
    DocumentReader::strict(VALUES, limit, DEPTH)
        .read(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| {
            let place = error.location().map(|it| (it.line(), it.column()));
            let place = place.map(|(line, column)| format!(" at line {line} column {column}"));
            let message = yaml_problem(&error) + &place.unwrap_or_default();
            DocumentError::Syntax { format: "YAML", message }
        })
}

/// Reads the JSON of a file that the program keeps itself, whose bytes the caller has bounded.
///
/// # Errors
///
/// The fault and its place. Of the content it names only a key that is given twice: the file may hold
/// secrets.
pub(crate) fn from_state_json(text: &str) -> Result<Value, String> {
    let mut parser = serde_json::Deserializer::from_str(text);
    // JSON has no aliases: there are never more values than bytes.
    DocumentReader::strict(text.len(), text.len(), DEPTH)
        .read(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| match error.classify() {
            Category::Data => error.to_string(),
            _ => format!("not valid JSON, at line {} column {}", error.line(), error.column()),
        })
}

/// The text without the byte order mark that some editors put before it.
fn within(text: &str, limit: usize) -> Result<&str, DocumentError> {
    if text.len() > limit {
        return Err(DocumentError::TooLarge { bytes: text.len(), limit });
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
