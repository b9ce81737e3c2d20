//! Many clients that send much and read nothing: the program's memory stays bounded, and a polite client
//! is still served.

#![cfg(all(feature = "cli", feature = "socket", feature = "serve"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/guest.rs"]
#[allow(dead_code, reason = "shared with tests of the engine")]
mod guest;
#[path = "support/service.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod service;
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{ChildStdin, ChildStdout};
use std::thread;

use guest::Guest;
use serde_json::{Value, json};
use service::{LIMIT, Service, wait_until};
use support::Dir;

/// What a flood may add: the budget of 16 MB, and the copies that a few messages have while they are
/// worked on.
const MORE_BYTES: usize = 48 << 20;

#[test]
fn waiting_http_clients_are_bounded() {
    let dir = Dir::with_probe();
    let mut service = Service::start_small(&dir.command(&["run", "--mcp", "127.0.0.1:0"]));
    let said = service.says("serving MCP at http://");
    let address = said.split("http://").nth(1).unwrap().trim_end_matches("/mcp").to_owned();
    service.says("1 plugin");
    let before = service.peak_bytes();
    let head = |length: usize| {
        format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    const BODY: usize = 3_900_000;
    let body = vec![b' '; BODY - 1];
    let connect = || {
        let client = TcpStream::connect(&address).unwrap();
        client.set_write_timeout(Some(LIMIT)).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        client
    };
    // All of a request but its last byte.
    let stalled = || {
        let mut client = connect();
        client.write_all(head(BODY).as_bytes()).unwrap();
        client.write_all(&body).unwrap();
        client
    };
    // The head of the answer to a large request.
    let asked = |end: &str| {
        let mut client = connect();
        client.write_all(head(BODY).as_bytes()).unwrap();
        client.write_all(&body[end.len() - 1..]).unwrap();
        client.write_all(end.as_bytes()).unwrap();
        let lines = BufReader::new(client).lines().map(|line| line.unwrap().to_ascii_lowercase());
        lines.take_while(|line| !line.is_empty()).collect::<Vec<String>>()
    };
    let mut clients: Vec<TcpStream> = (0..40).map(|_| stalled()).collect();
    let mut polite = connect();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    polite.write_all(format!("{}{ping}", head(ping.len())).as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(polite).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    service.says("raise `limits.surface_memory_mb`");
    let more = service.peak_bytes() - before;
    assert!(more < MORE_BYTES, "{more} bytes more");
    let mut refused = Vec::new();
    wait_until("a large request is told to come again", || {
        refused = asked(ping);
        clients.push(stalled());
        refused[0].starts_with("http/1.1 503")
    });
    assert!(refused.contains(&"retry-after: 1".to_owned()), "{refused:?}");
    drop(clients);
    // What they held is given back when they are gone.
    wait_until("there is room again", || asked(ping)[0].starts_with("http/1.1 200"));
}

/// The next answer on a socket.
fn answer(client: UnixStream) -> Value {
    let lines = BufReader::new(client).lines().map(|line| line.unwrap());
    let mut frames = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    frames.find(|frame| frame["type"] == "answer").unwrap()
}

#[test]
fn socket_clients_that_read_no_answer_are_bounded() {
    let dir = Dir::with_probe();
    fs::create_dir(dir.path("home/.weft")).unwrap();
    dir.write(
        "home/.weft/config.yaml",
        "channels: { socket: {} }\nlimits: { memory_budget_mb: 16 }",
    );
    let mut service = Service::start_small(&dir.command(&["run", "--channel", "socket"]));
    service.says("the socket listens");
    let connect = || {
        let client = UnixStream::connect(dir.path("home/.weft/weft.sock")).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        client
    };
    let message = |id: usize, chat: usize, text: &str| {
        let message = json!({ "type": "message", "id": id.to_string(), "text": text,
            "chat": chat.to_string() });
        format!("{message}\n")
    };
    let large = format!("probe__big_result {}", json!({ "size": 3_000_000 }));
    // What one such call takes, with its sandbox, is not what is measured.
    let mut first = connect();
    first.write_all(message(1, 1, &large).as_bytes()).unwrap();
    assert!(answer(first).to_string().len() > 3_000_000);
    let before = service.peak_bytes();
    const CLIENTS: usize = 8;
    const MESSAGES: usize = 10;
    let clients: Vec<UnixStream> = (0..CLIENTS)
        .map(|_| {
            let mut client = connect();
            for id in 0..MESSAGES {
                let _ = client.write_all(message(id, id, &large).as_bytes());
            }
            client
        })
        .collect();
    service.says("raise `limits.surface_memory_mb`");
    // Its calls take their turns with those of the others, whose answers pile up meanwhile.
    for id in 0..30 {
        let mut polite = connect();
        polite.write_all(message(id, 1, "probe__count {}").as_bytes()).unwrap();
        assert_eq!(answer(polite)["id"], id.to_string());
    }
    let more = service.peak_bytes() - before;
    assert!(more < MORE_BYTES, "{more} bytes more");
    drop(clients);
    service.signal("TERM");
    wait_until("it ends", || service.child.try_wait().unwrap().is_some());
}

/// The program as a client of MCP starts it.
fn over_a_pipe(dir: &Dir) -> (Service, ChildStdin, BufReader<ChildStdout>) {
    let mut service = Service::start_small(&dir.command(&["mcp"]));
    service.says("1 plugin");
    let stdin = service.child.stdin.take().unwrap();
    let stdout = BufReader::new(service.child.stdout.take().unwrap());
    (service, stdin, stdout)
}

fn request(id: impl Into<Value>, method: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let request = json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params });
    format!("{request}\n")
}

