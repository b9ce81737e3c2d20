//! `http.request`: any status, headers and bytes both ways.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_lite::Secret;
use weft_lite::sandbox::AuditOutcome;

use crate::server::{Reply, Server, answer, ok};
use crate::world::{Setup, World};

const URL: &str = "http://example.com/";

fn fetched(world: &World) -> Value {
    world.call("fetch", &json!({ "url": URL })).unwrap()
}

#[test]
fn any_status_is_an_answer() {
    for (status, code) in [
        ("200 OK", 200),
        ("302 Found", 302),
        ("404 Not Found", 404),
        ("429 Too Many", 429),
        ("500 Oops", 500),
    ] {
        let world = World::answering(move |_| answer(status, "Location: /x\r\n", "words"));
        let answer = fetched(&world);
        assert_eq!((&answer["status"], &answer["body"]), (&json!(code), &json!("words")));
        assert_eq!(world.server.requests().len(), 1, "a redirect is not followed");
        let record = world.record();
        assert_eq!((record.function, record.outcome), ("http.request", AuditOutcome::Ok));
        assert_eq!((record.summary.as_str(), record.bytes), ("GET http://example.com/", 5));
    }
}

#[test]
fn headers_arrive_with_every_cookie() {
    let headers = "Retry-After: 7\r\nSet-Cookie: a=1\r\nX-Text: café\r\nset-cookie: b=2\r\n";
    let world = World::answering(|_| answer("429 Slow Down", headers, ""));
    let answer = fetched(&world);
    let expected = json!([
        ["content-length", "0"],
        ["retry-after", "7"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["x-text", "café"],
    ]);
    assert_eq!(answer["headers"], expected);
}

#[test]
fn bytes_pass_in_both_directions() {
    let world = World::answering(|_| ok([0, 255, 10, 195]));
    let params = json!({ "url": URL, "method": "PUT", "body": [104, 105] });
    assert_eq!(world.call("fetch", &params).unwrap()["body"], json!([0, 255, 10, 195]));
    assert!(world.server.request().ends_with("content-length: 2\r\n\r\nhi"));
    let world = World::answering(|request| ok(request.split_once("\r\n\r\n").unwrap().1));
    let params = json!({ "url": URL, "method": "POST", "body": [0, 1, 127] });
    assert_eq!(world.call("fetch", &params).unwrap()["body"], "\u{0}\u{1}\u{7f}");
}

#[test]
fn a_long_body_is_cut() {
    let limit = weft_lite::limits::HTTP_RESPONSE_BODY_BYTES;
    let world = World::new(Setup {
        server: Server::start(move |_| ok(vec![b'x'; limit + 9])),
        resources: json!({ "max_memory_mb": 64 }),
        ..Setup::default()
    });
    // Too long for a result of the guest: the record says how much it got.
    assert!(world.call("fetch", &json!({ "url": URL })).is_err());
    assert_eq!(world.record().bytes, limit as u64);
}

#[test]
fn too_many_headers_fail_the_request() {
    let headers: String = (0..100).map(|number| format!("x-{number}: 1\r\n")).collect();
    for headers in [headers, format!("x: {}\r\n", "y".repeat(70_000))] {
        let world = World::answering(move |_| answer("200 OK", &headers, ""));
        for tool in ["fetch", "open"] {
            let text = world.refused_by(tool, &json!({ "url": URL }));
            assert!(text.starts_with("request failed: "), "{text}");
        }
    }
}

#[test]
fn secrets_are_redacted_in_heads_and_bytes() {
    const HEX: &str = "7333637233742f6b3379";
    let value = "s3cr3t/k3y";
    let world = World::new(Setup {
        permissions: json!({ "network": ["*"], "secrets": ["token"] }),
        server: Server::start(move |request| {
            let token = request.lines().find_map(|it| it.strip_prefix("x-token: ")).unwrap();
            assert_eq!(token, value);
            let headers = format!("X-Echo: <{token}>\r\n{HEX}: 1\r\nLocation: /?{token}\r\n");
            let body = [&[255], token.as_bytes(), &[254]].concat();
            answer("302 Found", &headers, body)
        }),
        names: Box::new(|_, _| vec!["10.0.0.9".parse().unwrap()]),
        secrets: BTreeMap::from([(
            "token",
            Secret { value: value.into(), hosts: vec!["box.local".into()], allow_http: true },
        )]),
        network: |options| options.allow_private_hosts(["box.local"]).unwrap(),
        ..Setup::default()
    });
    let params =
        json!({ "url": "http://box.local/", "headers": [["X-Token", "{{secret:token}}"]] });
    let headers = json!([
        ["content-length", "12"],
        ["x-echo", "<[redacted]>"],
        ["[redacted]", "1"],
        ["location", "/?[redacted]"],
    ]);
    let answer = world.call("fetch", &params).unwrap();
    assert_eq!(answer["headers"], headers);
    let body = [&[255], b"[redacted]".as_slice(), &[254]].concat();
    assert_eq!(answer["body"], json!(body));
    let ran = world.run(&[("open", params), ("next", json!({ "stream": 1 }))]);
    assert_eq!(ran[0]["ok"]["headers"], headers);
    assert_eq!(ran[1]["ok"]["body"], json!(body));
}

#[test]
fn broken_answers_fail_the_request() {
    let world = World::answering(|_| {
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".into())
    });
    let text = world.refused_by("fetch", &json!({ "url": URL }));
    assert!(text.starts_with("request failed: "), "{text}");
    assert_eq!(world.record().rule.as_deref(), Some("request failed"));
}
