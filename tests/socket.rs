//! The socket: its protocol, who may use it, and what becomes of messages when somebody goes away.
#![cfg(feature = "socket")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/limit.rs"]
mod limit;
#[path = "talk/skills.rs"]
mod skills;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_channel::Receiver;
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use limit::TimeLimit;
use serde_json::{Value, json};
use skills::{registry, skill};
use smol::net::TcpStream;
use smol::net::unix::UnixStream;
use tempfile::TempDir;
use weft_lite::actor::Member;
use weft_lite::channel::{SocketAddress, SocketChannel, SocketOptions};
use weft_lite::command::{Commands, built_in_commands};
use weft_lite::errors::PluginError;
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::pipeline::{ChannelRules, Gateway, GatewayOptions};
use weft_lite::{
    Approval, BoxFuture, ChannelAdapter, MessagePayload, PipelineStage, PipelineStageType,
    PluginCapability, PluginPackage, Requester, Runtime, Secret, limits,
};

struct World {
    runtime: Runtime,
    gateway: Arc<Gateway>,
    socket: Arc<SocketChannel>,
    working: Arc<AtomicUsize>,
    folder: TempDir,
    _limit: TimeLimit,
}

/// Answers `attachments` with what came, `count` with how much that was, `wait` when it is let to, `big` with a megabyte, and anything
/// else with itself.
struct Model {
    open: Receiver<()>,
    working: Arc<AtomicUsize>,
}

/// Counts those that wait.
struct Working<'m>(&'m AtomicUsize);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PipelineStage for Model {
    fn name(&self) -> &str {
        "model"
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::Process
    }

    fn process<'a>(&'a self, mut state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move {
            state["answer"] = match state["text"].as_str().unwrap() {
                "attachments" => json!({ "attachments": state["attachments"] }),
                "sender" => json!({ "text": state["sender"] }),
                "count" => {
                    json!({ "text": state["attachments"].as_array().unwrap().len().to_string() })
                }
                "big" => json!({ "text": "x".repeat(1 << 20) }),
                text => {
                    if text == "wait" {
                        self.working.fetch_add(1, Ordering::Relaxed);
                        let _working = Working(&self.working);
                        let _ = self.open.recv().await;
                    }
                    json!({ "text": format!("<{text}>") })
                }
            };
            Ok(state)
        })
    }

    /// Says each word of what begins with `say` before it answers.
    fn process_for<'a>(
        &'a self,
        state: Value,
        requester: Arc<dyn Requester>,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move {
            let text = state["text"].as_str().unwrap();
            for word in text.split_inclusive(' ').filter(|_| text.starts_with("say")) {
                requester.say(word.into()).await;
            }
            self.process(state).await
        })
    }
}

/// A stage that could change every answer.
struct Later;

impl PipelineStage for Later {
    fn name(&self) -> &str {
        "later"
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::PostProcess
    }

    fn process<'a>(&'a self, state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move { Ok(state) })
    }
}

impl World {
    fn new(open: &Receiver<()>, change: impl FnOnce(&mut SocketOptions)) -> Self {
        Self::sending(Duration::from_millis(200), open, change)
    }

    /// One whose answers may take this long to be written.
    fn sending(
        send_limit: Duration,
        open: &Receiver<()>,
        change: impl FnOnce(&mut SocketOptions),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("weft.sock");
        let mut options = SocketOptions::new(SocketAddress::Unix(path));
        change(&mut options);
        let runtime = Runtime::builder().without_bundled().build();
        let commands = Commands::new(runtime.host().clone(), built_in_commands(None));
        let mut gateway = GatewayOptions::new(folder.path());
        let rules = ChannelRules { allow: vec!["ann".into()], ..ChannelRules::owner_only() };
        gateway.rules.insert("socket".into(), rules);
        gateway.send_limit = send_limit;
        let working: Arc<AtomicUsize> = Arc::default();
        let model = Model { open: open.clone(), working: Arc::clone(&working) };
        let gateway = Gateway::start(runtime.executor(), Arc::new(commands), &gateway);
        let socket = Arc::new(SocketChannel::new(options));
        runtime.block_on(async {
            let host = runtime.host();
            let channel = Member::channel(Arc::clone(&socket) as _, gateway.inbox());
            host.register(channel).await.unwrap();
            host.register(Member::stage(Arc::new(model))).await.unwrap();
            for outcome in host.start_all().await {
                outcome.result.unwrap();
            }
        });
        let gateway = Arc::new(gateway);
        Self { runtime, gateway, socket, working, folder, _limit: TimeLimit::start() }
    }

