//! The native tools among a host's members, and how one is called.

use std::sync::Arc;

use super::lifecycle::{MemberObject, MemberStatus};
use crate::contract::{
    CallError, CallerInput, KeyValueStore, PluginError, Tool, ToolContext, json_line,
};

/// A native tool and its storage. A call that found it before its member was stopped still runs.
pub(super) struct NativeTool {
    pub(super) tool: Arc<dyn Tool>,
    store: Arc<dyn KeyValueStore>,
}

impl NativeTool {
    /// Calls the tool with JSON text, as a guest's is called, and maps its errors to those of a
    /// call.
    pub(super) async fn call(
        &self,
        params: &str,
        input: &CallerInput,
    ) -> Result<String, CallError> {
        let params = serde_json::from_str(params)
            .map_err(|error| CallError::InvalidParams { problem: error.to_string() })?;
        let context = ToolContext {
            key_value_store: Arc::clone(&self.store),
            plugin_id: self.tool.name().to_owned(),
            agent_id: "host".into(),
            input: input.clone(),
        };
        match self.tool.execute(params, &context).await {
            Ok(value) => Ok(json_line(&value)),
            Err(PluginError::Call(error)) => Err(error),
            Err(PluginError::Cancelled) => Err(CallError::Cancelled),
            Err(PluginError::Invalid { what, problem }) => {
                Err(CallError::InvalidParams { problem: format!("{what}: {problem}") })
            }
            Err(error) => Err(CallError::Guest { message: error.to_string() }),
        }
    }
}

/// The running member of this name for which `of_kind` returns something.
pub(super) fn running<T>(
    members: &[MemberStatus],
    name: &str,
    of_kind: impl Fn(&MemberObject) -> Option<T>,
) -> Option<T> {
    let mut running = members.iter().filter(|status| status.name == name && status.is_running());
    running.find_map(|status| of_kind(&status.object))
}

/// The running native tools among these members.
pub(super) fn native_tools(members: &[MemberStatus]) -> Vec<Arc<dyn Tool>> {
    let tools = members.iter().filter(|status| status.is_running());
    let tools = tools.filter_map(|status| match &status.object {
        MemberObject::Tool(tool, _) => Some(Arc::clone(tool)),
        _ => None,
    });
    tools.collect()
}

/// The running native tool of this name among these members.
pub(super) fn native_tool(members: &[MemberStatus], name: &str) -> Option<NativeTool> {
    running(members, name, |object| match object {
        MemberObject::Tool(tool, store) => {
            let (tool, store) = (Arc::clone(tool), Arc::clone(store));
            Some(NativeTool { tool, store })
        }
        _ => None,
    })
}
