//! A member of the host: a trait object of one of the kinds, with a name.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::contract::{
    ChannelAdapter, ChannelHost, KeyValueStore, MemoryBackend, NoService, PipelineStage,
    PluginCapability, Service, Tool, VoiceHandler,
};
use crate::store::MemoryKeyValueStore;

/// The origin of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberOrigin {
    /// The program itself, or an embedder of the library.
    Native,
    /// A plugin.
    Plugin(String),
}

impl fmt::Display for MemberOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => formatter.write_str("native"),
            Self::Plugin(id) => write!(formatter, "plugin {id}"),
        }
    }
}

/// The trait object of a member.
#[derive(Clone)]
pub enum MemberObject {
    /// A channel.
    Channel(Arc<dyn ChannelAdapter>),
    /// A stage of the pipeline.
    Stage(Arc<dyn PipelineStage>),
    /// A memory backend.
    Memory(Arc<dyn MemoryBackend>),
    /// A tool and its storage.
    Tool(Arc<dyn Tool>, Arc<dyn KeyValueStore>),
    /// A voice handler.
    Voice(Arc<dyn VoiceHandler>),
}

impl MemberObject {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> PluginCapability {
        match self {
            Self::Channel(_) => PluginCapability::Channel,
            Self::Stage(_) => PluginCapability::PipelineStage,
            Self::Memory(_) => PluginCapability::MemoryBackend,
            Self::Tool(..) => PluginCapability::Tool,
            Self::Voice(_) => PluginCapability::Voice,
        }
    }
}

impl fmt::Debug for MemberObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MemberObject({})", self.kind())
    }
}

/// A member to register with the host.
#[derive(Clone)]
pub struct Member {
    pub(super) name: String,
    pub(super) origin: MemberOrigin,
    pub(super) work: Work,
}

/// The trait object, with what its life cycle needs.
#[derive(Clone)]
pub(super) enum Work {
    Channel { adapter: Arc<dyn ChannelAdapter>, inbound: Arc<dyn ChannelHost> },
    Other { object: MemberObject, service: Arc<dyn Service> },
}

impl Member {
    /// A channel, whose messages go to `inbound`. It is restarted after a failure.
    #[must_use]
    pub fn channel(adapter: Arc<dyn ChannelAdapter>, inbound: Arc<dyn ChannelHost>) -> Self {
        let name = adapter.name().to_owned();
        Self { name, origin: MemberOrigin::Native, work: Work::Channel { adapter, inbound } }
    }

    /// A stage of the pipeline.
    #[must_use]
    pub fn stage(stage: Arc<dyn PipelineStage>) -> Self {
        let name = stage.name().to_owned();
        Self::other(name, MemberObject::Stage(stage))
    }

    /// A tool, which is called by its name. Its storage lives as long as the member.
    #[must_use]
    pub fn tool(tool: Arc<dyn Tool>) -> Self {
        let name = tool.name().to_owned();
        let store: Arc<dyn KeyValueStore> = Arc::new(MemoryKeyValueStore::default());
        Self::other(name, MemberObject::Tool(tool, store))
    }

    /// A memory backend.
    #[must_use]
    pub fn memory(name: impl Into<String>, backend: Arc<dyn MemoryBackend>) -> Self {
        Self::other(name.into(), MemberObject::Memory(backend))
    }

    /// A voice handler.
    #[must_use]
    pub fn voice(name: impl Into<String>, handler: Arc<dyn VoiceHandler>) -> Self {
        Self::other(name.into(), MemberObject::Voice(handler))
    }

    fn other(name: String, object: MemberObject) -> Self {
        let work = Work::Other { object, service: Arc::new(NoService) };
        Self { name, origin: MemberOrigin::Native, work }
    }

    /// Sets the work to do before the member is used and afterwards. A channel starts and stops by itself, and
    /// ignores this.
    #[must_use]
    pub fn with_service(mut self, starting_and_stopping: Arc<dyn Service>) -> Self {
        if let Work::Other { service, .. } = &mut self.work {
            *service = starting_and_stopping;
        }
        self
    }

    /// Sets the plugin that it comes from.
    #[must_use]
    pub fn from_plugin(mut self, id: impl Into<String>) -> Self {
        self.origin = MemberOrigin::Plugin(id.into());
        self
    }

    pub(super) fn object(&self) -> MemberObject {
        match &self.work {
            Work::Channel { adapter, .. } => MemberObject::Channel(Arc::clone(adapter)),
            Work::Other { object, .. } => object.clone(),
        }
    }
}
