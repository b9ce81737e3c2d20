//! `http.open`, `http.read` and `http.close`: bodies that come bit by bit, within one call.

use std::collections::BTreeMap;
use std::time::Duration;

use async_channel::Sender;
use futures_lite::future::{or, yield_now};
use serde_json::{Value, json};
use weft_lite::Secret;
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::limits;
use weft_lite::sandbox::AuditOutcome;

use crate::server::{Reply, Server, answer, ok};
use crate::world::{Setup, World};

const URL: &str = "http://example.com/";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

fn open() -> (&'static str, Value) {
    ("open", json!({ "url": URL }))
}

fn next(stream: u32) -> (&'static str, Value) {
    ("next", json!({ "stream": stream }))
}

fn close(stream: u32) -> (&'static str, Value) {
    ("close", json!({ "stream": stream }))
}

fn body(text: impl Into<Value>) -> Value {
    json!({ "ok": { "body": text.into() } })
}

fn not_open(stream: u32) -> Value {
    json!({ "error": format!("stream not open: {stream}") })
}

/// A server that says what the test sends.
fn stepping(setup: Setup) -> (Sender<&'static str>, World) {
    let (say, steps) = async_channel::unbounded();
    let server = Server::start(move |_| Reply::Steps(steps.clone()));
    (say, World::new(Setup { server, ..setup }))
}

fn hanging(setup: Setup) -> World {
    World::new(Setup { server: Server::start(|_| Reply::Hang(HEAD.into())), ..setup })
}

/// Waits until the audit log has that many records.
async fn until_recorded(world: &World, records: usize) {
    while world.records().len() < records {
        yield_now().await;
    }
}

#[test]
fn parts_arrive_as_they_come() {
    let (say, world) = stepping(Setup::default());
    let calls = [open(), next(1), next(1), next(1), next(1)];
    let ran = world.runtime.block_on(async {
        let call = async { world.begin("many", &calls).await.unwrap() };
        let beside = async {
            say.send(HEAD).await.unwrap();
            // Each part is sent when the one before has arrived.
            for (records, part) in [(1, "data: one\n\n"), (2, "data: two\n\n")] {
                until_recorded(&world, records).await;
                say.send(part).await.unwrap();
            }
            until_recorded(&world, 3).await;
            say.close();
            std::future::pending().await
        };
        or(call, beside).await
    });
    let head =
        json!({ "stream": 1, "status": 200, "headers": [["content-type", "text/event-stream"]] });
    let expected = json!([
        { "ok": head },
        body("data: one\n\n"),
        body("data: two\n\n"),
        body(Value::Null),
        not_open(1),
    ]);
    assert_eq!(ran, expected);
    let records = world.records();
    let lines: Vec<_> =
        records.iter().map(|it| (it.function, it.summary.as_str(), it.outcome, it.bytes)).collect();
    let read = |bytes| ("http.read", "example.com", AuditOutcome::Ok, bytes);
    assert_eq!(
        lines,
        [
            ("http.open", "GET http://example.com/", AuditOutcome::Ok, 0),
            read(11),
            read(11),
            read(0),
            ("http.read", "1", AuditOutcome::Error, 0),
        ]
    );
}

#[test]
fn any_status_has_a_body() {
    let world = World::answering(|_| answer("500 Oops", "", "sorry"));
    let ran = world.run(&[open(), next(1), next(1)]);
    assert_eq!(ran[0]["ok"]["status"], 500);
    assert_eq!(ran[1..], [body("sorry"), body(Value::Null)]);
}

