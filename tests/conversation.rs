//! Whole conversations: over the console, the socket and a channel that is a guest, through SOUL.md, a
//! skill's command and a guest's tool, and back; with a skill that comes meanwhile.
#![cfg(feature = "socket")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/limit.rs"]
mod limit;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncWriteExt};
use limit::TimeLimit;
use serde_json::{Value, json};
use smol::Timer;
use smol::net::unix::UnixStream;
use tempfile::TempDir;
use weft_lite::actor::{Member, WantedChannels};
use weft_lite::channel::{
    ConsoleChannel, ConsoleStyle, SocketAddress, SocketChannel, SocketOptions,
};
use weft_lite::errors::PluginError;
use weft_lite::package::WorkspaceTrust;
use weft_lite::pipeline::{ChannelRules, Gateway};
use weft_lite::{
    BoxFuture, PipelineStage, PipelineStageType, PluginCapability, Runtime, SkillWatcher,
};

/// `/shout` calls the probe's echo with what is typed after it.
const SHOUT: &str = "---\nname: shout\ndescription: Gives back what it gets\n\
    command-dispatch: tool\ncommand-tool: probe__echo\nallowed-tools: probe__echo\n---\nShout.\n";
const GREET: &str = "---\nname: greet\ndescription: Greets people\n---\nSay hello to $ARGUMENTS.\n";

/// A process stage that says the first line of the prompt, the skill and the text.
struct Mirror;

impl PipelineStage for Mirror {
    fn name(&self) -> &str {
        "mirror"
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::Process
    }

    fn process<'a>(&'a self, mut state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        let soul = state["prompt"].as_str().unwrap().lines().next().unwrap().to_owned();
        let skill = state["skill"]["instructions"].as_str().unwrap_or_default().trim().to_owned();
        let text = state["text"].as_str().unwrap().to_owned();
        state["answer"] = json!({
            "text": format!("{soul} {skill} {text}"), "attachments": state["attachments"]
        });
        Box::pin(async move { Ok(state) })
    }
}

struct World {
    runtime: Runtime,
    gateway: Gateway,
    _watcher: SkillWatcher,
    folder: TempDir,
    console: BufReader<UnixStream>,
    _limit: TimeLimit,
}

