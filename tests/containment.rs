//! Panics that cost their call and nothing else: the thread they were on is left as it is, and another
//! goes on in its place. The program that this test is unwinds, and nothing of that is used.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says so by failing"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use async_channel::Sender;
use futures_lite::future::yield_now;
use serde_json::{Value, json};
use weft_lite::actor::Member;
use weft_lite::channel::{ChatId, InboundMessage};
use weft_lite::errors::{CallError, Failure, PluginError};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::pipeline::ChannelRules;
use weft_lite::sandbox::{AuditOutcome, Environment, MemoryAudit, NetworkOptions};
use weft_lite::{
    Approval, BoxFuture, Cancellation, ChannelAdapter, ChannelHost, MessagePayload, PipelineStage,
    PipelineStageType, PluginPackage, Reply, Runtime, Secret, SecretSource, Tool, ToolContext,
};

/// Breaks whatever it is asked for.
struct Breaks;

impl Environment for Breaks {
    fn get(&self, name: &str) -> Option<String> {
        assert!(name != "BREAKS", "a bug in the environment");
        Some("a value".into())
    }
}

impl SecretSource for Breaks {
    fn secret(&self, _name: &str) -> Option<Secret> {
        None
    }

    fn all(&self) -> Vec<Secret> {
        panic!("a bug in the source of secrets");
    }
}

/// A tool that panics, or tells on which thread it ran.
#[derive(Default)]
struct Native(AtomicUsize);

impl Tool for Native {
    fn name(&self) -> &str {
        "native"
    }

    fn description(&self) -> &str {
        "Panics if it is told to"
    }

    fn parameters_schema(&self) -> Value {
        json!({ "type": "object" })
    }

    fn execute<'a>(
        &'a self,
        params: Value,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move {
            let calls = self.0.fetch_add(1, Ordering::Relaxed);
            assert!(params["panic"] != true, "a bug in a tool");
            Ok(json!({ "calls": calls, "thread": format!("{:?}", thread::current().id()) }))
        })
    }
}

/// A channel with one message, which panics when it starts if it is told to, and a stage that always does.
struct Talks {
    falls: bool,
    answers: Sender<Option<Failure>>,
}

impl ChannelAdapter for Talks {
    fn name(&self) -> &str {
        if self.falls { "falls" } else { "talks" }
    }

    fn display_name(&self) -> &str {
        ChannelAdapter::name(self)
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
            assert!(!self.falls, "a bug in a channel");
            let chat = ChatId::new("talks", "chat");
            host.deliver_inbound(InboundMessage::text(chat, "owner", "hello")).await?;
            cancellation.cancelled().await;
            Ok(())
        })
    }

    fn send<'a>(
        &'a self,
        _target: &'a str,
        _payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async { Ok("1".into()) })
    }

    fn reply<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        let _ = self.answers.try_send(reply.failure.clone());
        Box::pin(async { Ok("1".into()) })
    }
}

impl PipelineStage for Talks {
    fn name(&self) -> &str {
        "breaks"
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::Process
    }

    fn process<'a>(&'a self, _state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async { panic!("a bug in a stage") })
    }
}

fn probe(id: &str, instance: &str) -> PluginPackage {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe");
    let module = fs::read(folder.join("plugin.wasm")).unwrap();
    let manifest = json!({
        "id": id, "name": "Probe", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "instance": instance,
        "permissions": { "network": ["127.0.0.1"], "env_vars": ["BREAKS", "WORKS"] },
    })
    .to_string();
    let origin = PackageOrigin::Folder("/probe".into());
    let limits = ReadLimits::default();
    PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap()
}

struct World {
    runtime: Runtime,
    audit: Arc<MemoryAudit>,
}