    fn simple() -> Self {
        Self::new(&async_channel::bounded(1).1, |_| {})
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("weft.sock")
    }

    async fn connect(&self) -> Client<UnixStream> {
        let mut client = Client::new(UnixStream::connect(self.path()).await.unwrap());
        assert_eq!(client.next().await["type"], "hello");
        client
    }

    async fn connect_tcp(&self) -> Client<TcpStream> {
        let Some(SocketAddress::Tcp(address)) = self.socket.local_address() else { panic!() };
        Client::new(TcpStream::connect(address).await.unwrap())
    }
}

struct Client<S> {
    reader: BufReader<S>,
    writer: S,
}

impl<S: AsyncRead + AsyncWrite + Clone + Unpin> Client<S> {
    fn new(stream: S) -> Self {
        Self { reader: BufReader::new(stream.clone()), writer: stream }
    }

    async fn say(&mut self, line: Value) {
        self.raw(format!("{line}\n").as_bytes()).await;
    }

    async fn raw(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    /// The next line, or nothing at the end.
    async fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.reader.read_line(&mut line).await.unwrap_or(0);
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    async fn next(&mut self) -> Value {
        self.line().await.expect("the connection is open")
    }

    async fn ask(&mut self, text: &str) -> Value {
        self.say(json!({ "type": "message", "id": "q", "text": text })).await;
        self.next().await
    }
}

#[test]
fn a_message_is_answered_under_its_id() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        assert_eq!(client.ask("hi").await, json!({ "type": "answer", "id": "q", "text": "<hi>" }));
        // The id is free again.
        assert_eq!(client.ask("/clear").await["text"], "there was nothing to forget");
        let failure = client.ask("/nothing").await;
        assert_eq!((&failure["type"], &failure["id"]), (&json!("failure"), &json!("q")));
        assert_eq!(failure["code"], "unknown_command");
        assert!(failure["next_step"].as_str().unwrap().contains("/help"), "{failure}");
        let tool = client.ask("no_such_tool {}").await;
        assert_eq!((&tool["type"], &tool["code"]), (&json!("failure"), &json!("unknown_tool")));
    });
}

#[test]
fn parts_come_to_those_who_ask() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        let ask = json!({ "type": "message", "id": "1", "text": "say it", "parts": true });
        let answer = json!({ "type": "answer", "id": "1", "text": "<say it>" });
        client.say(ask.clone()).await;
        for text in ["say ", "it"] {
            assert_eq!(client.next().await, json!({ "type": "part", "id": "1", "text": text }));
        }
        assert_eq!(client.next().await, answer);
        let mut in_thread = ask.clone();
        in_thread["thread"] = "t".into();
        client.say(in_thread).await;
        let part = json!({ "type": "part", "id": "1", "thread": "t", "text": "say " });
        assert_eq!(client.next().await, part);
        client.next().await;
        assert_eq!(client.next().await["type"], "answer");
        // Who does not ask gets the answer alone.
        assert_eq!(client.ask("say it").await["type"], "answer");
        // So does everybody where the answer may still be changed.
        world.runtime.host().register(Member::stage(Arc::new(Later))).await.unwrap();
        let stages = PluginCapability::PipelineStage;
        world.runtime.host().start_member(stages, "later").await.unwrap();
        client.say(ask).await;
        assert_eq!(client.next().await, answer);
    });
}

#[test]
fn an_added_skill_is_a_command_at_once() {
    let world = World::simple();
    let greet = "---\nname: greet\ndescription: Greets\n---\nSay hello to $ARGUMENTS.\n";
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        assert_eq!(client.ask("/greet Ada").await["code"], "unknown_command");
        world.runtime.host().put_skills(registry(vec![skill("greet", greet)])).await.unwrap();
        assert_eq!(client.ask("/greet Ada").await["text"], "<Ada>");
        assert!(client.ask("/help").await["text"].as_str().unwrap().contains("/greet"));
    });
}

