//! Why a text is not a configuration.

use std::error::Error;
use std::fmt;

use super::actionable_error::ActionableError;
use super::document::DocumentError;
use super::document_fault::{DocumentFault, write_lines};

/// Why a text is not a configuration. Displayed with one line for each fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidConfig {
    /// The text is not one YAML document within the limits.
    Document {
        /// What is wrong.
        problem: String,
        /// What would be right.
        expected: String,
    },
    /// Keys break the rules: every fault, in the order of the checks; never empty.
    Keys(Vec<DocumentFault>),
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document { problem, expected } => write!(formatter, "{problem}; {expected}"),
            Self::Keys(faults) => write_lines(faults, formatter),
        }
    }
}

impl ActionableError for InvalidConfig {
    fn code(&self) -> &'static str {
        "invalid_config"
    }

    fn next_step(&self) -> String {
        match self {
            Self::Document { .. } => "correct the YAML".into(),
            Self::Keys(_) => "correct these keys".into(),
        }
    }
}

impl Error for InvalidConfig {}

impl From<DocumentError> for InvalidConfig {
    fn from(error: DocumentError) -> Self {
        Self::Document { problem: error.to_string(), expected: error.next_step() }
    }
}