fn next_message(output: &mut impl BufRead) -> Value {
    let mut line = String::new();
    assert!(output.read_line(&mut line).unwrap() > 0, "it has ended");
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_greedy_mcp_client_is_slowed_down() {
    let dir = Dir::with_probe();
    let (mut service, mut stdin, mut stdout) = over_a_pipe(&dir);
    let text = "x".repeat(900_000);
    let call = |id: usize| {
        request(id, "tools/call", json!({ "name": "probe__echo", "arguments": { "a": text } }))
    };
    stdin.write_all(call(0).as_bytes()).unwrap();
    assert_eq!(next_message(&mut stdout)["id"], 0);
    let before = service.peak_bytes();
    const REQUESTS: usize = 60;
    let requests: String = (1..=REQUESTS).map(call).collect();
    let writing = thread::spawn(move || stdin.write_all(requests.as_bytes()).map(|()| stdin));
    service.says("raise `limits.surface_memory_mb`");
    service.rests();
    let more = service.peak_bytes() - before;
    assert!(more < MORE_BYTES, "{more} bytes more");
    for _ in 0..REQUESTS {
        let answer = next_message(&mut stdout);
        assert_eq!(answer["result"]["structuredContent"]["a"], text, "{}", answer["id"]);
    }
    drop(writing.join().unwrap().unwrap());
    assert_eq!(service.ends(), Some(0));
}

#[test]
fn unread_mcp_answers_are_bounded() {
    let dir = Dir::with_probe();
    let (service, mut stdin, mut stdout) = over_a_pipe(&dir);
    let call = |id: usize| {
        let arguments = json!({ "size": 3_000_000 });
        request(id, "tools/call", json!({ "name": "probe__big_result", "arguments": arguments }))
    };
    stdin.write_all(call(0).as_bytes()).unwrap();
    assert_eq!(next_message(&mut stdout)["id"], 0);
    let before = service.peak_bytes();
    const REQUESTS: usize = 60;
    let requests: String = (1..=REQUESTS).map(call).collect();
    stdin.write_all(requests.as_bytes()).unwrap();
    service.rests();
    let more = service.peak_bytes() - before;
    assert!(more < MORE_BYTES, "{more} bytes more");
    let mut refused = 0;
    for _ in 0..REQUESTS {
        let answer = next_message(&mut stdout);
        match answer["error"]["message"].as_str() {
            Some(error) => {
                assert!(error.contains("the server holds as much as it may"), "{error}");
                refused += 1;
            }
            None => assert!(answer["result"]["content"].is_array()),
        }
    }
    assert!(0 < refused && refused < REQUESTS, "{refused}");
}

#[test]
fn slow_subscribers_are_bounded() {
    let dir = Dir::with_probe();
    let (mut service, mut stdin, mut stdout) = over_a_pipe(&dir);
    // What a subscriber is told has the id in it.
    const SUBSCRIBERS: usize = 30;
    const CHANGES: usize = 17;
    let name = |number: usize| format!("{number:02}{}", "x".repeat(150_000));
    for number in 0..SUBSCRIBERS {
        let filter = json!({ "notifications": { "toolsListChanged": true } });
        stdin.write_all(request(name(number), "subscriptions/listen", filter).as_bytes()).unwrap();
        let first = next_message(&mut stdout);
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    }
    let before = service.peak_bytes();
    for change in 0..CHANGES {
        let id = format!("more{change}");
        dir.plugin(&id, &support::probe(), &json!({}));
        service.says(&format!("+ plugin {id}"));
    }
    service.rests();
    let more = service.peak_bytes() - before;
    assert!(more < MORE_BYTES, "{more} bytes more");
    // Whoever reads again hears of the last change, and is served.
    stdin.write_all(request(1, "server/discover", json!({})).as_bytes()).unwrap();
    let (mut told, mut is_answered) = (BTreeSet::new(), false);
    while told.len() < SUBSCRIBERS || !is_answered {
        let message = next_message(&mut stdout);
        let subscriber = &message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
        match subscriber.as_str() {
            Some(name) => drop(told.insert(name[..2].to_owned())),
            None => is_answered = message["id"] == 1,
        }
    }
}

/// A channel that has a new message of half a megabyte each time that it is asked, which calls a tool
/// that never ends.
fn flooding_channel() -> Vec<u8> {
    const BEGIN: usize = 65_536;
    const FILLER: usize = 500_000;
    let head = r#"{"type":"text","text":"probe__spin {\"a\":\""#;
    let tail = r#"\"}"}"#;
    let escaped = |text: &str| text.bytes().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let (filler, end) = (BEGIN + head.len(), BEGIN + head.len() + FILLER);
    let (length, head, tail) = (head.len() + FILLER + tail.len(), escaped(head), escaped(tail));
    let guest = Guest {
        memory: "(memory (export \"memory\") 11)".into(),
        init: format!(
            "(local $at i32) (local.set $at (i32.const {filler}))
             (loop (i32.store8 (local.get $at) (i32.const 120))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $at) (i32.const {end}))))
             (global.set $next (i32.const 700000))
             (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)"
        ),
        ..Guest::default()
    };
    // The chat has another name each time; sender, chat, payload and metadata are spans.
    guest
        .with(&format!(
            "(data (i32.const 3000) \"ann\") (data (i32.const 3100) \"chatAAAA\")
             (data (i32.const {BEGIN}) \"{head}\") (data (i32.const {end}) \"{tail}\")
             (func (export \"channel#poll\") (result i32)
                (i32.store8 (i32.const 3104)
                    (i32.add (i32.const 1) (i32.load8_u (i32.const 3104))))
                (i32.store (i32.const 2000) (i32.const 3000)) (i32.store (i32.const 2004) (i32.const 3))
                (i32.store (i32.const 2008) (i32.const 3100)) (i32.store (i32.const 2012) (i32.const 8))
                (i32.store (i32.const 2016) (i32.const {BEGIN}))
                (i32.store (i32.const 2020) (i32.const {length}))
                (i32.store (i32.const 2024) (i32.const 3000)) (i32.store (i32.const 2028) (i32.const 0))
                (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 2000))
                (i32.store (i32.const 24) (i32.const 1)) (i32.const 16))
             (func (export \"channel#send\") (param i32 i32 i32 i32) (result i32)
                (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 3000))
                (i32.store (i32.const 24) (i32.const 3)) (i32.const 16))"
        ))
        .wasm()
}

#[test]
fn a_flooding_guest_channel_is_slowed_down() {
    let dir = Dir::new();
    fs::create_dir(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", "channels: { flood: { owner: ann } }");
    let patience = json!({ "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300 });
    dir.plugin("probe", &support::probe(), &json!({ "resources": patience }));
    let channel = json!({
        "capabilities": ["channel", "tool"], "channel": { "poll_seconds": 0.1 },
        "resources": patience,
    });
    dir.plugin("flood", &flooding_channel(), &channel);
    let mut service = Service::start_small(&dir.command(&["run", "--channel", "flood"]));
    service.says("2 plugins");
    let before = service.peak_bytes();
    service.says("channel flood: clients want more than 16 MB at once");
    let more = service.peak_bytes() - before;
    assert!(more < MORE_BYTES, "{more} bytes more");
    service.signal("TERM");
    assert_eq!(service.ends(), Some(0));
}
