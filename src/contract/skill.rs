//! Skills: instructions for an agent, with variables and perhaps tools of their own.

use serde_json::Value;

use super::{BoxFuture, PluginError, SortedMap, ToolContext};

/// The id of an installed skill among the ids of plugins, in which there is never a colon: for approvals and stores.
pub(crate) fn skill_id(name: &str) -> String {
    format!("skill:{name}")
}

/// Instructions that an agent can follow, and tools that belong to them.
///
/// Skills have no life cycle of their own: a new version is a new value.
pub trait Skill: Send + Sync {
    /// The name: 1 to 64 of `a-z 0-9` and single inner hyphens (Agent Skills specification).
    fn name(&self) -> &str;

    /// What the skill does and when to use it: at most 1,024 characters.
    fn description(&self) -> &str;

    /// The version as its author wrote it, if any.
    fn version(&self) -> Option<&str>;

    /// Variables that the instructions contain, with their default values.
    fn variables(&self) -> SortedMap<String, String>;

    /// Tools that the skill asks to use.
    fn allowed_tools(&self) -> &[String];

    /// The instructions, as Markdown.
    fn instructions(&self) -> &str;

    /// Whether a person can call the skill by its name, as a slash command.
    fn user_invocable(&self) -> bool;

    /// Runs one of the skill's own tools.
    ///
    /// # Errors
    ///
    /// [`PluginError::Unsupported`] when the skill has no such tool; otherwise as
    /// [`Tool::execute`](super::Tool::execute).
    fn execute_tool<'a>(
        &'a self,
        name: &'a str,
        params: Value,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>>;
}
