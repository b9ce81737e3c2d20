//! Calls on a plugin as one of its kinds, always on the version in service.

use std::sync::Arc;

use crate::actor::host::PluginHost;
use crate::actor::plugin;
use crate::actor::registry::LoadedPlugin;
use crate::contract::{BoxFuture, CallContext, CallError, PluginCapability, PluginError};
use crate::wasm::{GuestCall, GuestValue};

impl PluginHost {
    /// The plugin in service of this id, if it is of this kind.
    pub(super) fn of_kind(
        &self,
        id: &str,
        kind: PluginCapability,
    ) -> Result<Arc<LoadedPlugin>, PluginError> {
        let registry = self.registry();
        let Some(plugin) = registry.plugin(id) else {
            return Err(registry.not_in_service(id).into());
        };
        if !plugin.manifest.capabilities.contains(&kind) {
            return Err(unsupported(id, kind));
        }
        Ok(Arc::clone(plugin))
    }
}

/// The error for a plugin that is not of this kind.
pub(super) fn unsupported(id: &str, kind: PluginCapability) -> PluginError {
    PluginError::Unsupported { what: format!("`{kind}` by plugin `{id}`") }
}

/// A plugin, called as one of its kinds. It holds the id alone, so the plugin may be replaced,
/// removed and loaded again between two calls.
pub(super) struct Guest {
    pub(super) host: PluginHost,
    pub(super) id: String,
    kind: PluginCapability,
}

impl Guest {
    /// A guest that need not be in service yet.
    pub(super) fn new(host: PluginHost, id: &str, kind: PluginCapability) -> Self {
        Self { host, id: id.to_owned(), kind }
    }

    /// Makes one call on the newest version and converts the result with `take`.
    ///
    /// # Errors
    ///
    /// [`PluginError::Call`] if the plugin is not in service or the call failed,
    /// [`PluginError::Unsupported`] if the newest version is of another kind.
    pub(super) async fn ask<T>(
        &self,
        call: GuestCall,
        take: impl FnOnce(GuestValue) -> Option<T>,
    ) -> Result<T, PluginError> {
        self.ask_for(call, CallContext::default(), take).await
    }

    /// The same for a call with this context.
    pub(super) async fn ask_for<T>(
        &self,
        call: GuestCall,
        context: CallContext,
        take: impl FnOnce(GuestValue) -> Option<T>,
    ) -> Result<T, PluginError> {
        let export = call.export();
        let value = self.value(call, context).await?;
        take(value).ok_or_else(|| {
            let reason = format!("`{export}` answered with a value of another type");
            CallError::NotReady { reason }.into()
        })
    }

    /// Makes one call. The future is boxed: all callers share one copy of the code.
    ///
    /// Dropping it cancels the call.
    pub(super) fn value(
        &self,
        call: GuestCall,
        context: CallContext,
    ) -> BoxFuture<'_, Result<GuestValue, PluginError>> {
        Box::pin(async move {
            // Keeping the plugin during its call would keep it in service.
            let mailbox = self.host.of_kind(&self.id, self.kind)?.mailbox_for(&call);
            Ok(plugin::submit(mailbox, call, None, context).await.result?)
        })
    }

    /// Calls a function that returns a text.
    pub(super) async fn ask_text(&self, call: GuestCall) -> Result<String, PluginError> {
        self.ask(call, GuestValue::into_text).await
    }

    /// Calls a function without a result.
    pub(super) async fn tell(&self, call: GuestCall) -> Result<(), PluginError> {
        self.ask(call, |value| (value == GuestValue::Unit).then_some(())).await
    }
}
