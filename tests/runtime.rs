//! A runtime that is dropped without being stopped: nothing of it may stay behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/limit.rs"]
mod limit;

use std::future::pending;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;

use futures_lite::future::{block_on, poll_once};
use limit::TimeLimit;
use serde_json::Value;
use tempfile::TempDir;
use weft_lite::actor::Member;
use weft_lite::channel::{ChatId, InboundMessage};
use weft_lite::errors::PluginError;
use weft_lite::pipeline::ChannelRules;
use weft_lite::sandbox::{AuditLog, MemoryAudit};
use weft_lite::sorted::SortedMap;
use weft_lite::{
    BoxFuture, Cancellation, ChannelAdapter, ChannelHost, MessagePayload, PipelineStage,
    PipelineStageType, Runtime,
};

/// A channel whose one message is never answered, by a stage that is the same thing.
struct Waits;

impl ChannelAdapter for Waits {
    fn name(&self) -> &str {
        "waits"
    }

    fn display_name(&self) -> &str {
        "Waits"
    }

    fn supports_threads(&self) -> bool {
        false
    }

    fn supports_media(&self) -> bool {
        false
    }

    fn start<'a>(
        &'a self,
        host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            host.deliver_inbound(hello()).await?;
            cancellation.cancelled().await;
            Ok(())
        })
    }

    fn send<'a>(
        &'a self,
        _target: &'a str,
        _payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(pending())
    }
}

impl PipelineStage for Waits {
    fn name(&self) -> &str {
        "waits"
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::Process
    }

    fn process<'a>(&'a self, _state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(pending())
    }
}

/// What a runtime was given, to see when nobody has it any more.
struct Given {
    audit: Weak<MemoryAudit>,
    member: Weak<Waits>,
}

impl Given {
    fn is_gone(&self) -> bool {
        self.audit.strong_count() == 0 && self.member.strong_count() == 0
    }
}

fn runtime(workspace: &TempDir) -> (Runtime, Given) {
    let audit = Arc::new(MemoryAudit::new(NonZeroUsize::MIN));
    let given_audit = Arc::downgrade(&audit);
    let runtime = Runtime::builder()
        .without_bundled()
        .workspace(workspace.path())
        .plugins(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/echo"))
        .audit(audit as Arc<dyn AuditLog>)
        .build();
    let member = Arc::new(Waits);
    let given = Given { audit: given_audit, member: Arc::downgrade(&member) };
    runtime.block_on(async {
        runtime.load().await;
        assert_eq!(runtime.host().call("echo__echo", "{}".into()).await.result.unwrap(), "{}");
        runtime.host().register(Member::stage(member)).await.unwrap();
    });
    (runtime, given)
}

#[test]
fn a_dropped_runtime_leaves_nothing_behind() {
    let workspace = TempDir::new().unwrap();
    let (runtime, given) = runtime(&workspace);
    assert!(!given.is_gone());
    drop(runtime);
    assert!(given.is_gone());
}

#[test]
fn a_message_in_flight_keeps_no_dropped_runtime() {
    let workspace = TempDir::new().unwrap();
    let (runtime, given) = runtime(&workspace);
    let rules = SortedMap::from([("waits".to_owned(), ChannelRules::owner_only())]);
    let gateway = runtime.gateway(runtime.commands(), rules);
    let watcher = runtime.watch();
    runtime.block_on(async {
        let channel = given.member.upgrade().unwrap();
        let channel = Member::channel(channel as Arc<dyn ChannelAdapter>, gateway.inbox());
        runtime.host().register(channel).await.unwrap();
        runtime.host().start_all().await;
    });
    while runtime.executor().try_tick() {}
    drop((gateway, watcher, runtime));
    // A thread of the pool may be at something for the watcher yet, and ends soon.
    let _limit = TimeLimit::start();
    while !given.is_gone() {
        thread::yield_now();
    }
}

#[test]
fn a_handle_without_runtime_fails_at_once() {
    let workspace = TempDir::new().unwrap();
    let (runtime, given) = runtime(&workspace);
    let host = runtime.host().clone();
    drop(runtime);
    let outcome = smol::block_on(host.call("echo__echo", "{}".into()));
    assert!(outcome.result.is_err());
    assert!(!smol::block_on(host.unload("echo")));
    drop(host);
    assert!(given.is_gone());
}

#[test]
fn a_dropped_runtime_answers_its_mailbox() {
    let workspace = TempDir::new().unwrap();
    let (runtime, given) = runtime(&workspace);
    let rules = SortedMap::from([("waits".to_owned(), ChannelRules::owner_only())]);
    let gateway = runtime.gateway(runtime.commands(), rules);
    let (host, loader, inbox) = (runtime.host().clone(), runtime.loader().clone(), gateway.inbox());
    // Whatever is told to whom, nobody is there to take it.
    let mut calling = Box::pin(host.call("echo__echo", "{}".into()));
    let mut unloading = Box::pin(host.unload("echo"));
    let mut starting = Box::pin(host.start_all());
    let mut loading = Box::pin(loader.refresh());
    let mut delivering = inbox.deliver_inbound(hello());
    block_on(async {
        assert!(poll_once(&mut calling).await.is_none());
        assert!(poll_once(&mut unloading).await.is_none());
        assert!(poll_once(&mut starting).await.is_none());
        assert!(poll_once(&mut loading).await.is_none());
        assert!(poll_once(&mut delivering).await.is_none());
        drop((gateway, runtime));
        assert!(poll_once(calling).await.unwrap().result.is_err());
        assert_eq!(poll_once(unloading).await, Some(false));
        assert_eq!(poll_once(starting).await, Some(Vec::new()));
        assert!(poll_once(loading).await.unwrap().is_none());
        assert_eq!(poll_once(delivering).await, Some(Err(PluginError::Cancelled)));
    });
    drop((host, loader, inbox));
    assert!(given.is_gone());
}

fn hello() -> InboundMessage {
    InboundMessage::text(ChatId::new("waits", "chat"), "owner", "hello")
}
