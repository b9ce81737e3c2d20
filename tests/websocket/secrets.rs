//! Secrets go out in headers of the handshake, and come back in nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_lite::Secret;

use crate::peer::{CLOSE, Peer, TEXT, URL, echo, header, local, ok, receive, say, switch, text};
use crate::server::{Reply, Server, answer};
use crate::world::{Setup, World};

const VALUE: &str = "s3cr3t/k3y";

fn with_token(server: Server) -> World {
    World::new(Setup {
        permissions: json!({ "network": ["box.local"], "secrets": ["token"] }),
        secrets: BTreeMap::from([(
            "token",
            Secret { value: VALUE.into(), hosts: vec!["box.local".into()], allow_http: true },
        )]),
        server,
        ..local()
    })
}

fn open(name: &str) -> (&'static str, Value) {
    ("ws_open", json!({ "url": URL, "headers": [[name, "{{secret:token}}"]] }))
}

fn has_no_secret(world: &World) {
    let records = format!("{:?}", world.records());
    assert!(!records.contains(VALUE) && !records.contains("s3cr3t"), "{records}");
}

#[test]
fn a_secret_is_sent_and_redacted() {
    let world = with_token(Server::start(|request| {
        assert_eq!(header(request, "authorization"), VALUE);
        let head = switch(request, "");
        Reply::Talk(Box::new(move |connection| {
            let mut peer = Peer::of(connection);
            peer.raw(head.as_bytes());
            peer.send(TEXT, format!("you sent {VALUE}, hex 7333637233742f6b3379").as_bytes());
            peer.send(0x82, &[&[255], VALUE.as_bytes(), &[254]].concat());
            // In parts it is one message.
            let (begin, end) = VALUE.split_at(4);
            peer.send(0x01, begin.as_bytes());
            peer.send(0x80, end.as_bytes());
            peer.send(CLOSE, &[&[15, 160], VALUE.as_bytes()].concat());
        }))
    }));
    let ran = world.run(&[open("Authorization"), receive(1), receive(1), receive(1), receive(1)]);
    let bytes = [&[255], b"[redacted]".as_slice(), &[254]].concat();
    let expected = [
        text("you sent [redacted], hex [redacted]"),
        ok(json!({ "binary": bytes })),
        text("[redacted]"),
        ok(json!({ "closed": [4000, "[redacted]"] })),
    ];
    assert_eq!(ran[1..], expected);
    // The record counts what came.
    assert_eq!(world.records()[3].bytes, VALUE.len() as u64);
    has_no_secret(&world);
}

#[test]
fn a_socket_may_be_older_than_its_secret() {
    let world = World::new(Setup { server: crate::peer::talking(echo), ..local() });
    let hello = format!("hello {VALUE}");
    let ran = world.run(&[crate::peer::open(), say(1, &hello), receive(1)]);
    assert_eq!(ran[2], text(&hello));
    let hosts = vec!["box.local".into()];
    world.store_secret("token", Secret { value: VALUE.into(), hosts, allow_http: true });
    assert_eq!(world.run(&[say(1, &hello), receive(1)])[1], text("hello [redacted]"));
}

#[test]
fn the_handshake_gives_no_secret_back() {
    let world = with_token(Server::start(|request| match header(request, "x-token") {
        "" => answer("401 Unauthorized", "", format!("no: {VALUE}")),
        token => answer("302 Found", &format!("Location: /?{token}\r\n"), ""),
    }));
    let ran = world.run(&[open("X-Token"), open("X-Other")]);
    assert_eq!(ran[0], json!({ "error": "HTTP 302: /?[redacted]" }));
    assert_eq!(ran[1], json!({ "error": "HTTP 401: no: [redacted]" }));
    // Some servers take a token as a subprotocol, and choose it.
    let world = with_token(Server::start(|request| {
        let offered = header(request, "sec-websocket-protocol");
        Reply::Hang(switch(request, &format!("Sec-WebSocket-Protocol: {offered}\r\n")).into_bytes())
    }));
    let ran = world.run(&[open("Sec-WebSocket-Protocol")]);
    assert_eq!(ran[0], ok(json!({ "socket": 1, "protocol": "[redacted]" })));
    assert_eq!(header(&world.server.request(), "sec-websocket-protocol"), VALUE);
    has_no_secret(&world);
}

#[test]
fn a_secret_goes_in_headers_alone() {
    let world = with_token(Server::start(|request| {
        assert!(request.starts_with("GET /?{{secret:token}} HTTP/1.1"), "{request}");
        let head = switch(request, "");
        Reply::Talk(Box::new(move |connection| {
            let mut peer = Peer::of(connection);
            peer.raw(head.as_bytes());
            let (_, payload) = peer.hear();
            peer.send(TEXT, &payload.iter().rev().copied().collect::<Vec<_>>());
        }))
    }));
    let url = format!("{URL}?{{{{secret:token}}}}");
    let ran =
        world.run(&[("ws_open", json!({ "url": url })), say(1, "{{secret:token}}"), receive(1)]);
    assert_eq!(ran[2], text("}}nekot:terces{{"), "{ran:?}");
}

#[test]
fn rules_for_secrets_hold() {
    for (permissions, secret_host, allow_http, text) in [
        (json!([]), "box.local", true, "secret not permitted: token"),
        (json!(["token"]), "other.local", true, "secret token may not be sent to box.local"),
        (json!(["token"]), "box.local", false, "secret token needs https"),
    ] {
        let secret = Secret { value: VALUE.into(), hosts: vec![secret_host.into()], allow_http };
        let world = World::new(Setup {
            permissions: json!({ "network": ["box.local"], "secrets": permissions }),
            secrets: BTreeMap::from([("token", secret)]),
            ..local()
        });
        let (tool, params) = open("X-Token");
        assert_eq!(world.refused_by(tool, &params), text);
        assert!(world.dialed().is_empty());
    }
}

#[test]
fn records_have_no_values_and_no_messages() {
    let world = with_token(crate::peer::talking(echo));
    let url = "ws://box.local/x?key=hush#part";
    let ran = world.run(&[("ws_open", json!({ "url": url })), say(1, "hush"), receive(1)]);
    assert_eq!(ran[2], text("hush"));
    assert_eq!(world.records()[0].summary, "ws://box.local/x?key");
    assert!(!format!("{:?}", world.records()).contains("hush"));
}