#[test]
fn closing_ends_the_connection() {
    let (left, is_left) = async_channel::unbounded();
    let server = Server::start(move |request| match request.starts_with("GET / ") {
        true => Reply::Hang(HEAD.into()),
        // Answered once the stream before is closed.
        false => {
            is_left.recv_blocking().unwrap();
            ok("after")
        }
    });
    let world = World::new(Setup { server, ..Setup::default() });
    let leaving = world.server.left.clone();
    std::thread::spawn(move || {
        leaving.recv_blocking().unwrap();
        left.send_blocking(())
    });
    let after = ("fetch", json!({ "url": "http://example.com/after" }));
    let ran = world.run(&[open(), close(1), after, next(1), close(1), close(77)]);
    assert_eq!((&ran[1], &ran[2]["ok"]["body"]), (&json!({ "ok": {} }), &json!("after")));
    assert_eq!(ran[3..], [not_open(1), json!({ "ok": {} }), json!({ "ok": {} })]);
    let closed = &world.records()[1];
    assert_eq!((closed.function, closed.summary.as_str()), ("http.close", "example.com"));
}

#[test]
fn a_stream_ends_with_its_call() {
    let world = hanging(Setup::default());
    let ran = world.run(&[open()]);
    assert_eq!(ran[0]["ok"]["stream"], 1);
    world.server.left.recv_blocking().unwrap();
    // The number is of no use to a later call of the same instance, also beside a stream of its own.
    assert_eq!(world.run(&[next(1), open(), next(1)])[2], not_open(1));
}

#[test]
fn a_ninth_stream_is_refused() {
    let world = hanging(Setup::default());
    let mut calls = vec![open(); limits::HTTP_STREAMS + 1];
    calls.extend([close(3), open()]);
    let ran = world.run(&calls);
    assert!(ran[..8].iter().all(|it| it["ok"]["status"] == 200), "{ran:?}");
    assert_eq!(ran[8], json!({ "error": "too many open streams: 8, so close one first" }));
    assert_eq!(ran[10]["ok"]["status"], 200);
    assert_eq!(world.server.requests().len(), 9, "a refused one is not sent");
    let refused = &world.records()[8];
    assert_eq!(refused.outcome, AuditOutcome::Denied);
    assert_eq!(refused.rule.as_deref(), Some("too many open streams"));
}

#[test]
fn streams_of_other_calls_are_out_of_reach() {
    let world = hanging(Setup { instance: "per-call", ..Setup::default() });
    let network = json!({ "network": ["example.com"] });
    world.load("beside", &network, &json!({}));
    let mut calls = vec![open(); limits::HTTP_STREAMS];
    calls.push(next(8));
    world.runtime.block_on(async {
        let holding = async { Some(world.begin("probe__many", &calls).await) };
        let others = async {
            until_recorded(&world, limits::HTTP_STREAMS).await;
            let same = world.begin("probe__many", &[next(1)]).await.unwrap();
            assert_eq!(same, json!([not_open(1)]));
            // Another plugin counts on its own, and reaches none of them.
            let other = world.begin("beside__many", &[next(1), open()]).await.unwrap();
            assert_eq!((&other[0], &other[1]["ok"]["status"]), (&not_open(1), &json!(200)));
            None
        };
        assert!(or(holding, others).await.is_none());
    });
}

#[test]
fn a_call_waits_for_streams_of_others() {
    let (say, steps) = async_channel::unbounded();
    let at = |path: &str| ("open", json!({ "url": format!("http://example.com/{path}") }));
    let server = Server::start(move |request| match request.split(' ').nth(1).unwrap() {
        "/ends" => Reply::Steps(steps.clone()),
        "/ninth" if !steps.is_closed() => answer("500 Early", "", ""),
        _ => Reply::Hang(HEAD.into()),
    });
    let world = World::new(Setup { instance: "per-call", server, ..Setup::default() });
    world.load("beside", &json!({ "network": ["example.com"] }), &json!({}));
    say.try_send(HEAD).unwrap();
    let mut calls = vec![open(); limits::HTTP_STREAMS - 1];
    calls.extend([at("ends"), next(8), next(7)]);
    world.runtime.block_on(async {
        let holding = async { panic!("{:?}", world.begin("probe__many", &calls).await) };
        let waiting = async {
            until_recorded(&world, limits::HTTP_STREAMS).await;
            world.begin("probe__many", &[close(77), at("ninth")]).await.unwrap()
        };
        let ending = async {
            until_recorded(&world, limits::HTTP_STREAMS + 1).await;
            // Meanwhile another plugin's request is answered, and the ninth has no permit yet.
            world.begin("beside__many", &[open()]).await.unwrap();
            assert_eq!(world.looked_up().len(), limits::HTTP_STREAMS + 1);
            say.close();
            std::future::pending().await
        };
        let ran = or(waiting, or(ending, holding)).await;
        assert_eq!(ran[1]["ok"]["status"], 200, "{ran}");
    });
}