/// Its lines are there whenever they are looked for, so that reading them never waits.
#[test]
fn a_busy_client_leaves_others_their_turn() {
    let world = World::simple();
    for line in ["\n", " ", "x\n", "{\"type\":\"message\",\"id\":\"\",\"text\":\"\"}\n"] {
        let stream = std::os::unix::net::UnixStream::connect(world.path()).unwrap();
        let mut answers = stream.try_clone().unwrap();
        let drain = std::thread::spawn(move || std::io::copy(&mut answers, &mut std::io::sink()));
        let end = stream.try_clone().unwrap();
        let flood = std::thread::spawn(move || {
            let lines = line.repeat(16 << 10);
            while std::io::Write::write_all(&mut &stream, lines.as_bytes()).is_ok() {}
        });
        world.runtime.block_on(async {
            let mut client = world.connect().await;
            for _ in 0..3 {
                assert_eq!(client.ask("hi").await["text"], "<hi>");
            }
        });
        end.shutdown(std::net::Shutdown::Both).unwrap();
        flood.join().unwrap();
        drain.join().unwrap().unwrap();
    }
}

#[test]
fn attachments_go_both_ways_as_base64() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        let attachments = json!([{ "mime": "image/png", "bytes": "iVA=" }, { "mime": "a/b", "bytes": "AA==" }]);
        client
            .say(json!({ "type": "message", "id": "1", "text": "attachments", "attachments": attachments }))
            .await;
        for (part, attachment) in attachments.as_array().unwrap().iter().enumerate() {
            let line = client.next().await;
            assert_eq!((&line["part"], &line["parts"]), (&json!(part), &json!(2)));
            assert_eq!(line["attachment"], *attachment);
        }
        client
            .say(json!({ "type": "message", "id": "2", "attachments": [{ "mime": "a/b", "bytes": "?" }] }))
            .await;
        let refused = client.next().await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("invalid")));
        // Its id is free again: what was refused is not in flight.
        client.say(json!({ "type": "message", "id": "2", "text": "count" })).await;
        assert_eq!(client.next().await, json!({ "type": "answer", "id": "2", "text": "0" }));
        // There is one way to send them.
        let metadata = json!({ "attachments": attachments, "message_id": "other" });
        client
            .say(json!({ "type": "message", "id": "3", "text": "count", "metadata": metadata }))
            .await;
        assert_eq!(client.next().await, json!({ "type": "answer", "id": "3", "text": "0" }));
    });
}

#[test]
fn threads_are_separate_conversations() {
    let world = World::simple();
    let greet = "---\nname: greet\ndescription: Greets\n---\nSay hello.\n";
    world.runtime.block_on(async {
        world.runtime.host().put_skills(registry(vec![skill("greet", greet)])).await.unwrap();
        let mut client = world.connect().await;
        let message =
            |text: &str| json!({ "type": "message", "id": "1", "text": text, "thread": "tea" });
        client.say(message("/use greet")).await;
        let answer = client.next().await;
        assert_eq!((&answer["type"], &answer["thread"]), (&json!("answer"), &json!("tea")));
        let other = client.ask("/clear").await;
        assert_eq!(
            (&other["text"], other.get("thread")),
            (&json!("there was nothing to forget"), None)
        );
        client.say(message("/clear")).await;
        assert_eq!(client.next().await["text"], "forgot one skill");
    });
}

#[test]
fn work_can_be_followed_and_cancelled() {
    let (_open, opens) = async_channel::bounded(1);
    let world = World::new(&opens, |_| {});
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        client.say(json!({ "type": "message", "id": "1", "text": "wait", "progress": true })).await;
        assert_eq!(client.next().await, json!({ "type": "taken", "id": "1" }));
        let progress = json!({ "type": "progress", "id": "1", "note": "stage model" });
        assert_eq!(client.next().await, progress);
        // Another conversation on the same connection is not kept waiting.
        client.say(json!({ "type": "message", "id": "2", "text": "hi", "chat": "other" })).await;
        assert_eq!(client.next().await["text"], "<hi>");
        client.say(json!({ "type": "cancel", "id": "1" })).await;
        let cancelled = client.next().await;
        assert_eq!((&cancelled["type"], &cancelled["id"]), (&json!("failure"), &json!("1")));
        assert_eq!(cancelled["code"], "cancelled");
    });
}

