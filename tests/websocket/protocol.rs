//! Servers that break the protocol: the guest gets an error, the server is told why, and the socket closes.

use std::sync::{Arc, Mutex};

use serde_json::json;
use weft_lite::limits;
use weft_lite::sandbox::AuditOutcome;

use crate::peer::{
    BINARY, CLOSE, PING, TEXT, error, frame, not_open, open, receive, say, setup, world,
};
use crate::world::{Setup, World};

const TOO_LARGE: &str = "message too large: over 1 MB";

/// Receives once from a server that sends these bytes.
#[track_caller]
fn fails(bytes: Vec<u8>, text: &str, code: u16) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let world = World::new(Setup {
        resources: json!({ "max_memory_mb": 64 }),
        ..setup(move |peer| {
            peer.raw(&bytes);
            let (first, payload) = peer.hear();
            assert_eq!(first, CLOSE);
            *hears.lock().unwrap() = payload;
        })
    });
    let ran = world.run(&[open(), receive(1), receive(1), say(1, "")]);
    assert_eq!(ran[1..], [error(text), not_open(1), not_open(1)]);
    world.server.left.recv_blocking().unwrap();
    assert_eq!(*told.lock().unwrap(), code.to_be_bytes(), "{text}");
    let record = &world.records()[1];
    assert_eq!((record.function, record.outcome), ("websocket.receive", AuditOutcome::Error));
    assert_eq!(record.rule.as_deref(), text.split(": ").next());
}

#[track_caller]
fn breaks_a_rule(bytes: &[u8], problem: &str) {
    fails(bytes.to_vec(), &format!("websocket failed: {problem}"), 1002);
}

#[test]
fn a_message_over_the_limit() {
    let limit = limits::WEBSOCKET_MESSAGE_BYTES;
    // The length alone decides: no byte of it is read.
    for length in [limit as u64 + 1, u64::from(u32::MAX), u64::MAX] {
        let head = [&[TEXT, 127][..], &length.to_be_bytes()].concat();
        fails(head, TOO_LARGE, 1009);
    }
    let half = vec![b'x'; limit / 2];
    let parts = [frame(0x02, &half), frame(0x00, &half), frame(0x80, b"x")];
    fails(parts.concat(), TOO_LARGE, 1009);
}

#[test]
fn text_that_is_no_utf8() {
    let text = "websocket failed: a text is not valid UTF-8";
    for payload in [&[b'a', 0xff][..], &[0xc3], &[0xed, 0xa0, 0x80]] {
        fails(frame(TEXT, payload), text, 1007);
    }
    fails([frame(0x01, &[0xc3]), frame(0x80, b"(")].concat(), text, 1007);
    fails(frame(CLOSE, &[3, 232, 0xff]), text, 1007);
}

#[test]
fn frames_that_break_a_rule() {
    breaks_a_rule(&[TEXT, 0x81, 1, 2, 3, 4, 5], "the server masked a frame");
    for bit in [0x40, 0x20, 0x10] {
        breaks_a_rule(&frame(TEXT | bit, b"x"), "a frame has a reserved bit");
    }
    for kind in [3, 7, 0x0b, 0x0f] {
        breaks_a_rule(&frame(0x80 | kind, b""), "a frame has a reserved kind");
    }
    breaks_a_rule(&frame(0x80, b"x"), "a message goes on that has not begun");
    for second in [0x01, 0x02, TEXT, BINARY] {
        let frames = [frame(0x01, b"x"), frame(second, b"y")].concat();
        breaks_a_rule(&frames, "a message begins within another");
    }
    for control in [frame(PING, &[0; 126]), frame(0x09, b"x"), frame(0x08, b"")] {
        breaks_a_rule(&control, "a control frame is too long or in parts");
    }
    breaks_a_rule(&frame(CLOSE, &[3]), "a close frame has half a code");
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 5000, 65_535] {
        let frame = frame(CLOSE, &code.to_be_bytes());
        breaks_a_rule(&frame, "a close frame has a code that may not be sent");
    }
}

#[test]
fn a_connection_that_breaks_is_an_error() {
    for bytes in [&b""[..], &[TEXT], &[TEXT, 5, b'a'], &[0x01, 1, b'a']] {
        let world = World::new(Setup {
            server: crate::server::Server::start(move |request| {
                let head = crate::peer::switch(request, "");
                crate::server::Reply::Bytes([head.as_bytes(), bytes].concat())
            }),
            ..crate::peer::local()
        });
        let ran = world.run(&[open(), receive(1), receive(1)]);
        let text = "websocket failed: the connection ended without a closing";
        assert_eq!(ran[1..], [error(text), not_open(1)]);
    }
}

/// The server reads nothing: its pings are answered once, and cost no more than their read.
#[test]
fn a_flood_of_pings_ends_with_the_message() {
    let world = world(|peer| {
        let pings = frame(PING, &[b'p'; 125]).repeat(1_000);
        for _ in 0..200 {
            peer.raw(&pings);
        }
        // Parts without a byte are no message yet.
        peer.raw(
            &[frame(0x01, b"a"), frame(0x00, b"").repeat(100_000), frame(0x80, b"b")].concat(),
        );
    });
    assert_eq!(world.run(&[open(), receive(1)])[1], crate::peer::text("ab"));
}

/// Whatever a server sends, a waiting guest has its neighbours' turns and its own end.
#[test]
fn an_endless_flood_ends_with_the_call() {
    use weft_lite::errors::{CallError, Exhausted};
    let world = World::new(Setup {
        resources: json!({ "max_execution_seconds": 1 }),
        ..setup(|peer| {
            let flood = [frame(PING, b"p"), frame(0x8a, b"")].concat().repeat(10_000);
            for _ in 0..10_000 {
                peer.raw(&flood);
            }
        })
    });
    let error = world.runtime.block_on(world.begin("many", &[open(), receive(1)])).unwrap_err();
    let limit = std::time::Duration::from_secs(1);
    assert_eq!(error, CallError::Exhausted(Exhausted::Time { limit }));
    assert_eq!(world.record().rule.as_deref(), Some("cancelled"));
}
