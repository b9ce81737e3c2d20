//! Why a recipe can't be compiled.

use std::fmt;

use crate::contract::{ActionableError, DocumentFault, write_lines};

/// Why a recipe can't be compiled. Displayed with one line for each fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipeError {
    /// Every fault found; never empty.
    pub faults: Vec<DocumentFault>,
}

impl fmt::Display for RecipeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(&self.faults, formatter)
    }
}

impl std::error::Error for RecipeError {}

impl ActionableError for RecipeError {
    fn code(&self) -> &'static str {
        "recipe"
    }

    fn next_step(&self) -> String {
        "correct the recipe at these places, then compile it again".into()
    }
}
