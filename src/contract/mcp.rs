//! What an operator configures about the MCP server.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::limits::Range;
use super::manifest::findings::{ManifestFindings, Table, amount, wrong_kind};
use super::manifest::rules::Flaw;

/// The keys of the section `mcp`.
const KEYS: [&str; 5] =
    ["tool_names", "name_length", "strict_schemas", "allowed_hosts", "authorization_server"];

/// Characters of the name of a tool or prompt. A shorter one would be little more than its hash, and
/// the specification allows no longer one.
const NAME_LENGTH: Range = Range::new("name_length", 64, 32, 128);

/// What tools are called over MCP.
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

/// The section `mcp` of the operator's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct McpConfig {
    /// What tools are called.
    pub tool_names: ToolNames,
    /// Characters of the name of a tool or prompt.
    pub name_length: usize,
    /// Whether a tool is left out whose schema has parts that can't be checked.
    pub strict_schemas: bool,
    /// Hosts, beside loopback and the address itself, under which the HTTP server is reached.
    pub allowed_hosts: Vec<String>,
    /// The server that gives out tokens for the HTTP server, as its clients are told (RFC 9728).
    pub authorization_server: Option<String>,
}

impl Default for McpConfig {
    fn default() -> Self {
        Self {
            tool_names: ToolNames::default(),
            name_length: NAME_LENGTH.default as usize,
            strict_schemas: false,
            allowed_hosts: Vec::new(),
            authorization_server: None,
        }
    }
}

impl McpConfig {
    pub(super) fn read(section: &Table<'_>, findings: &mut ManifestFindings) -> Self {
        section.warn_unknown(&KEYS, findings);
        let names = |text: &str| {
            text.parse().map_err(|problem| Flaw::new(&problem, &"expected `qualified` or `bare`"))
        };
        let host = |value: &Value| match value.as_str() {
            Some(host)
                if !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/') =>
            {
                Ok(host.to_ascii_lowercase())
            }
            _ => Err(Flaw::new(&"not a host", &"expected one like `tools.example.com`")),
        };
        let strict_schemas = match section.get("strict_schemas") {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                findings.fault(section.path("strict_schemas"), wrong_kind(other, "true or false"));
                false
            }
        };
        Self {
            tool_names: section.text("tool_names", &names, findings).unwrap_or_default(),
            name_length: amount(section, NAME_LENGTH, findings) as usize,
            strict_schemas,
            allowed_hosts: section.list("allowed_hosts", "a list of hosts", &host, findings),
            authorization_server: section.text("authorization_server", &issuer, findings),
        }
    }
}

/// The URL of a server of tokens (RFC 8414, section 2).
fn issuer(text: &str) -> Result<String, Flaw> {
    let odd =
        |letter: char| letter.is_whitespace() || letter.is_control() || "?#\"".contains(letter);
    match text.strip_prefix("https://") {
        Some(rest) if !rest.is_empty() && !rest.contains(odd) => Ok(text.to_owned()),
        _ => Err(Flaw::new(&"not such a URL", &"expected one like `https://auth.example.com`")),
    }
}