#[test]
fn a_call_with_streams_waits_for_none() {
    let world = hanging(Setup { instance: "per-call", ..Setup::default() });
    let mut calls = vec![open(); limits::HTTP_STREAMS - 1];
    calls.push(next(1));
    world.runtime.block_on(async {
        let holding = async { panic!("{:?}", world.begin("many", &calls).await) };
        let other = async {
            until_recorded(&world, limits::HTTP_STREAMS - 1).await;
            world.begin("many", &[open(), open()]).await.unwrap()
        };
        let ran = or(other, holding).await;
        assert_eq!(ran[0]["ok"]["status"], 200);
        assert_eq!(ran[1], json!({ "error": "too many open streams: 8, so close one first" }));
    });
}

#[test]
fn a_read_without_data_closes_its_stream() {
    let world = hanging(Setup::default());
    let calls = [open(), next(1), next(1)];
    let ran = world.runtime.block_on(async {
        let time = async {
            until_recorded(&world, 1).await;
            loop {
                world.clock.advance_to_next_sleeper();
                yield_now().await;
            }
        };
        or(async { world.begin("many", &calls).await.unwrap() }, time).await
    });
    assert_eq!(ran[1], json!({ "error": "stream idle: a read had no data for 120 s" }));
    assert_eq!(ran[2], not_open(1));
    world.server.left.recv_blocking().unwrap();
    assert_eq!(world.records()[1].rule.as_deref(), Some("stream idle"));
}

#[test]
fn a_stream_may_stay_unread_for_long() {
    let (say, steps) = async_channel::unbounded();
    let server = Server::start(move |request| match request.starts_with("GET /slow ") {
        true => Reply::Steps(steps.clone()),
        false => ok("kept"),
    });
    let world = World::new(Setup { server, ..Setup::default() });
    let slow = ("open", json!({ "url": "http://example.com/slow" }));
    let calls = [open(), slow, next(2), next(2), next(1)];
    let ran = world.runtime.block_on(async {
        let beside = async {
            say.send(HEAD).await.unwrap();
            for (records, part) in [(2, "one"), (3, "two")] {
                until_recorded(&world, records).await;
                world.clock.advance(Duration::from_secs(100));
                say.send(part).await.unwrap();
            }
            std::future::pending().await
        };
        or(async { world.begin("many", &calls).await.unwrap() }, beside).await
    });
    assert_eq!((&ran[3], &ran[4]), (&body("two"), &body("kept")));
}

#[test]
fn a_cut_connection_is_an_error() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde",
    ] {
        let world = World::answering(move |_| Reply::Bytes(bytes.into()));
        let ran = world.run(&[open(), ("drain", json!({ "stream": 1 })), next(1)]);
        let text = ran[1]["error"].as_str().unwrap();
        assert!(text.starts_with("request failed: "), "{text}");
        assert_eq!(ran[2], not_open(1));
    }
}

#[test]
fn the_time_of_the_call_closes_it() {
    let world =
        hanging(Setup { resources: json!({ "max_execution_seconds": 1 }), ..Setup::default() });
    let error = world.runtime.block_on(world.begin("many", &[open(), next(1)])).unwrap_err();
    let limit = Duration::from_secs(1);
    assert_eq!(error, CallError::Exhausted(Exhausted::Time { limit }));
    world.server.left.recv_blocking().unwrap();
    assert_eq!(world.record().rule.as_deref(), Some("cancelled"));
}

