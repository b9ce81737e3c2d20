//! Tells the observer of calls: those that a message of the owner or an MCP client led to, directly or through a stage,
//! and the uses of generated plugins.
//!
//! A tool that calls others is one call, whatever it calls.

use std::sync::Arc;

use super::host::HostState;
use super::registry::ToolEntry;
use crate::contract::limits::KB;
use crate::contract::{
    CallContext, CallError, CallObserver, CallOrigin, ObservedCall, PluginCapability,
    PluginPermissions,
};

/// Bytes of parameters or of a result that are seen.
const SEEN_BYTES: usize = 4 * KB;

/// A call that somebody sees when it has ended.
pub(super) struct SeenBy {
    observer: Arc<dyn CallObserver>,
    origin: Option<CallOrigin>,
    plugin: String,
    tool: String,
    params: String,
    is_confidential: bool,
}

impl SeenBy {
    /// Whoever sees this call, if anybody does.
    pub(super) fn begin(
        shared: &HostState,
        context: &CallContext,
        entry: &ToolEntry,
        params: &str,
    ) -> Option<Self> {
        let observer = shared.options.observer.as_ref()?;
        let manifest = &entry.plugin.manifest;
        let is_generated = manifest.generated.is_some();
        let asked = || context.origin.clone().or_else(|| context.requester.as_ref()?.origin());
        // What a memory is asked is part of the talk, not of the work.
        let is_memory = manifest.capabilities.contains(&PluginCapability::MemoryBackend);
        let is_seen = !context.is_in_tool && !is_generated && !is_memory && entry.is_for_models();
        let origin = is_seen.then(asked).flatten();
        if origin.is_none() && !is_generated {
            return None;
        }
        let params = if origin.is_some() { params.to_owned() } else { String::new() };
        Some(Self {
            observer: Arc::clone(observer),
            origin,
            plugin: manifest.id.clone(),
            tool: entry.full_name(),
            params,
            is_confidential: is_confidential(&manifest.permissions),
        })
    }

    /// Tells the observer how it has ended.
    pub(super) fn end(self, result: &Result<String, CallError>) {
        let Self { observer, origin, plugin, tool, params, is_confidential } = self;
        if matches!(result, Err(CallError::Cancelled | CallError::InputRequired(_))) {
            return;
        }
        let mut call = ObservedCall {
            origin,
            plugin,
            tool,
            content: None,
            confidential: None,
            failed: result.is_err(),
        };
        if let (Some(_), Ok(result)) = (&call.origin, result) {
            let is_small = params.len().max(result.len()) <= SEEN_BYTES;
            if is_confidential {
                call.confidential = Some((params, result.clone()));
            } else if is_small {
                call.content = Some((params, result.clone()));
            }
        }
        observer.observe(call);
    }
}

/// Whether what a plugin returns may have come out of a secret.
fn is_confidential(permissions: &PluginPermissions) -> bool {
    let PluginPermissions { secrets, env_vars, .. } = permissions;
    !secrets.is_empty() || !env_vars.is_empty()
}
