//! How the server offers what is hosted.
//!
//! The operator's `config.yaml` sets the names and the schema policy, by way of [`McpConfig`]; the rest
//! is an embedder's.

use crate::contract::limits::SURFACE_BYTES;
use crate::contract::{McpConfig, ToolNames};
use crate::schema::SchemaPolicy;

/// Entries of a list that are given at once.
const PAGE_ENTRIES: usize = 500;

/// What an operator or embedder decides about the server.
///
/// They hold for the life of a server. Its HTTP transport has options of its own, `HttpOptions`.
///
/// ```
/// use weft_lite::config::ToolNames;
/// use weft_lite::mcp::{McpOptions, SchemaPolicy};
///
/// let options = McpOptions {
///     tool_names: ToolNames::Bare,
///     schema_policy: SchemaPolicy::Strict,
///     ..McpOptions::default()
/// };
/// assert_eq!(options.name_length, 64);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpOptions {
    /// What tools are called.
    pub tool_names: ToolNames,
    /// Characters of the name of a tool or prompt. Default: 64, which most clients take.
    pub name_length: usize,
    /// Entries of a list that are given at once; at least one. Default: 500.
    pub page_entries: usize,
    /// Whether a tool is left out whose schema has parts that can't be checked. Default: lenient.
    pub schema_policy: SchemaPolicy,
    /// Bytes of requests and answers that may be held for all clients over streams and within the
    /// process together; what is more waits, and is refused when that takes too long. Default: 16 MB.
    pub memory_bytes: usize,
    /// What the client over standard input has agreed on with an earlier process, which this one goes on for:
    /// the text that [`McpServer::agreed`](super::McpServer::agreed) gave there. Default: none.
    pub agreed: Option<String>,
}

impl Default for McpOptions {
    fn default() -> Self {
        Self {
            tool_names: ToolNames::default(),
            name_length: McpConfig::default().name_length,
            page_entries: PAGE_ENTRIES,
            schema_policy: SchemaPolicy::default(),
            memory_bytes: SURFACE_BYTES,
            agreed: None,
        }
    }
}

impl From<&McpConfig> for McpOptions {
    fn from(config: &McpConfig) -> Self {
        let schema_policy = match config.strict_schemas {
            true => SchemaPolicy::Strict,
            false => SchemaPolicy::Lenient,
        };
        Self {
            tool_names: config.tool_names,
            name_length: config.name_length,
            schema_policy,
            ..Self::default()
        }
    }
}
