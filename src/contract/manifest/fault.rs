//! What is wrong with a manifest: every fault with its key, and what would be right there.

use std::fmt;

use crate::contract::document::DocumentError;

/// One fault of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestFault {
    /// The key's path from the top, for instance `resources.max_fuel` or `capabilities[1]`. Empty
    /// when the fault is the document's as a whole.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub expected: String,
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, problem, expected } = self;
        if key.is_empty() {
            write!(formatter, "{problem}; {expected}")
        } else {
            write!(formatter, "`{key}`: {problem}; {expected}")
        }
    }
}

/// Why a text is not a manifest. Displayed with one line for each fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestError {
    /// Every fault found, in the order of the checks; never empty.
    pub faults: Vec<ManifestFault>,
    /// What would have been warned of, had there been no fault.
    pub warnings: Vec<String>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            fault.fmt(formatter)?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestError {}

impl From<DocumentError> for ManifestError {
    fn from(error: DocumentError) -> Self {
        let expected = error.next_step();
        let fault = ManifestFault { key: String::new(), problem: error.to_string(), expected };
        Self { faults: vec![fault], warnings: Vec::new() }
    }
}