#[test]
fn unintelligible_lines_are_answered_and_the_connection_stays() {
    let world = World::new(&async_channel::bounded(1).1, |options| options.line_bytes = 1000);
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        for line in ["nonsense", "{\"type\":\"dance\"}", "[1]", "{\"type\":\"message\"}", "\u{0}"] {
            client.raw(format!("{line}\n").as_bytes()).await;
            let error = client.next().await;
            assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("bad_line")), "{line}");
        }
        client.raw(&[b"\n\n", vec![b' '; 3000].as_slice(), b"x\n"].concat()).await;
        assert_eq!(client.next().await["code"], "line_too_long");
        for (id, chat) in [(0, 1), (129, 1), (1, 0), (1, 129)] {
            let (id, chat) = ("ä".repeat(id), "ä".repeat(chat));
            client.say(json!({ "type": "message", "id": id, "text": "x", "chat": chat })).await;
            let refused = client.next().await;
            assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("invalid")));
        }
        let longest = "ä".repeat(128);
        client.say(json!({ "type": "message", "id": longest, "text": "x", "chat": longest })).await;
        assert_eq!(client.next().await["id"], longest);
        // In pieces, and two lines at once.
        let lines = "{\"type\":\"message\",\"id\":\"a\",\"text\":\"1\"}\n{\"type\":\"message\",\"id\":\"b\",\"text\":\"2\"}\n";
        for piece in lines.as_bytes().chunks(7) {
            client.raw(piece).await;
            smol::future::yield_now().await;
        }
        assert_eq!(client.next().await["text"], "<1>");
        assert_eq!(client.next().await["text"], "<2>");
    });
}

/// Calls a tool with as much as a call may have, and gets as much back.
async fn call_with_most<S>(client: &mut Client<S>)
where
    S: AsyncRead + AsyncWrite + Clone + Unpin,
{
    let text = "x".repeat(limits::PARAMS_BYTES - r#"{"a":""}"#.len());
    // Twice: what the first one held is given back.
    for _ in 0..2 {
        let answer = client.ask(&format!(r#"echo__echo {{"a":"{text}"}}"#)).await;
        assert!(answer["value"]["a"] == text, "{}", &answer.to_string()[..200]);
    }
}

#[test]
fn the_largest_arguments_fit_into_a_line() {
    let load = async |world: &World| {
        let module = include_bytes!("guests/echo/plugin.wasm").as_slice();
        let manifest = include_str!("guests/echo/weft.plugin.json");
        let origin = PackageOrigin::Folder("echo".into());
        let (form, read) = (ManifestFormat::Json, ReadLimits::default());
        let package = PluginPackage::read_parts(manifest, form, module, origin, read).unwrap();
        world.runtime.host().load([(package, Approval::NONE)], []).await;
    };
    let long = Duration::from_secs(30);
    let world = World::sending(long, &async_channel::bounded(1).1, |_| {});
    world.runtime.block_on(async {
        load(&world).await;
        let mut client = world.connect().await;
        call_with_most(&mut client).await;
        client.raw(&[vec![b'x'; limits::MESSAGE_BYTES + 1], b"\n".to_vec()].concat()).await;
        assert_eq!(client.next().await["code"], "line_too_long");
    });
    let world = World::sending(long, &async_channel::bounded(1).1, tcp);
    world.runtime.block_on(async {
        load(&world).await;
        let mut client = world.connect_tcp().await;
        client.say(json!({ "type": "hello", "token": "t0ken" })).await;
        assert_eq!(client.next().await["type"], "hello");
        call_with_most(&mut client).await;
    });
}

#[test]
fn a_clients_message_ids_are_unique_and_bounded() {
    let (_open, opens) = async_channel::bounded(1);
    let world = World::new(&opens, |options| options.in_flight = 3);
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        let message = |id: &str| json!({ "type": "message", "id": id, "text": "wait", "chat": id });
        client.say(message("1")).await;
        client.say(message("1")).await;
        assert_eq!(client.next().await["code"], "duplicate_id");
        client.say(message("2")).await;
        client.say(message("3")).await;
        client.say(message("4")).await;
        let busy = client.next().await;
        assert_eq!((&busy["id"], &busy["code"]), (&json!("4"), &json!("busy")));
    });
}

#[test]
fn a_connection_has_sixty_four_conversations() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        let message = |chat: usize| json!({ "type": "message", "id": "1", "text": "x", "chat": chat.to_string() });
        for chat in 0..64 {
            client.say(message(chat)).await;
            assert_eq!(client.next().await["type"], "answer");
        }
        client.say(message(64)).await;
        let refused = client.next().await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("too_many_chats")));
        client.say(message(0)).await;
        assert_eq!(client.next().await["type"], "answer");
    });
}

