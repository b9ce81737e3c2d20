//! A finding about a `SKILL.md` for its author: the place, the fault and the text to write instead.

use std::fmt;

use serde::Serialize;

/// How much a [`Diagnostic`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The skill loads as its author intended.
    Note,
    /// The skill loads, but a part of it was repaired or ignored.
    Warning,
    /// The skill does not load; or it does, but a rule of the specification is broken in strict
    /// mode.
    Error,
}

/// Which rules a file must follow. Both modes read the same document from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ParseMode {
    /// The loader's rules: a file that can be repaired loads with a warning.
    #[default]
    Lenient,
    /// The Agent Skills specification: each deviation is an error.
    Strict,
}

/// One finding about one place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// A stable name of the rule, in `kebab-case`, for instance `missing-description`.
    pub code: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong, lowercase and without a full stop.
    pub message: String,
    /// What to write instead.
    pub suggestion: Option<String>,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Diagnostic {
    /// `LINE:COLUMN: SEVERITY: MESSAGE`, without the suggestion.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, severity, message, .. } = self;
        write!(formatter, "{line}:{column}: {severity}: {message}")
    }
}
