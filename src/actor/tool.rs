//! A guest's tool as a [`Tool`] like any native one.

use serde_json::Value;

use super::host::PluginHost;
use super::registry::ToolEntry;
use crate::contract::{
    BoxFuture, CallError, CallerInput, PluginError, Tool, ToolContext, ToolDescription, json_line,
    sanitize_result,
};

/// A tool of a plugin in service. Every call looks it up by its full name, so that the call goes to the
/// newest version of its plugin.
pub(super) struct HostedTool {
    host: PluginHost,
    name: String,
    description: ToolDescription,
}

impl HostedTool {
    /// The tool of an entry. Its name and description stay those of this version.
    pub(super) fn new(host: PluginHost, entry: &ToolEntry) -> Self {
        Self { host, name: entry.full_name(), description: entry.description().clone() }
    }
}

impl Tool for HostedTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description.description
    }

    fn parameters_schema(&self) -> Value {
        self.description.input_schema.clone()
    }

    fn execute<'a>(
        &'a self,
        params: Value,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move { Ok(execute(&self.host, &self.name, &params, &context.input).await?) })
    }
}

/// Runs a tool by its full name. Both adapters of a guest, as tool and as skill, call their tools
/// through this.
///
/// # Errors
///
/// Those of [`PluginHost::call`].
pub(super) async fn execute(
    host: &PluginHost,
    name: &str,
    params: &Value,
    input: &CallerInput,
) -> Result<Value, CallError> {
    let text = host.call_with_input(name, json_line(params), input, None).await.result?;
    // The caller of a tool's trait hands the result to a model, so control tokens are removed. A guest may
    // return plain text, which becomes a JSON string.
    let text = sanitize_result(&text);
    Ok(serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned())))
}