#[test]
fn a_reopened_socket_drops_its_old_clients() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        let host = world.runtime.host();
        host.stop_kind(PluginCapability::Channel).await;
        host.start_kind(PluginCapability::Channel).await;
        assert_eq!(client.line().await, None);
        assert_eq!(world.connect().await.ask("hi").await["text"], "<hi>");
    });
}

#[test]
fn a_leaving_client_with_full_queue_is_noticed() {
    let (_open, opens) = async_channel::bounded(1);
    let world = World::new(&opens, |_| {});
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        for id in 0..64 {
            let message = json!({ "type": "message", "id": id.to_string(), "text": "wait" });
            client.say(message).await;
        }
        let until = async |happened: &dyn Fn() -> bool| {
            let late = async {
                smol::Timer::after(Duration::from_secs(60)).await;
                panic!("it is not noticed");
            };
            let looking = async {
                while !happened() {
                    smol::Timer::after(Duration::from_millis(5)).await;
                }
            };
            smol::future::or(looking, late).await;
        };
        until(&|| world.working.load(Ordering::Relaxed) == 1).await;
        drop(client);
        until(&|| world.working.load(Ordering::Relaxed) == 0 && world.socket.clients() == 0).await;
        assert_eq!(world.connect().await.ask("hi").await["text"], "<hi>");
    });
}

#[test]
fn the_unix_socket_is_private_and_removed() {
    let world = World::simple();
    let mode = std::fs::metadata(world.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        assert_eq!(client.ask("sender").await["text"], "owner");
        world.runtime.host().stop_all().await;
    });
    assert!(!world.path().exists());
}

#[test]
fn a_socket_that_replaced_ours_is_kept() {
    let world = World::simple();
    std::fs::remove_file(world.path()).unwrap();
    let _other = std::os::unix::net::UnixListener::bind(world.path()).unwrap();
    world.runtime.block_on(world.runtime.host().stop_all());
    assert!(world.path().exists());
}

#[test]
fn a_stale_socket_is_replaced_a_live_isnt() {
    let world = World::simple();
    let again =
        || Arc::new(SocketChannel::new(SocketOptions::new(SocketAddress::Unix(world.path()))));
    let error = world.runtime.block_on(again().open()).unwrap_err();
    assert!(error.to_string().contains("another program listens on"), "{error}");
    let other = world.folder.path().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&other).unwrap());
    let left = SocketChannel::new(SocketOptions::new(SocketAddress::Unix(other.clone())));
    world.runtime.block_on(left.open()).unwrap();
    let file = world.folder.path().join("notes.txt");
    std::fs::write(&file, "mine").unwrap();
    let notes = SocketChannel::new(SocketOptions::new(SocketAddress::Unix(file.clone())));
    assert!(world.runtime.block_on(notes.open()).is_err());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "mine");
}

fn tcp(options: &mut SocketOptions) {
    options.address = SocketAddress::Tcp("127.0.0.1:0".into());
    options.hello_limit = Duration::from_millis(200);
    options.token = Some(Arc::new(|| {
        Some(Secret { value: "t0ken".into(), hosts: Vec::new(), allow_http: false })
    }));
}

#[test]
fn over_tcp_only_the_token_lets_anybody_in() {
    let world = World::new(&async_channel::bounded(1).1, tcp);
    world.runtime.block_on(async {
        let mut client = world.connect_tcp().await;
        client.say(json!({ "type": "hello", "token": "t0ken" })).await;
        assert_eq!(client.next().await["type"], "hello");
        assert_eq!(client.ask("sender").await["text"], "owner");

        let message = json!({ "type": "message", "id": "1", "text": "hi" });
        for first in
            [json!({ "type": "hello", "token": "token" }), json!({ "type": "hello" }), message]
        {
            let mut stranger = world.connect_tcp().await;
            stranger.say(first).await;
            assert_eq!(stranger.next().await["code"], "wrong_token");
            assert_eq!(stranger.line().await, None);
        }
        let mut silent = world.connect_tcp().await;
        assert_eq!(silent.next().await["code"], "no_token");
        assert_eq!(silent.line().await, None);
        let mut long = world.connect_tcp().await;
        long.raw(&[vec![b'x'; 5000], b"\n".to_vec()].concat()).await;
        assert_eq!(long.next().await["code"], "wrong_token");
        // Whoever has not shown the token can't make it hold much, whatever the line is.
        let mut padded = world.connect_tcp().await;
        let hello = json!({ "type": "hello", "token": "t0ken" }).to_string();
        padded.raw(format!("{hello}{}\n", " ".repeat(4097 - hello.len())).as_bytes()).await;
        assert_eq!(padded.next().await["code"], "wrong_token");
    });
}