#[test]
fn request_time_limits_the_connection_alone() {
    let network = |options: weft_lite::sandbox::NetworkOptions| {
        options.request_time(Duration::from_millis(200))
    };
    let (say, world) = stepping(Setup { network, ..Setup::default() });
    let calls = [open(), next(1)];
    let ran = world.runtime.block_on(async {
        let beside = async {
            world.server.arrived.recv().await.unwrap();
            for part in [HEAD, "late"] {
                smol::Timer::after(Duration::from_millis(300)).await;
                say.send(part).await.unwrap();
            }
            std::future::pending().await
        };
        or(async { world.begin("many", &calls).await.unwrap() }, beside).await
    });
    assert_eq!((&ran[0]["ok"]["status"], &ran[1]), (&json!(200), &body("late")));
}

#[test]
fn a_head_has_a_time_limit() {
    let server = Server::start(|_| Reply::Hang(Vec::new()));
    let world = World::new(Setup { server, ..Setup::default() });
    let (ran, waited) = world.run_in_time(&[open()]);
    assert_eq!(ran[0], json!({ "error": "request timed out" }));
    assert!(waited >= Duration::from_secs(120), "{waited:?}");
    world.server.left.recv_blocking().unwrap();
}

#[test]
fn a_stream_has_a_size_limit() {
    let drain = || ("drain", json!({ "stream": 1 }));
    let exact = vec![b'x'; limits::HTTP_STREAM_BYTES];
    let world = World::answering(move |_| ok(&exact));
    let ran = world.run(&[open(), drain()]);
    assert_eq!(ran[1]["ok"]["bytes"], limits::HTTP_STREAM_BYTES);
    let longest = ran[1]["ok"]["longest"].as_u64().unwrap();
    assert!(longest <= limits::HTTP_STREAM_PART_BYTES as u64, "{longest}");
    let world = World::answering(|_| Reply::Endless([HEAD.as_bytes(), &[b'x'; 4096]].concat()));
    let ran = world.run(&[open(), drain()]);
    assert_eq!(ran[1], json!({ "error": "response stream too large: over 16 MB" }));
    world.server.left.recv_blocking().unwrap();
}

/// A server that says what the test sends, on a host with a secret. Returns the bodies of the reads.
fn read_beside_secret(parts: &[&'static str]) -> Vec<Value> {
    let secret =
        Secret { value: "s3cr3t".into(), hosts: vec!["example.com".into()], allow_http: false };
    let (say, world) =
        stepping(Setup { secrets: BTreeMap::from([("token", secret)]), ..Setup::default() });
    let mut calls = vec![open()];
    calls.extend(vec![next(1); parts.len() + 1]);
    let ran = world.runtime.block_on(async {
        let beside = async {
            say.send(HEAD).await.unwrap();
            for (before, &part) in parts.iter().enumerate() {
                until_recorded(&world, before + 1).await;
                say.send(part).await.unwrap();
            }
            say.close();
            std::future::pending().await
        };
        or(async { world.begin("many", &calls).await.unwrap() }, beside).await
    });
    ran.as_array().unwrap()[1..].to_vec()
}

#[test]
fn a_secret_across_two_parts_is_redacted() {
    let ran = read_beside_secret(&["data: one\n<s3c", "r3t>\n", "s3cr"]);
    assert_eq!(ran[..3], ["data: one\n", "<[redacted]>\n", "s3cr"].map(body));
    assert_eq!(ran[3], body(Value::Null));
}

#[test]
fn parts_tell_nothing_of_a_secret() {
    // The beginning of the secret, of another text, and of its form in hex.
    for end in ["s3cr3", "abcde", "73336"] {
        let long: &str = Box::leak(format!("{}{end}", "-".repeat(95)).into_boxed_str());
        let ran = read_beside_secret(&[long, "|\n"]);
        assert_eq!(ran[0], body("-".repeat(27)), "{end}");
        assert_eq!(ran[1], body(format!("{}{end}|\n", "-".repeat(68))));
    }
}
