//! The stage for lines that call a tool: `TOOL {JSON}`.
//!
//! It is no command: it knows tools only, and whatever names none goes on as a message.

use std::sync::Arc;

use serde_json::Value;

use crate::actor::PluginHost;
use crate::command::{Answer, ProgressNotes};
use crate::contract::{CallError, PluginError, Requester};

/// A line that calls a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ToolLine<'a> {
    tool: &'a str,
    params: &'a str,
}

impl<'a> ToolLine<'a> {
    /// A message calls a tool where its first word names one and nothing but JSON follows; or where
    /// a JSON object follows a first word that could name one, so that a typo in the name gets an error.
    pub(super) fn parse(text: &'a str, host: &PluginHost) -> Option<Self> {
        let text = text.trim();
        let (tool, params) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let params = params.trim();
        let named = tool.len() <= crate::contract::limits::TOOL_NAME_CHARS
            && !tool.is_empty()
            && tool.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let is_json = || params.is_empty() || serde_json::from_str::<Value>(params).is_ok();
        let known = || !matches!(host.tool(tool), Err(CallError::UnknownTool { .. }));
        let calls = params.starts_with('{') || (is_json() && known());
        (named && calls).then_some(Self { tool, params })
    }

    /// Calls the tool.
    ///
    /// # Errors
    ///
    /// The host's error for an unknown or ambiguous name, then [`CallError::InvalidParams`], then the tool's own.
    pub(super) async fn call(
        self,
        host: &PluginHost,
        progress: &ProgressNotes,
        requester: &Arc<dyn Requester>,
    ) -> Result<Answer, PluginError> {
        let Self { tool, params } = self;
        let params = if params.is_empty() { "{}" } else { params };
        // An unknown tool is reported before parameters that are no JSON.
        host.tool(tool)?;
        serde_json::from_str::<serde::de::IgnoredAny>(params)
            .map_err(|error| CallError::InvalidParams { problem: error.to_string() })?;
        progress.note(|| format!("calling {tool}"));
        let text = host.call_for(tool, params.to_owned(), Arc::clone(requester)).await.result?;
        Ok(Answer::of_result(text))
    }
}