#[test]
fn over_tcp_closing_and_half_closing_differ() {
    let (open, opens) = async_channel::bounded(1);
    let world = World::new(&opens, tcp);
    world.runtime.block_on(async {
        let asking = async || {
            let mut client = world.connect_tcp().await;
            client.say(json!({ "type": "hello", "token": "t0ken" })).await;
            assert_eq!(client.next().await["type"], "hello");
            for id in ["1", "2"] {
                client.say(json!({ "type": "message", "id": id, "text": "wait" })).await;
            }
            while world.working.load(Ordering::Relaxed) == 0 {
                smol::future::yield_now().await;
            }
            client
        };
        let gone = async {
            drop(asking().await);
            while world.working.load(Ordering::Relaxed) > 0 || world.socket.clients() > 0 {
                smol::Timer::after(Duration::from_millis(5)).await;
            }
        };
        let late = async {
            smol::Timer::after(Duration::from_secs(20)).await;
            panic!("it is not noticed");
        };
        smol::future::or(gone, late).await;

        let mut client = asking().await;
        client.writer.shutdown(std::net::Shutdown::Write).unwrap();
        // It is asked whether it is there, by what means nothing before a line.
        let mut asked = [0; 2];
        client.reader.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"  ");
        for id in ["1", "2"] {
            open.send(()).await.unwrap();
            assert_eq!(client.next().await["id"], id);
        }
        assert_eq!(client.line().await, None);
    });
}

/// What becomes of `text` that the client says for `sender`: its text, or the code of its failure.
async fn said_for<S>(client: &mut Client<S>, sender: &str, text: &str) -> String
where
    S: AsyncRead + AsyncWrite + Clone + Unpin,
{
    let line = json!({ "type": "message", "id": "q", "sender": sender, "text": text });
    client.say(line).await;
    let said = client.next().await;
    said["text"].as_str().or(said["code"].as_str()).unwrap().to_owned()
}

#[test]
fn the_allow_list_covers_named_senders() {
    let world = World::new(&async_channel::bounded(1).1, tcp);
    world.runtime.block_on(async {
        let mut client = world.connect_tcp().await;
        client.say(json!({ "type": "hello", "token": "t0ken" })).await;
        client.next().await;
        assert_eq!(said_for(&mut client, "ann", "sender").await, "ann");
        assert_eq!(said_for(&mut client, "ann", "/audit").await, "owner_only");
        assert_eq!(said_for(&mut client, "eve", "sender").await, "refused");
        // Whoever calls themselves so somewhere else is not the owner here, nor a user of the machine.
        for name in ["owner", "uid:0"] {
            assert_eq!(said_for(&mut client, name, "/audit").await, "refused", "{name}");
        }
        for name in [String::new(), "x".repeat(129)] {
            assert_eq!(said_for(&mut client, &name, "sender").await, "invalid");
        }
        assert_eq!(client.ask("sender").await["text"], "owner");
    });
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        assert_eq!(said_for(&mut client, "ann", "sender").await, "ann");
        assert_eq!(said_for(&mut client, "eve", "sender").await, "refused");
    });
}

#[test]
fn a_tcp_socket_needs_a_token() {
    for token in [None, Some(Arc::new(|| None) as weft_lite::channel::TokenSource)] {
        let mut options = SocketOptions::new(SocketAddress::Tcp("127.0.0.1:0".into()));
        options.token = token;
        let error = smol::block_on(SocketChannel::new(options).open()).unwrap_err();
        assert!(error.to_string().contains("a TCP socket needs a secret"), "{error}");
    }
}

