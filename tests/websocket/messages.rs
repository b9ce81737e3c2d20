//! Messages out and in, waits, and the end of a socket from both sides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use weft_lite::limits;
use weft_lite::sandbox::AuditOutcome;

use crate::peer::{
    BINARY, CLOSE, PING, PONG, TEXT, close, echo, error, frame, not_open, ok, open, receive, say,
    setup, talking_securely, text, trusting, world,
};
use crate::world::{PUBLIC, Setup, World};

#[test]
fn text_and_bytes_come_back() {
    let world = world(echo);
    let bytes = json!([0, 255, 10, 195]);
    let calls = [
        open(),
        say(1, "héllo"),
        receive(1),
        ("ws_send", json!({ "socket": 1, "binary": bytes })),
        receive(1),
        say(1, ""),
        receive(1),
        close(1),
        say(1, "late"),
    ];
    let ran = world.run(&calls);
    assert_eq!(ran[0], ok(json!({ "socket": 1, "protocol": "" })));
    assert_eq!(
        [&ran[2], &ran[4], &ran[6]],
        [&text("héllo"), &ok(json!({ "binary": bytes })), &text("")]
    );
    assert_eq!([&ran[7], &ran[8]], [&ok(json!({})), &not_open(1)]);
    let records = world.records();
    let lines: Vec<_> =
        records.iter().map(|it| (it.function, it.summary.as_str(), it.outcome, it.bytes)).collect();
    let done = |function, bytes| (function, "box.local", AuditOutcome::Ok, bytes);
    assert_eq!(
        lines,
        [
            ("websocket.open", "ws://box.local/", AuditOutcome::Ok, 0),
            done("websocket.send", 6),
            done("websocket.receive", 6),
            done("websocket.send", 4),
            done("websocket.receive", 4),
            done("websocket.send", 0),
            done("websocket.receive", 0),
            done("websocket.close", 0),
            ("websocket.send", "1", AuditOutcome::Error, 0),
        ]
    );
}

#[test]
fn wss_reaches_a_public_host() {
    let world = World::new(Setup {
        guest: "sockets",
        permissions: json!({ "network": ["secure.example"] }),
        server: talking_securely(echo),
        network: trusting,
        ..Setup::default()
    });
    let url = json!({ "url": "wss://secure.example/gateway?v=10" });
    let ran = world.run(&[("ws_open", url), say(1, "sealed"), receive(1), close(1)]);
    assert_eq!(ran[2], text("sealed"), "{ran:?}");
    assert_eq!(world.dialed(), [(PUBLIC, 443).into()]);
    assert!(world.server.request().starts_with("GET /gateway?v=10 HTTP/1.1\r\n"));
}

#[test]
fn lengths_of_every_form_pass() {
    let world = World::new(Setup {
        resources: json!({ "max_memory_mb": 64, "max_http_requests_per_minute": 600 }),
        ..setup(|peer| {
            loop {
                let (first, payload) = peer.hear();
                peer.send(TEXT, payload.len().to_string().as_bytes());
                peer.send(first, &vec![b'y'; payload.len()]);
            }
        })
    });
    let mut calls = vec![open()];
    let sizes = [125, 126, 65_535, 65_536, limits::WEBSOCKET_MESSAGE_BYTES];
    for size in sizes {
        calls.extend([("ws_send", json!({ "socket": 1, "size": size })), receive(1)]);
        // The guest counts it, and gives it to nobody.
        calls.push(("ws_receive", json!({ "socket": 1, "timeout": 60_000, "count": true })));
    }
    let ran = world.run(&calls);
    for (size, of_size) in sizes.iter().zip(ran[1..].chunks(3)) {
        assert_eq!(of_size[1..], [text(&size.to_string()), ok(json!({ "bytes": size }))]);
    }
}

#[test]
fn fragments_become_one_message() {
    let pongs = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&pongs);
    let world = world(move |peer| {
        peer.send(0x01, "caf\u{e9}".as_bytes().split_at(4).0);
        // A control frame may come between two parts.
        peer.send(PING, b"still there?");
        peer.send(0x00, &[0xa9]);
        peer.send(0x00, b"");
        peer.send(0x80, b"!");
        heard.lock().unwrap().push(peer.hear());
        peer.send(0x02, &[1]);
        peer.send(0x80, &[2]);
    });
    let ran = world.run(&[open(), receive(1), receive(1)]);
    assert_eq!(ran[1..], [text("café!"), ok(json!({ "binary": [1, 2] }))]);
    assert_eq!(*pongs.lock().unwrap(), [(PONG, b"still there?".to_vec())]);
}

#[test]
fn frames_may_come_byte_by_byte() {
    let world = world(|peer| {
        let long = frame(TEXT, &[b'l'; 300]);
        let closing = frame(CLOSE, b"\x03\xe8bye");
        for byte in [&long[..], &frame(PING, b"p"), &frame(BINARY, &[1]), &closing].concat() {
            peer.raw(&[byte]);
        }
    });
    let ran = world.run(&[open(), receive(1), receive(1), receive(1)]);
    let closed = ok(json!({ "closed": [1000, "bye"] }));
    assert_eq!(ran[1..], [text(&"l".repeat(300)), ok(json!({ "binary": [1] })), closed]);
}

#[test]
fn messages_behind_the_handshake_are_kept() {
    let world = world(|peer| peer.raw(&[&[TEXT, 2][..], b"hi", &[BINARY, 1, 7]].concat()));
    assert_eq!(
        world.run(&[open(), receive(1), receive(1)])[1..],
        [text("hi"), ok(json!({ "binary": [7] }))]
    );
}

