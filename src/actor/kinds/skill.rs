//! A guest's skill as a [`Skill`].
//!
//! Its instructions are served from the answers at load, so showing them starts no guest. Only its
//! tools do.

use std::sync::Arc;

use serde_json::Value;

use super::metadata::GuestSkill;
use crate::actor::host::PluginHost;
use crate::actor::tool;
use crate::contract::{
    BoxFuture, CallError, PluginError, Skill, SortedMap, ToolContext, full_tool_name,
};

/// The guest's answers at load. Its tools are run by the version in service.
///
/// A new version does not change it: take a new one from the host after a reload.
pub(super) struct HostedSkill {
    pub(super) host: PluginHost,
    /// The plugin's id, which is not always the skill's name.
    pub(super) id: String,
    /// The answers of the version that this was made from.
    pub(super) skill: Arc<GuestSkill>,
}

impl Skill for HostedSkill {
    fn name(&self) -> &str {
        &self.skill.name
    }

    fn description(&self) -> &str {
        &self.skill.description
    }

    fn version(&self) -> Option<&str> {
        Some(&self.skill.version)
    }

    fn variables(&self) -> SortedMap<String, String> {
        self.skill.variables.clone()
    }

    fn allowed_tools(&self) -> &[String] {
        &self.skill.tools
    }

    fn instructions(&self) -> &str {
        &self.skill.instructions
    }

    fn user_invocable(&self) -> bool {
        true
    }

    fn execute_tool<'a>(
        &'a self,
        name: &'a str,
        params: Value,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move {
            let full_name = full_tool_name(&self.id, name);
            match tool::execute(&self.host, &full_name, &params, &context.input).await {
                // The caller knows the skill and its tool, and not the full name.
                Err(CallError::UnknownTool { .. }) => {
                    let what = format!("a tool `{name}` of skill `{}`", self.skill.name);
                    Err(PluginError::Unsupported { what })
                }
                result => Ok(result?),
            }
        })
    }
}