#[test]
fn more_clients_than_there_may_be_are_told() {
    let world = World::new(&async_channel::bounded(1).1, |options| options.max_clients = 2);
    world.runtime.block_on(async {
        let (_one, two) = (world.connect().await, world.connect().await);
        let mut three = Client::new(UnixStream::connect(world.path()).await.unwrap());
        assert_eq!(three.next().await["code"], "too_many_clients");
        assert_eq!(three.line().await, None);
        drop(two);
        // The place is free as soon as the socket has seen that it is.
        while world.socket.clients() > 1 {
            smol::Timer::after(Duration::from_millis(1)).await;
        }
        world.connect().await;
    });
}

#[test]
fn a_half_closing_client_gets_its_answers() {
    let (open, opens) = async_channel::bounded(1);
    let world = World::new(&opens, |_| {});
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        client.say(json!({ "type": "message", "id": "1", "text": "wait" })).await;
        client.say(json!({ "type": "message", "id": "2", "text": "last" })).await;
        client.writer.shutdown(std::net::Shutdown::Write).unwrap();
        open.send(()).await.unwrap();
        assert_eq!(client.next().await["text"], "<wait>");
        assert_eq!(client.next().await["text"], "<last>");
        assert_eq!(client.line().await, None);
    });
}

#[test]
fn a_disconnected_client_costs_no_more_work() {
    let (_open, opens) = async_channel::bounded::<()>(1);
    let world = World::new(&opens, |_| {});
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        client.say(json!({ "type": "message", "id": "1", "text": "wait", "progress": true })).await;
        client.next().await;
        while world.working.load(Ordering::Relaxed) == 0 {
            smol::future::yield_now().await;
        }
        drop(client);
        while world.working.load(Ordering::Relaxed) > 0 || world.socket.clients() > 0 {
            smol::Timer::after(Duration::from_millis(1)).await;
        }
        let mut next = world.connect().await;
        assert_eq!(next.ask("hi").await["text"], "<hi>");
    });
}

#[test]
fn leaving_ends_the_connection_after_the_answer() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        assert_eq!(client.ask("/quit").await["text"], "goodbye");
        assert_eq!(client.line().await, None);
        world.connect().await;
    });
}

#[test]
fn stopping_answers_or_reports_every_message() {
    let (_open, opens) = async_channel::bounded::<()>(1);
    let world = World::new(&opens, |_| {});
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        for id in 0..5 {
            let progress = id == 0;
            client
                .say(json!({ "type": "message", "id": id.to_string(), "text": "wait", "progress": progress }))
                .await;
        }
        // The first is worked on, so all that were sent with it have been read.
        assert_eq!(client.next().await["type"], "taken");
        assert_eq!(client.next().await["type"], "progress");
        let mut sync = world.connect().await;
        sync.ask("hi").await;
        world.runtime.host().stop_kind(PluginCapability::Channel).await;
        world.gateway.stop(Duration::ZERO).await;
        for id in 0..5 {
            let failure = client.next().await;
            assert_eq!(failure["id"], id.to_string());
            assert_eq!(failure["code"], "stopping");
        }
    });
}

#[test]
fn the_host_can_say_something_by_itself() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut client = world.connect().await;
        let payload = MessagePayload::Json { value: json!({ "alarm": true }) };
        assert_eq!(world.socket.send("1/main", &payload).await.unwrap(), "1");
        let said = json!({ "type": "message", "chat": "main", "value": { "alarm": true } });
        assert_eq!(client.next().await, said);
        assert!(world.socket.send("9/main", &payload).await.is_err());
        assert!(world.socket.send("main", &payload).await.is_err());
    });
}

#[test]
fn a_client_that_reads_nothing_is_disconnected() {
    let world = World::simple();
    world.runtime.block_on(async {
        let mut deaf = world.connect().await;
        for id in 0..8 {
            let id = id.to_string();
            deaf.say(json!({ "type": "message", "id": id, "text": "big", "chat": id })).await;
        }
        let mut client = world.connect().await;
        assert_eq!(client.ask("hi").await["text"], "<hi>");
        while world.socket.clients() > 1 {
            smol::Timer::after(Duration::from_millis(1)).await;
        }
        assert_eq!(client.ask("hi").await["text"], "<hi>");
    });
}