#[test]
fn pings_are_answered_while_the_guest_waits() {
    let world = world(|peer| {
        for payload in [&b""[..], &[b'p'; 125]] {
            peer.send(PING, payload);
            assert_eq!(peer.hear(), (PONG, payload.to_vec()));
            // A pong that nobody asked for means nothing.
            peer.send(PONG, b"unasked");
        }
        peer.send(TEXT, b"after");
    });
    let calls = [open(), receive(1)];
    assert_eq!(world.run(&calls)[1], text("after"));
}

#[test]
fn many_pings_get_few_answers() {
    let world = world(|peer| {
        let pings: Vec<_> = (0..1_000_u16).flat_map(|it| frame(PING, &it.to_be_bytes())).collect();
        peer.raw(&[pings, frame(TEXT, b"after")].concat());
        let mut pongs = Vec::new();
        while let (PONG, payload) = peer.hear() {
            pongs.push(payload);
        }
        assert_eq!(pongs.last(), Some(&999_u16.to_be_bytes().to_vec()));
        peer.send(TEXT, pongs.len().to_string().as_bytes());
    });
    let ran = world.run(&[open(), receive(1), say(1, "how many?"), receive(1)]);
    let pongs: usize = ran[3]["ok"]["text"].as_str().unwrap().parse().unwrap();
    assert!(pongs < 100, "{pongs}");
}

#[test]
fn a_wait_ends_at_its_time() {
    let world = world(|peer| {
        peer.send(0x01, b"first, ");
        peer.hear();
        peer.send(0x80, b"then");
    });
    let wait = |timeout: u32| ("ws_receive", json!({ "socket": 1, "timeout": timeout }));
    let calls = [open(), wait(0), wait(25_000), say(1, "go on")];
    let (ran, waited) = world.run_in_time(&calls);
    assert_eq!([&ran[1], &ran[2]], [&ok(json!({})); 2]);
    assert_eq!(waited, Duration::from_secs(25));
    // The part that came is not lost.
    assert_eq!(world.run(&[receive(1)]), [text("first, then")]);
    let record = &world.records()[2];
    assert_eq!((record.outcome, record.bytes), (AuditOutcome::Ok, 0));
}

#[test]
fn the_server_closes_with_its_reason() {
    for (sent, received) in [
        (&b""[..], json!([1005, ""])),
        (&[3, 232], json!([1000, ""])),
        (b"\x0f\xa4Not authenticated", json!([4004, "Not authenticated"])),
    ] {
        let world = world(move |peer| {
            peer.send(CLOSE, sent);
            let (first, payload) = peer.hear();
            assert_eq!((first, &payload[..]), (CLOSE, &sent[..sent.len().min(2)]));
        });
        let ran = world.run(&[open(), receive(1), receive(1)]);
        assert_eq!(ran[1..], [ok(json!({ "closed": received })), not_open(1)]);
        world.server.left.recv_blocking().unwrap();
    }
}

#[test]
fn the_guest_closes_and_the_server_answers() {
    let world = world(|peer| {
        // What was on its way is dropped.
        peer.send(TEXT, b"late");
        assert_eq!(peer.hear(), (CLOSE, vec![3, 232]));
        peer.send(CLOSE, &[3, 232]);
    });
    let ran = world.run(&[open(), close(1), receive(1), close(1), close(77)]);
    assert_eq!(ran[1..], [ok(json!({})), not_open(1), ok(json!({})), ok(json!({}))]);
    world.server.left.recv_blocking().unwrap();
}

#[test]
fn a_silent_server_delays_no_closing() {
    let world = world(|peer| drop(peer.hear()));
    let (ran, waited) = world.run_in_time(&[open(), close(1), receive(1)]);
    assert_eq!([&ran[1], &ran[2]], [&ok(json!({})), &not_open(1)]);
    assert_eq!(waited, limits::WEBSOCKET_CLOSE_TIME);
    world.server.left.recv_blocking().unwrap();
}

#[test]
fn a_flood_delays_no_closing() {
    let world = world(|peer| {
        let flood = [TEXT, 1, b'x'].repeat(20_000);
        // It ends when the client leaves.
        for _ in 0..1_000 {
            peer.raw(&flood);
        }
    });
    let (ran, waited) = world.run_in_time(&[open(), close(1)]);
    assert_eq!(ran[1], ok(json!({})));
    assert!(waited <= limits::WEBSOCKET_CLOSE_TIME, "{waited:?}");
}

#[test]
fn a_server_that_does_not_read_fails() {
    let (release, held) = async_channel::bounded::<()>(1);
    let world = World::new(Setup {
        resources: json!({ "max_memory_mb": 64, "max_http_requests_per_minute": 600 }),
        ..setup(move |_| assert!(held.recv_blocking().is_err()))
    });
    let mut calls = vec![open()];
    calls.extend(vec![("ws_send", json!({ "socket": 1, "size": 1 << 20 })); 12]);
    calls.push(say(1, "more"));
    let (ran, _) = world.run_in_time(&calls);
    let failed = ran.iter().position(|it| it["error"].is_string()).unwrap();
    assert_eq!(ran[failed], error("websocket failed: the server does not read"));
    assert_eq!(ran.last(), Some(&not_open(1)));
    drop(release);
}

#[test]
fn a_message_of_the_guest_has_a_limit() {
    let world = World::new(Setup {
        resources: json!({ "max_memory_mb": 64, "max_http_requests_per_minute": 600 }),
        ..setup(echo)
    });
    let size = limits::WEBSOCKET_MESSAGE_BYTES + 1;
    let calls =
        [open(), ("ws_send", json!({ "socket": 1, "size": size })), say(1, "short"), receive(1)];
    let ran = world.run(&calls);
    assert_eq!(ran[1], error("message too large: over 1 MB"));
    assert_eq!(ran[3], text("short"), "the socket is still open");
}
