//! Plugins as trait objects of their kinds.

use std::sync::Arc;

use super::channel::HostedChannel;
use super::guest::{Guest, unsupported};
use super::memory::HostedMemory;
use super::skill::HostedSkill;
use super::stage::HostedStage;
use super::voice::HostedVoice;
use crate::actor::host::PluginHost;
use crate::contract::{
    ChannelAdapter, MemoryBackend, PipelineStage, PluginCapability, PluginError, Skill,
    VoiceHandler,
};

impl PluginHost {
    /// The plugin of this id as a channel. It is polled at the pace of its manifest while
    /// [`ChannelAdapter::start`] runs.
    ///
    /// # Errors
    ///
    /// [`PluginError::Unsupported`] if the plugin is not one; [`PluginError::Call`] if no plugin of
    /// this id is in service. That is [`CallError::Denied`](crate::errors::CallError::Denied) if it
    /// waits for approval, [`CallError::NotLoaded`](crate::errors::CallError::NotLoaded) if it was refused for
    /// another reason, and [`CallError::NotReady`](crate::errors::CallError::NotReady) if there is none.
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
        let stage_type = self.of_kind(id, kind)?.metadata.stage_type;
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
        let skill = self.of_kind(id, kind)?.metadata.skill.clone();
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
}
