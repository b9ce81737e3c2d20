//! Many clients that send much and read nothing: the program's memory stays bounded, and a polite client
//! is still served.

#![cfg(all(feature = "cli", feature = "socket", feature = "serve"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/service.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod service;
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};
use service::{LIMIT, Service, wait_until};
use support::Dir;

/// What a flood may add: the budget of 16 MB, and the copies that a few messages have while they are
/// worked on.
const MORE_BYTES: usize = 48 << 20;

#[test]
fn http_clients_that_send_much_and_wait_are_bounded() {
    let dir = Dir::with_probe();
    let mut service = Service::start(dir.command(&["run", "--mcp", "127.0.0.1:0"]));
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
    dir.write("home/.weft/config.yaml", "channels: { socket: {} }");
    let mut service = Service::start(dir.command(&["run"]));
    service.says("still serving: socket");
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