impl World {
    fn new() -> Self {
        let audit = Arc::new(MemoryAudit::new(std::num::NonZeroUsize::new(64).unwrap()));
        let network = NetworkOptions::default().allow_private_hosts(["127.0.0.1"]).unwrap();
        let mut runtime = Runtime::builder()
            .without_bundled()
            .environment(Arc::new(Breaks))
            .secrets(Arc::new(Breaks))
            .network(network)
            .audit(Arc::clone(&audit) as _)
            .build();
        runtime.contain_panics().unwrap();
        let host = runtime.host();
        let packages = [probe("resident", "resident"), probe("fresh", "per-call")];
        runtime.block_on(host.load(packages.map(|package| (package, Approval::ALL)), []));
        assert!(host.registry().refused().is_empty(), "{:?}", host.registry().refused());
        runtime.block_on(host.register(Member::tool(Arc::new(Native::default())))).unwrap();
        runtime.block_on(host.start_all());
        Self { runtime, audit }
    }

    fn call(&self, tool: &str, params: &Value) -> Result<Value, CallError> {
        let text =
            self.runtime.block_on(self.runtime.host().call(tool, params.to_string())).result?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    #[track_caller]
    fn panics(&self, tool: &str, params: &Value, message: &str) {
        match self.call(tool, params) {
            Err(CallError::Panicked { message: told }) => assert!(told.contains(message), "{told}"),
            other => panic!("{tool}: {other:?}"),
        }
    }
}

/// All in one: what a process has lost it has lost for good. Not under the test harness, which sets a
/// panic hook at its end, and needs unwinding.
fn main() {
    let world = World::new();
    let works = json!({ "name": "WORKS" });
    let first = world.call("native", &json!({})).unwrap();

    // In a native part.
    world.panics("native", &json!({ "panic": true }), "a bug in a tool");
    let second = world.call("native", &json!({})).unwrap();
    assert_eq!(second["calls"], 2);
    assert_ne!(first["thread"], second["thread"], "another thread goes on");

    // In the driver, while an instance is at work that is kept, or one that is new.
    for plugin in ["resident", "fresh"] {
        let tool = format!("{plugin}__env");
        world.panics(&tool, &json!({ "name": "BREAKS" }), "a bug in the environment");
        assert_eq!(world.call(&tool, &works).unwrap()["value"], "a value");
    }
    let broken = world
        .audit
        .records()
        .into_iter()
        .filter(|record| record.rule.as_deref() == Some("panicked"));
    assert_eq!(broken.map(|record| record.outcome).collect::<Vec<_>>(), [AuditOutcome::Error; 2]);

    // In an effect off the executor.
    let url = json!({ "url": "http://127.0.0.1:9/" });
    world.panics("resident__http", &url, "a bug in the source of secrets");
    assert_eq!(world.call("resident__env", &works).unwrap()["value"], "a value");

    // What is in flight beside a panic goes on.
    let host = world.runtime.host().clone();
    let beside = world.runtime.executor().spawn(async move {
        host.call("fresh__env", json!({ "name": "WORKS" }).to_string()).await.result
    });
    world.panics("native", &json!({ "panic": true }), "a bug in a tool");
    assert!(world.runtime.block_on(beside).is_ok());
    // In a stage, and in a channel.
    let (answers, answered) = async_channel::unbounded();
    let rules = [("talks".to_owned(), ChannelRules::owner_only())].into_iter().collect();
    let gateway = world.runtime.gateway(world.runtime.commands(), rules);
    let host = world.runtime.host().clone();
    world.runtime.block_on(async {
        for falls in [false, true] {
            let channel = Arc::new(Talks { falls, answers: answers.clone() });
            let stage = Arc::clone(&channel) as Arc<dyn PipelineStage>;
            host.register(Member::channel(channel, gateway.inbox())).await.unwrap();
            if !falls {
                host.register(Member::stage(stage)).await.unwrap();
            }
        }
        host.start_all().await;
        let failure = answered.recv().await.unwrap().unwrap();
        assert_eq!(
            (failure.code.as_ref(), &*failure.message),
            ("panicked", "stage `breaks`: it panicked")
        );
        // Its own failure is what ends it; the host tries it again.
        let fell = || {
            host.members().iter().any(|it| format!("{:?}", it.state).contains("a bug in a channel"))
        };
        while !fell() {
            yield_now().await;
        }
    });
    assert_eq!(world.call("fresh__env", &works).unwrap()["value"], "a value");
    world.runtime.block_on(world.runtime.stop());
    drop((gateway, world));
    println!("test a_panic_costs_its_call_alone ... ok");
}
