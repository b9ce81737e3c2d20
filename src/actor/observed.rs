//! Tells the observer of calls: those that a message of the owner or an MCP client led to, directly or through a stage,
//! and the uses of generated plugins.
//!
//! A tool that calls others is one call, whatever it calls. What it gets of plugins that handle secrets is seen all the
//! same, so that it is known where it comes up again.

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
/// The same for those of a plugin that handles secrets: they are looked for in later calls.
const CONFIDENTIAL_BYTES: usize = 16 * KB;

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
        let is_confidential = is_confidential(&manifest.permissions);
        let is_work = !context.is_in_tool && !is_generated && entry.is_for_models();
        let is_seen = !is_memory && (is_work || is_confidential);
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
            is_confidential,
        })
    }

    /// Tells the observer how it has ended.
    pub(super) fn end(self, result: &Result<String, CallError>) {
        let Self { observer, origin, plugin, tool, params, is_confidential } = self;
        if matches!(result, Err(CallError::Cancelled | CallError::InputRequired(_))) {
            return;
        }
        let bytes = if is_confidential { CONFIDENTIAL_BYTES } else { SEEN_BYTES };
        let is_small = |result: &&String| params.len().max(result.len()) <= bytes;
        let result_seen = result.as_ref().ok().filter(is_small).filter(|_| origin.is_some());
        let content = result_seen.cloned().map(|result| (params, result));
        let failed = result.is_err();
        observer.observe(ObservedCall { origin, plugin, tool, content, is_confidential, failed });
    }
}

/// Whether what a plugin returns may have come out of a secret.
fn is_confidential(permissions: &PluginPermissions) -> bool {
    let PluginPermissions { secrets, env_vars, .. } = permissions;
    !secrets.is_empty() || !env_vars.is_empty()
}
