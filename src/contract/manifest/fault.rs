//! Why a text is not a manifest.

use std::fmt;

use crate::contract::document::DocumentError;
use crate::contract::document_fault::{DocumentFault, write_lines};

/// Why a text is not a manifest. Displayed with one line for each fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestError {
    /// Every fault found, in the order of the checks; never empty.
    pub faults: Vec<DocumentFault>,
    /// What would have been warned of, had there been no fault.
    pub warnings: Vec<String>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(&self.faults, formatter)
    }
}

impl std::error::Error for ManifestError {}

impl From<DocumentError> for ManifestError {
    fn from(error: DocumentError) -> Self {
        let expected = error.next_step();
        let fault = DocumentFault { key: String::new(), problem: error.to_string(), expected };
        Self { faults: vec![fault], warnings: Vec::new() }
    }
}
