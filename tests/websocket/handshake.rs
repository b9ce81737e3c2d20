//! What is sent to open a socket, and which answers are accepted.

use serde_json::{Value, json};
use weft_lite::sandbox::AuditOutcome;

use crate::peer::{URL, accept, header, local, not_open, open, receive, switch};
use crate::server::{Reply, Server, answer};
use crate::world::{Setup, World};

fn answering(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> World {
    World::new(Setup { server: Server::start(reply), ..local() })
}

/// A world whose server switches with a head of the test's choice.
fn switching(head: impl Fn(&str) -> String + Send + Sync + 'static) -> World {
    answering(move |request| Reply::Hang(head(request).into_bytes()))
}

fn opened(world: &World, headers: &Value) -> Value {
    world.call("ws_open", &json!({ "url": URL, "headers": headers })).unwrap()
}

#[track_caller]
fn refused(world: &World, headers: &Value) -> String {
    world.refused_by("ws_open", &json!({ "url": URL, "headers": headers }))
}

#[test]
fn the_request_asks_for_the_protocol() {
    let world = switching(|request| switch(request, ""));
    opened(&world, &json!([["X-Own", "1"], ["Origin", "https://chat.example"]]));
    opened(&world, &json!([]));
    let requests = world.server.requests();
    let key = header(&requests[0], "sec-websocket-key").to_owned();
    assert_eq!(key.len(), 24);
    assert_ne!(header(&requests[1], "sec-websocket-key"), key, "each has a key of its own");
    let mut lines = requests[0].lines();
    assert_eq!(lines.next(), Some("GET / HTTP/1.1"));
    let mut headers: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    headers.sort_unstable();
    let key = format!("sec-websocket-key: {key}");
    let expected = [
        "accept-encoding: identity",
        "connection: Upgrade",
        "host: box.local",
        "origin: https://chat.example",
        &key,
        "sec-websocket-version: 13",
        "upgrade: websocket",
        "user-agent: weft-lite-plugin/probe/0.1.0",
        "x-own: 1",
    ];
    assert_eq!(headers, expected);
    assert_eq!(header(&requests[1], "origin"), "", "only the guest sets an origin");
}

#[test]
fn an_answer_for_another_key_is_refused() {
    for wrong in [
        |request: &str| switch(request, "").replace(&accept(request), &accept("")),
        |request: &str| switch(request, "").replace(&accept(request), ""),
        |request: &str| switch(request, "Sec-WebSocket-Accept: other\r\n"),
        |request: &str| {
            switch(request, "").replace(&accept(request), &accept(request).to_lowercase())
        },
    ] {
        let world = switching(wrong);
        let text = refused(&world, &json!([]));
        assert_eq!(text, "websocket failed: `sec-websocket-accept` does not fit the key");
        let record = world.record();
        assert_eq!((record.function, record.outcome), ("websocket.open", AuditOutcome::Error));
        assert_eq!(record.rule.as_deref(), Some("websocket failed"));
        world.server.left.recv_blocking().unwrap();
    }
}

#[test]
fn another_protocol_is_refused() {
    for (is, becomes) in
        [("Upgrade: WebSocket", "Upgrade: h2c"), ("keep-alive, Upgrade", "keep-alive")]
    {
        let world = switching(move |request| switch(request, "").replace(is, becomes));
        // hyper refuses one of them itself.
        let text = refused(&world, &json!([]));
        let known = "websocket failed: the server switches to no WebSocket";
        assert!(text == known || text.starts_with("request failed: "), "{becomes}: {text}");
    }
}

#[test]
fn extensions_are_refused() {
    let world =
        switching(|request| switch(request, "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
    let text = refused(&world, &json!([]));
    assert_eq!(text, "websocket failed: the server uses an extension that was not offered");
    for name in ["Extensions", "Key", "Version", "Accept"] {
        let name = format!("Sec-WebSocket-{name}");
        assert_eq!(refused(&world, &json!([[name, "x"]])), format!("header not allowed: {name}"));
    }
    for name in ["Upgrade", "Connection"] {
        assert_eq!(refused(&world, &json!([[name, "x"]])), format!("header not allowed: {name}"));
    }
    assert_eq!(world.server.requests().len(), 1);
}

#[test]
fn the_server_chooses_among_offered_subprotocols() {
    let offered = json!([["Sec-WebSocket-Protocol", "chat, superchat"]]);
    let world = switching(|request| switch(request, "Sec-WebSocket-Protocol: superchat\r\n"));
    assert_eq!(opened(&world, &offered)["protocol"], "superchat");
    assert_eq!(header(&world.server.request(), "sec-websocket-protocol"), "chat, superchat");
    assert_eq!(opened(&switching(|request| switch(request, "")), &offered)["protocol"], "");
    let wrong = "websocket failed: the server chose a subprotocol that was not offered";
    assert_eq!(refused(&world, &json!([])), wrong);
    for other in ["Superchat", "other", "chat, superchat"] {
        let headers = format!("Sec-WebSocket-Protocol: {other}\r\n");
        let world = switching(move |request| switch(request, &headers));
        assert_eq!(refused(&world, &offered), wrong, "{other}");
    }
}

#[test]
fn other_answers_are_errors() {
    for (status, text) in [
        ("200 OK", "HTTP 200: words"),
        ("401 Unauthorized", "HTTP 401: words"),
        ("429 Too Many", "HTTP 429: words"),
        ("302 Found", "HTTP 302: wss://other.example/"),
    ] {
        let world =
            answering(move |_| answer(status, "Location: wss://other.example/\r\n", "words"));
        assert_eq!(refused(&world, &json!([])), text);
        assert_eq!(world.server.requests().len(), 1, "a redirect is not followed");
        assert_eq!(world.record().rule, Some(text[..8].to_owned()));
        assert_eq!(world.run(&[receive(1)]), [not_open(1)]);
    }
    let world = answering(|_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.6\r\n".into()));
    let text = refused(&world, &json!([]));
    assert!(text.starts_with("request failed: "), "{text}");
}

#[test]
fn a_handshake_has_the_time_of_a_request() {
    let world = World::new(Setup {
        server: Server::start(|_| Reply::Hang(b"HTTP/1.1 101 Switching".into())),
        network: |options| {
            let options = options.allow_private_hosts(["box.local"]).unwrap();
            options.request_time(std::time::Duration::from_millis(200))
        },
        ..local()
    });
    assert_eq!(refused(&world, &json!([])), "request timed out");
    world.server.left.recv_blocking().unwrap();
}

#[test]
fn a_failed_opening_takes_no_place() {
    let world = answering(|request| match request.contains("x-good") {
        true => Reply::Hang(switch(request, "").into_bytes()),
        false => answer("503 Busy", "", ""),
    });
    let mut calls = vec![open(); 9];
    calls.push(("ws_open", json!({ "url": URL, "headers": [["X-Good", "1"]] })));
    let ran = world.run(&calls);
    assert!(ran[..9].iter().all(|it| it["error"] == "HTTP 503: "), "{ran:?}");
    assert_eq!(ran[9]["ok"]["protocol"], "");
}
