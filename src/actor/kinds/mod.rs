//! Guests of the five kinds beside tools, each as the trait object that a native one would be.
//!
//! An adapter holds a plugin's id and not the plugin: it looks the plugin up at each call, so the
//! call goes to the newest version and nothing is kept in service. What a trait gives without
//! waiting is of the version that the adapter was made from.

mod capabilities;
mod channel;
mod facts;
mod memory;
mod skill;
mod stage;
mod voice;

use std::sync::Arc;

use super::host::PluginHost;
use super::plugin;
use super::registry::LoadedPlugin;
use crate::contract::{
    BoxFuture, CallError, ChannelAdapter, MemoryBackend, PipelineStage, PluginCapability,
    PluginError, Skill, VoiceHandler,
};
use crate::wasm::{GuestCall, GuestValue};

pub use capabilities::CapabilityMismatch;
pub(super) use capabilities::check_tools;
pub(super) use facts::Answers;
pub use facts::{GuestMetadata, GuestSkill};

use channel::HostedChannel;
use memory::HostedMemory;
use skill::HostedSkill;
use stage::HostedStage;
use voice::HostedVoice;

impl PluginHost {
    /// The plugin of this id as a channel. It is polled at the pace of its manifest while
    /// [`ChannelAdapter::start`] runs.
    ///
    /// # Errors
    ///
    /// [`PluginError::Unsupported`] if the plugin is not one; [`PluginError::Call`] if no plugin of
    /// this id is in service, with [`CallError::Denied`] where it waits for approval and otherwise
    /// [`CallError::NotReady`].
    pub fn channel(&self, id: &str) -> Result<Arc<dyn ChannelAdapter>, PluginError> {
        let plugin = self.of_kind(id, PluginCapability::Channel)?;
        Ok(Arc::new(HostedChannel::new(self.clone(), &plugin)))
    }

    /// The plugin of this id as a stage of the message pipeline.
    ///
    /// # Errors
    ///
    /// As for [`channel`](Self::channel).
    pub fn stage(&self, id: &str) -> Result<Arc<dyn PipelineStage>, PluginError> {
        let kind = PluginCapability::PipelineStage;
        let stage_type = self.of_kind(id, kind)?.facts.stage_type;
        let stage_type = stage_type.ok_or_else(|| unsupported(id, kind))?;
        Ok(Arc::new(HostedStage { guest: Guest::new(self.clone(), id, kind), stage_type }))
    }

    /// The plugin of this id as a skill.
    ///
    /// # Errors
    ///
    /// As for [`channel`](Self::channel).
    pub fn skill(&self, id: &str) -> Result<Arc<dyn Skill>, PluginError> {
        let kind = PluginCapability::Skill;
        let skill = self.of_kind(id, kind)?.facts.skill.clone();
        let skill = skill.ok_or_else(|| unsupported(id, kind))?;
        Ok(Arc::new(HostedSkill { host: self.clone(), id: id.to_owned(), skill }))
    }

    /// The plugin of this id as a memory.
    ///
    /// # Errors
    ///
    /// As for [`channel`](Self::channel).
    pub fn memory(&self, id: &str) -> Result<Arc<dyn MemoryBackend>, PluginError> {
        self.of_kind(id, PluginCapability::MemoryBackend)?;
        Ok(Arc::new(HostedMemory(Guest::new(self.clone(), id, PluginCapability::MemoryBackend))))
    }

    /// The plugin of this id as a voice.
    ///
    /// # Errors
    ///
    /// As for [`channel`](Self::channel).
    pub fn voice(&self, id: &str) -> Result<Arc<dyn VoiceHandler>, PluginError> {
        self.of_kind(id, PluginCapability::Voice)?;
        Ok(Arc::new(HostedVoice(Guest::new(self.clone(), id, PluginCapability::Voice))))
    }

    fn of_kind(&self, id: &str, kind: PluginCapability) -> Result<Arc<LoadedPlugin>, PluginError> {
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

fn unsupported(id: &str, kind: PluginCapability) -> PluginError {
    PluginError::Unsupported { what: format!("`{kind}` by plugin `{id}`") }
}

/// A plugin as one of its kinds.
struct Guest {
    host: PluginHost,
    id: String,
    kind: PluginCapability,
}

impl Guest {
    fn new(host: PluginHost, id: &str, kind: PluginCapability) -> Self {
        Self { host, id: id.to_owned(), kind }
    }

    /// Makes one call on the newest version; `take` picks what the called function answers with.
    async fn ask<T>(
        &self,
        call: GuestCall,
        take: impl FnOnce(GuestValue) -> Option<T>,
    ) -> Result<T, PluginError> {
        let export = call.export();
        let value = self.value(call).await?;
        take(value).ok_or_else(|| {
            let reason = format!("`{export}` answered with a value of another type");
            CallError::NotReady { reason }.into()
        })
    }

    /// In a box, as one copy for all functions.
    fn value(&self, call: GuestCall) -> BoxFuture<'_, Result<GuestValue, PluginError>> {
        Box::pin(async move {
            // The plugin itself must not be kept while its call runs, or it would outlive its time.
            let mailbox = self.host.of_kind(&self.id, self.kind)?.mailbox.clone();
            Ok(plugin::submit(mailbox, call, None).await.result?)
        })
    }

    /// The same for functions that answer with a text.
    async fn ask_text(&self, call: GuestCall) -> Result<String, PluginError> {
        self.ask(call, GuestValue::into_text).await
    }

    /// The same for functions that only say that it is done.
    async fn tell(&self, call: GuestCall) -> Result<(), PluginError> {
        self.ask(call, |value| (value == GuestValue::Unit).then_some(())).await
    }
}
