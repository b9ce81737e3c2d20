//! How the server offers what is hosted.

use std::fmt;
use std::str::FromStr;

use super::schema::SchemaPolicy;

/// Entries of a list that are given at once.
const PAGE_ENTRIES: usize = 500;

/// What tools are called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ToolNames {
    /// `<owner>__<tool>`, whatever else there is.
    #[default]
    Qualified,
    /// `<tool>` where only one owner has it, and otherwise `<owner>__<tool>`.
    Bare,
}

impl FromStr for ToolNames {
    type Err = String;

    /// `qualified` or `bare`.
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "qualified" => Ok(Self::Qualified),
            "bare" => Ok(Self::Bare),
            _ => Err(format!("`{word}` is neither `qualified` nor `bare`")),
        }
    }
}

impl fmt::Display for ToolNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Qualified => "qualified",
            Self::Bare => "bare",
        })
    }
}

/// What an operator or embedder decides about the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpOptions {
    /// What tools are called.
    pub tool_names: ToolNames,
    /// Entries of a list that are given at once; at least one. Default: 500.
    pub page_entries: usize,
    /// Whether a tool is left out whose schema has parts that can't be checked. Default: lenient.
    pub schema_policy: SchemaPolicy,
}

impl Default for McpOptions {
    fn default() -> Self {
        Self {
            tool_names: ToolNames::default(),
            page_entries: PAGE_ENTRIES,
            schema_policy: SchemaPolicy::default(),
        }
    }
}
