//! A runtime with channels that record, stages that do what a test says, and time that stands still.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use weft_lite::actor::Member;
use weft_lite::channel::{ChatId, InboundMessage};
use weft_lite::command::{Command, Commands, built_in_commands};
use weft_lite::errors::PluginError;
use weft_lite::pipeline::{ChannelRules, Gateway, GatewayOptions};
use weft_lite::sandbox::{Clock, ManualClock};
use weft_lite::skill::FoundSkill;
use weft_lite::{
    BoxFuture, ChannelHost, PipelineStage, PipelineStageType, PluginCapability, Runtime,
};

use crate::recorder::Recorder;
use crate::skills::registry;

type Work = dyn Fn(Value) -> BoxFuture<'static, Result<Value, PluginError>> + Send + Sync;

/// A stage that does what a test says.
pub(crate) struct Does {
    name: &'static str,
    kind: PipelineStageType,
    work: Box<Work>,
}

impl PipelineStage for Does {
    fn name(&self) -> &str {
        self.name
    }

    fn stage_type(&self) -> PipelineStageType {
        self.kind
    }

    fn process<'a>(&'a self, state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        (self.work)(state)
    }
}

/// A stage as a member.
pub(crate) fn stage(
    name: &'static str,
    kind: PipelineStageType,
    work: impl Fn(Value) -> BoxFuture<'static, Result<Value, PluginError>> + Send + Sync + 'static,
) -> Member {
    Member::stage(Arc::new(Does { name, kind, work: Box::new(work) }))
}

/// A stage that changes the state at once.
pub(crate) fn changes(
    name: &'static str,
    kind: PipelineStageType,
    change: impl Fn(Value) -> Result<Value, PluginError> + Send + Sync + 'static,
) -> Member {
    stage(name, kind, move |state| {
        let changed = change(state);
        Box::pin(async move { changed })
    })
}

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) inbox: Arc<dyn ChannelHost>,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new(members: Vec<Member>, channels: &[&Arc<Recorder>]) -> Self {
        Self::with_commands(Vec::new(), members, channels)
    }

    /// The same with commands of the embedder beside the built-in ones.
    pub(crate) fn with_commands(
        own: Vec<Command>,
        members: Vec<Member>,
        channels: &[&Arc<Recorder>],
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::new());
        let runtime = Runtime::builder()
            .without_bundled()
            .clock(Arc::clone(&clock) as Arc<dyn Clock>)
            .build();
        let commands =
            Commands::new(runtime.host().clone(), built_in_commands(None).into_iter().chain(own));
        let mut options = GatewayOptions::new(folder.path());
        let owner = ChannelRules { allow: vec!["friend".into()], ..ChannelRules::owner_only() };
        options.rules = ["one", "two"].map(|name| (name.to_owned(), owner.clone())).into();
        options.rules.insert("alone".to_owned(), ChannelRules::owner_only());
        let gateway = Gateway::start(runtime.executor(), Arc::new(commands), &options);
        let inbox = gateway.inbox();
        runtime.block_on(async {
            for channel in channels {
                let channel = Arc::clone(channel) as _;
                let member = Member::channel(channel, Arc::clone(&inbox));
                runtime.host().register(member).await.unwrap();
            }
            for member in members {
                runtime.host().register(member).await.unwrap();
            }
            runtime.host().start_all().await;
        });
        Self { runtime, clock, gateway: Arc::new(gateway), inbox, folder }
    }

    pub(crate) fn put(&self, found: Vec<FoundSkill>) {
        let host = self.runtime.host();
        self.runtime.block_on(host.put_skills(registry(found))).unwrap();
    }

    /// Does everything that can be done without time going on.
    pub(crate) fn settle(&self) {
        while self.runtime.executor().try_tick() {}
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.settle();
        self.clock.advance(time);
        self.settle();
    }

    /// Takes every stage out of service for now.
    pub(crate) fn stop_stages(&self) {
        let stages = PluginCapability::PipelineStage;
        self.runtime.block_on(self.runtime.host().stop_kind(stages));
    }

    /// Says something over channel `one` and gives the answer's text.
    pub(crate) fn ask(&self, channel: &Recorder, text: &str) -> String {
        self.runtime.block_on(async {
            crate::recorder::say(&*self.inbox, "one", "chat", text).await.unwrap();
            channel.text().await
        })
    }

    /// Hands a message over without waiting for anything.
    pub(crate) fn hand_over(
        &self,
        chat: &'static str,
        text: &'static str,
        id: &'static str,
    ) -> smol::Task<Result<(), PluginError>> {
        let inbox = Arc::clone(&self.inbox);
        let task = self.runtime.executor().spawn(async move {
            let message = InboundMessage::text(ChatId::new("one", chat), "owner", text);
            inbox.deliver_inbound(InboundMessage { id: Some(id.into()), ..message }).await
        });
        self.settle();
        task
    }
}
