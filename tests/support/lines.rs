//! The entry point for the socket's lines: whatever a client sends, what it gets back are lines of the
//! protocol, no message has two last words, and one that was sent last is answered.

use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::{Arc, LazyLock};

use futures_lite::future::zip;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use serde_json::{Value, json};
use smol::net::unix::UnixStream;
use tempfile::TempDir;
use weft_lite::Runtime;
use weft_lite::actor::Member;
use weft_lite::channel::{SocketAddress, SocketChannel, SocketOptions};
use weft_lite::command::{Commands, built_in_commands};
use weft_lite::pipeline::{ChannelRules, Gateway, GatewayOptions};

struct World {
    runtime: Runtime,
    folder: TempDir,
    _gateway: Gateway,
}

/// A socket whose lines are short, in front of the built-in commands.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = TempDir::new().expect("there is a folder for the socket");
    let mut options = SocketOptions::new(SocketAddress::Unix(folder.path().join("s")));
    options.line_bytes = 1000;
    options.in_flight = 8;
    let runtime = Runtime::builder().without_bundled().build();
    let commands = Commands::new(runtime.host().clone(), built_in_commands(None));
    let mut rules = GatewayOptions::new(folder.path());
    let allow = vec!["ann".to_owned()];
    rules.rules.insert("socket".into(), ChannelRules { allow, ..ChannelRules::owner_only() });
    let gateway = Gateway::start(runtime.executor(), Arc::new(commands), &rules);
    runtime.block_on(async {
        let socket = Arc::new(SocketChannel::new(options));
        let member = Member::channel(socket, gateway.inbox());
        runtime.host().register(member).await.expect("nothing has its name");
        for outcome in runtime.host().start_all().await {
            outcome.result.expect("the socket opens");
        }
    });
    World { runtime, folder, _gateway: gateway }
});

/// The id of the message that is sent last.
const LAST: &str = "the last one";

/// Any bytes as the lines of a client; then one that has to be answered.
pub(crate) fn socket_lines(data: &[u8]) {
    let World { runtime, folder, .. } = &*WORLD;
    let last = json!({ "type": "message", "id": LAST, "text": "/clear", "chat": LAST });
    let sent = [data, format!("\n{last}\n").as_bytes()].concat();
    let received = runtime.block_on(async {
        let stream = UnixStream::connect(folder.path().join("s")).await.expect("it listens");
        let (mut reader, mut writer) = (stream.clone(), stream);
        let sending = async {
            // Whoever says `/quit` is gone before everything is sent.
            let _ = writer.write_all(&sent).await;
            let _ = writer.shutdown(Shutdown::Write);
        };
        let mut received = Vec::new();
        let reading = async {
            // A connection that is closed with something unread in it ends with an error.
            let _ = reader.read_to_end(&mut received).await;
        };
        zip(sending, reading).await;
        received
    });
    let received = String::from_utf8(received).expect("lines are UTF-8");
    check(&received, &String::from_utf8_lossy(&sent));
}

fn check(received: &str, sent: &str) {
    let mut last_words: HashMap<String, usize> = HashMap::new();
    let mut has_left = false;
    for line in received.split_terminator('\n') {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        let of = |key: &str| line[key].as_str().unwrap_or_default();
        let is_last_part = line.get("part").is_none_or(|part| {
            let parts = line["parts"].as_u64().expect("there are `parts` where there is a `part`");
            part.as_u64().expect("it is a number") + 1 == parts
        });
        match of("type") {
            "answer" if !is_last_part => {}
            "answer" | "failure" | "refused" => {
                has_left |= of("text") == "goodbye";
                *last_words.entry(of("id").to_owned()).or_default() += 1;
            }
            "hello" | "taken" | "progress" => {}
            "error" => assert!(["bad_line", "line_too_long"].contains(&of("code")), "{line}"),
            other => panic!("`{other}` is no type: {line}"),
        }
    }
    if !has_left {
        assert!(last_words.contains_key(LAST), "{sent:?}\n{received:?}");
    }
    // Each message has one: there are no more of them than lines.
    let all: usize = last_words.values().sum();
    assert!(all <= sent.lines().count(), "{sent:?}\n{received:?}");
}