fn guest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name)
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["home/skills/shout", "plugins/probe", "plugins/mailbox", "mailbox"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::write(at("SOUL.md"), "I am calm.\nAnd brief.\n").unwrap();
        fs::write(at("home/skills/shout/SKILL.md"), SHOUT).unwrap();
        for name in ["probe", "mailbox"] {
            let module = guest(name).join("plugin.wasm");
            fs::copy(module, at("plugins").join(name).join("plugin.wasm")).unwrap();
            let manifest = fs::read(guest(name).join("weft.plugin.json")).unwrap();
            let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
            if name == "mailbox" {
                manifest["channel"]["max_message_chars"] = 30.into();
            }
            let place = at("plugins").join(name).join("weft.plugin.json");
            fs::write(place, manifest.to_string()).unwrap();
        }
        let runtime = Runtime::builder()
            .without_bundled()
            .workspace(folder.path())
            .trust_workspace(WorkspaceTrust::Trusted)
            .weft_home(at("home"))
            .plugins(at("plugins"))
            .build();
        let rules = [
            ("console", ChannelRules::owner_only()),
            ("socket", ChannelRules::owner_only()),
            ("mailbox", ChannelRules { owner: Some("ann".into()), allow: vec!["bob".into()] }),
        ];
        let rules = rules.map(|(name, rules)| (name.to_owned(), rules)).into();
        let gateway = runtime.gateway(runtime.commands(), rules);
        let inbox = gateway.inbox();
        let socket = SocketOptions::new(SocketAddress::Unix(at("weft.sock")));
        let (near, far) = UnixStream::pair().unwrap();
        let console = ConsoleChannel::new(far.clone(), far, ConsoleStyle::Plain);
        let watcher = runtime.block_on(async {
            runtime.load().await;
            let host = runtime.host();
            let console = Member::channel(Arc::new(console), Arc::clone(&inbox));
            host.register(console).await.unwrap();
            let socket = Arc::new(SocketChannel::new(socket));
            host.register(Member::channel(socket, Arc::clone(&inbox))).await.unwrap();
            host.register(Member::stage(Arc::new(Mirror))).await.unwrap();
            let all: WantedChannels = Arc::new(|_| true);
            host.adopt_guests(&inbox, &all).await;
            for outcome in host.start_all().await {
                outcome.result.unwrap();
            }
            runtime.watch()
        });
        let console = BufReader::new(near);
        Self { runtime, gateway, _watcher: watcher, folder, console, _limit: TimeLimit::start() }
    }

    /// One line to the console and one back.
    async fn console(&mut self, line: &str) -> String {
        let line = format!("{line}\n");
        self.console.get_mut().write_all(line.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.console.read_line(&mut answer).await.unwrap();
        answer.trim_end().to_owned()
    }

    async fn socket(&self) -> BufReader<UnixStream> {
        let stream = UnixStream::connect(self.folder.path().join("weft.sock")).await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.read_line(&mut String::new()).await.unwrap();
        stream
    }

    /// Puts a message into the mailbox.
    fn post(&self, message: &Value) {
        let path = self.folder.path().join("mailbox/inbox.jsonl");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, format!("{before}{message}\n")).unwrap();
    }

    /// Waits for the message of this number out of the mailbox.
    async fn posted(&self, number: usize) -> Value {
        let path = self.folder.path().join(format!("mailbox/outbox/{number}.json"));
        loop {
            if let Ok(text) = fs::read_to_string(&path)
                && let Ok(message) = serde_json::from_str(&text)
            {
                return message;
            }
            Timer::after(Duration::from_millis(5)).await;
        }
    }
}

