//! Tools: functions that a caller runs by name, with JSON in and out.

use std::sync::Arc;

use serde_json::Value;

use super::{BoxFuture, CallerInput, KeyValueStore, PluginError};

/// What a [`Tool`] may use while it runs.
#[derive(Clone)]
pub struct ToolContext {
    /// Durable or in-memory storage, scoped to the plugin by whoever made the context.
    pub key_value_store: Arc<dyn KeyValueStore>,
    /// The plugin whose tool runs.
    pub plugin_id: String,
    /// The agent or surface on whose behalf it runs, for instance `console`.
    pub agent_id: String,
    /// What the caller can be asked for, and what it said to what the call before has asked for.
    pub input: CallerInput,
}

/// A function with a name, a JSON schema for its parameters and a JSON result.
///
/// Implementations have no life cycle of their own: they are ready once constructed. Dropping the
/// future of [`execute`](Self::execute) cancels the call, and nothing of it goes on afterwards.
///
/// A tool that needs something from its caller ends with
/// [`CallError::InputRequired`](super::CallError::InputRequired) and is called again with the answers in
/// [`ToolContext::input`]:
///
/// ```
/// use serde_json::{Value, json};
/// use weft_lite::{InputRequired, ToolContext};
/// use weft_lite::errors::{CallError, PluginError};
///
/// fn book(context: &ToolContext) -> Result<Value, PluginError> {
///     let Some(responses) = &context.input.responses else {
///         let form = json!({
///             "type": "object",
///             "properties": { "count": { "type": "integer" } },
///             "required": ["count"],
///         });
///         let params = json!({ "message": "How many seats?", "requestedSchema": form });
///         let request = json!({ "method": "elicitation/create", "params": params });
///         let asked = InputRequired::new([("seats".to_owned(), request)].into_iter().collect(), None);
///         let asked = asked.map_err(|problem| CallError::Guest { message: problem })?;
///         return Err(CallError::InputRequired(Box::new(asked)).into());
///     };
///     Ok(responses["seats"]["content"]["count"].clone())
/// }
/// ```
pub trait Tool: Send + Sync {
    /// The name callers use: at most 64 of `A-Z a-z 0-9 _ - .`
    fn name(&self) -> &str;

    /// What the tool does, for people and models.
    fn description(&self) -> &str;

    /// A JSON Schema (2020-12) object that describes the parameters.
    fn parameters_schema(&self) -> Value;

    /// Runs the tool.
    ///
    /// # Errors
    ///
    /// [`PluginError::Call`] when a guest failed, was denied something or exhausted a limit, or the
    /// tool needs input from its caller;
    /// [`PluginError::Invalid`] for parameters the tool can't use.
    fn execute<'a>(
        &'a self,
        params: Value,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>>;
}
