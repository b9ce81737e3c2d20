//! A member of the host: a trait object of one of the kinds, with a name.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::contract::{
    ChannelAdapter, ChannelHost, KeyValueStore, MemoryBackend, NoService, PipelineStage,
    PluginCapability, Service, Tool, VoiceHandler,
};
use crate::store::MemoryKeyValueStore;

/// The origin of a member. Members of plugins come and go with their plugin
/// ([`PluginHost::follow_guests`](crate::PluginHost::follow_guests)). Native ones stay until they
/// are removed by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberOrigin {
    /// The program itself, or an embedder of the library.
    Native,
    /// The plugin of this id.
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

/// The trait object of a member. Clones share it, so a caller can keep it beyond the member's
/// removal; the host itself no longer calls it then.
#[derive(Clone)]
pub enum MemberObject {
    /// A channel.
    Channel(Arc<dyn ChannelAdapter>),
    /// A stage of the pipeline.
    Stage(Arc<dyn PipelineStage>),
    /// A memory backend.
    Memory(Arc<dyn MemoryBackend>),
    /// A tool and the storage that each of its calls gets.
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

/// A member to register with the host: a channel, stage, tool, memory backend or voice handler,
/// written in Rust or run by a plugin.
///
/// A member has a kind and a name, and no two members of one host have the same. It does nothing
/// until it is started.
///
/// ```
/// use std::sync::Arc;
/// use serde_json::{Value, json};
/// use weft_lite::actor::Member;
/// use weft_lite::errors::PluginError;
/// use weft_lite::{BoxFuture, PluginCapability, Runtime, Tool, ToolContext};
///
/// struct Greet;
///
/// impl Tool for Greet {
///     fn name(&self) -> &str {
///         "greet"
///     }
///     fn description(&self) -> &str {
///         "Greets somebody"
///     }
///     fn parameters_schema(&self) -> Value {
///         json!({ "type": "object", "properties": { "name": { "type": "string" } } })
///     }
///     fn execute<'a>(
///         &'a self,
///         params: Value,
///         _: &'a ToolContext,
///     ) -> BoxFuture<'a, Result<Value, PluginError>> {
///         let name = params["name"].as_str().unwrap_or("stranger");
///         let greeting = format!("Hello {name}");
///         Box::pin(async move { Ok(json!({ "greeting": greeting })) })
///     }
/// }
///
/// let runtime = Runtime::builder().without_bundled().build();
/// runtime.block_on(async {
///     let host = runtime.host();
///     host.register(Member::tool(Arc::new(Greet))).await?;
///     assert!(!host.members()[0].is_running());
///     host.start_member(PluginCapability::Tool, "greet").await?;
///
///     let outcome = host.call("greet", r#"{ "name": "Ada" }"#.into()).await;
///     assert_eq!(outcome.result.unwrap(), r#"{"greeting":"Hello Ada"}"#);
///     host.stop_member(PluginCapability::Tool, "greet").await
/// })?;
/// # Ok::<(), weft_lite::errors::LifecycleError>(())
/// ```
#[derive(Clone)]
pub struct Member {
    pub(super) name: String,
    pub(super) origin: MemberOrigin,
    pub(super) work: Work,
}

/// The trait object, with what its life cycle needs.
#[derive(Clone)]
pub(super) enum Work {
    /// A channel has its own functions to start and stop.
    Channel { adapter: Arc<dyn ChannelAdapter>, inbound: Arc<dyn ChannelHost> },
    /// The other kinds need none, so a service beside the trait object does it if there is one.
    Other { object: MemberObject, service: Arc<dyn Service> },
}

impl Member {
    /// A channel, whose messages go to `inbound`. Its name is the adapter's. It is restarted after
    /// a failure, with growing waits ([`LifecycleOptions`](crate::actor::LifecycleOptions)).
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

    /// A tool, which is called by its name. A running native tool wins over a plugin's tool of the
    /// same name. Its storage is in memory and lives as long as the member.
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

    /// A member without work of its own at start and stop.
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

    /// The trait object that the host calls.
    pub(super) fn object(&self) -> MemberObject {
        match &self.work {
            Work::Channel { adapter, .. } => MemberObject::Channel(Arc::clone(adapter)),
            Work::Other { object, .. } => object.clone(),
        }
    }
}