async fn ask(socket: &mut BufReader<UnixStream>, text: &str) -> Value {
    let line = format!("{}\n", json!({ "type": "message", "id": "1", "text": text }));
    socket.get_mut().write_all(line.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_line(&mut answer).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn console_socket_and_guest_channel_hold_equal_conversations() {
    let mut world = World::new();
    let shouted = json!({ "command": "hey", "commandName": "shout", "skillName": "shout" });
    // Everything runs on this thread: the runtime's own loop drives the test as well.
    let executor = Arc::clone(world.runtime.executor());
    smol::block_on(executor.run(async {
        let socket = &mut world.socket().await;
        // SOUL.md, over each of them.
        assert_eq!(world.console("hi").await, "I am calm.  hi");
        assert_eq!(ask(socket, "hi").await["text"], "I am calm.  hi");
        world.post(&json!({ "from": "ann", "room": "den", "thread": "tea", "text": "hi" }));
        let posted = world.posted(1).await;
        assert_eq!((&posted["room"], &posted["thread"]), (&json!("den"), &json!("tea")));
        assert_eq!(posted["payload"]["text"], "I am calm.  hi");
        assert_eq!(posted["payload"]["thread"], "tea");
        // A skill's command and the guest's tool behind it.
        assert_eq!(world.console("/shout hey").await, shouted.to_string());
        assert_eq!(ask(socket, "/shout hey").await["value"], shouted);
        assert_eq!(ask(socket, "probe__echo {\"a\":1}").await["value"], json!({ "a": 1 }));
        // A skill that comes meanwhile.
        assert!(
            world.console("/greet Ada").await.starts_with("error: there is no command `/greet`")
        );
        world.console.read_line(&mut String::new()).await.unwrap();
        let greet = world.folder.path().join("home/skills/greet");
        fs::create_dir(&greet).unwrap();
        fs::write(greet.join("SKILL.md"), GREET).unwrap();
        loop {
            let answer = world.console("/greet Ada").await;
            if !answer.starts_with("error") {
                assert_eq!(answer, "I am calm. Say hello to Ada. Ada");
                break;
            }
            world.console.read_line(&mut String::new()).await.unwrap();
            Timer::after(Duration::from_millis(10)).await;
        }
        assert_eq!(ask(socket, "/greet Bo").await["text"], "I am calm. Say hello to Bo. Bo");
        world.runtime.stop().await;
    }));
}

#[test]
fn a_guest_channel_supports_threads_media_and_receipts() {
    let world = World::new();
    let executor = Arc::clone(world.runtime.executor());
    smol::block_on(executor.run(async {
        let mailbox = world.folder.path().join("mailbox");
        // A stranger's message is refused, acknowledged, and hinders nobody.
        world.post(&json!({ "from": "eve", "room": "den", "text": "let me in" }));
        world.post(&json!({ "from": "owner", "room": "den", "text": "let me in" }));
        world.post(&json!({ "from": "ann", "room": "den", "mime": "image/png", "bytes": "iVA=" }));
        let text = world.posted(1).await;
        assert_eq!(text["payload"]["text"], "I am calm.  ");
        let picture = world.posted(2).await;
        let payload = json!({ "type": "binary", "mime": "image/png", "bytes": "iVA=" });
        assert_eq!(picture["payload"], payload);
        assert_eq!(fs::read_to_string(mailbox.join("inbox.taken")).unwrap().trim(), "3");
        // Long answers come in parts of at most 30 characters.
        let words = "a text that is longer than one message may be here";
        world.post(&json!({ "from": "bob", "room": "attic", "thread": "t", "text": words }));
        let mut parts = Vec::new();
        for number in 3..6 {
            let part = world.posted(number).await;
            assert_eq!(part["thread"], "t");
            parts.push(part["payload"]["text"].as_str().unwrap().to_owned());
        }
        assert!(parts.iter().all(|part| part.chars().count() <= 30), "{parts:?}");
        assert_eq!(parts.join(" "), format!("I am calm.  {words}"));
        // An allowed sender is not the owner.
        world.post(&json!({ "from": "bob", "room": "attic", "text": "/reload" }));
        let refused = world.posted(6).await["payload"]["text"].as_str().unwrap().to_owned();
        assert!(refused.starts_with("error: `/reload` is for"), "{refused}");
        // A plugin writes what it likes as its owner: nothing is approved that way.
        let mut part = 6;
        for line in ["/approve probe network", "/reject probe"] {
            world.post(&json!({ "from": "ann", "room": "shed", "text": line }));
            let mut said = String::new();
            while !said.contains("is not allowed over the channel of a plugin") {
                part += 1;
                let payload = &world.posted(part).await["payload"];
                said = [&said, payload["text"].as_str().unwrap().trim()].join(" ");
                assert!(part < 30, "{said}");
            }
        }
        assert!(world.runtime.host().registry().plugin("probe").is_some());
        world.runtime.stop().await;
    }));
}

#[test]
fn a_guest_channel_answers_accepted_messages_at_shutdown() {
    let world = World::new();
    let executor = Arc::clone(world.runtime.executor());
    smol::block_on(executor.run(async {
        let host = world.runtime.host();
        let state = || {
            let members = host.members();
            let mailbox = members.iter().find(|member| member.name == "mailbox").unwrap();
            (mailbox.kind, mailbox.origin.to_string(), mailbox.state.to_string())
        };
        let running = (PluginCapability::Channel, "plugin mailbox".into(), "running".into());
        assert_eq!(state(), running);
        world.post(&json!({ "from": "ann", "room": "den", "text": "last" }));
        // As soon as it is acknowledged it is owed an answer.
        while !world.folder.path().join("mailbox/inbox.taken").exists() {
            Timer::after(Duration::from_millis(1)).await;
        }
        host.stop_kind(PluginCapability::Channel).await;
        assert_eq!(state().2, "stopped: it was told to");
        world.gateway.stop(Duration::from_secs(10)).await;
        assert_eq!(world.posted(1).await["payload"]["text"], "I am calm.  last");
        world.runtime.stop().await;
        assert!(host.members().is_empty());
    }));
}
