//! T01 to T13 for the door `websocket`: each rule of `http-request` holds for opening a socket, and one more for
//! `ws`.

use std::time::Duration;

use serde_json::{Value, json};
use weft_lite::Capability;
use weft_lite::errors::CallError;
use weft_lite::sandbox::AuditOutcome;

use crate::peer::{
    URL, close, echo, error, local, open, receive, say, setup, talking, talking_securely, text,
    trusting,
};
use crate::world::{PUBLIC, Setup, World};

fn allowing(hosts: &[&str]) -> World {
    World::new(Setup {
        guest: "sockets",
        permissions: json!({ "network": hosts }),
        server: talking(echo),
        ..Setup::default()
    })
}

fn url(url: &str) -> Value {
    json!({ "url": url })
}

#[track_caller]
fn denied(number: &str, hosts: &[&str], address: &str, rule: &str) {
    let world = allowing(hosts);
    assert_eq!(world.refused_by("ws_open", &url(address)), rule, "{number}");
    let record = world.record();
    assert_eq!((record.function, record.outcome), ("websocket.open", AuditOutcome::Denied));
    assert_eq!(record.rule.as_deref(), Some(rule), "{number}");
    assert!(world.dialed().is_empty(), "{number}");
}

#[test]
fn opening_is_refused_as_requests_are() {
    let apex = "host not in network allowlist: example.com";
    denied("T02", &["example.org"], "wss://example.com/", apex);
    denied("T03", &["*"], "file:///etc/passwd", "scheme not allowed: file");
    denied("T04", &["*"], "data:text/plain,hello", "scheme not allowed: data");
    denied("T09", &[], "wss://example.com/", "network access not permitted");
    denied("T13", &["*.example.com"], "wss://example.com/", apex);
    for scheme in ["ws", "wss"] {
        for (number, host, address) in [
            ("T05", "127.0.0.1", "127.0.0.1"),
            ("T06", "[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
            ("T07", "169.254.169.254", "169.254.169.254"),
            ("T08", "10.0.0.1", "10.0.0.1"),
        ] {
            let rule = format!("request to private/reserved IP denied: {address}");
            denied(number, &["*"], &format!("{scheme}://{host}/"), &rule);
        }
    }
}

#[test]
fn each_function_has_its_schemes() {
    for scheme in ["http", "https"] {
        let rule = format!("scheme not allowed: {scheme}");
        denied("T03", &["*"], &format!("{scheme}://example.com/"), &rule);
    }
    let world = allowing(&["*"]);
    for scheme in ["ws", "wss"] {
        for tool in ["http", "fetch", "open"] {
            let text = world.refused_by(tool, &url(&format!("{scheme}://example.com/")));
            assert_eq!(text, format!("scheme not allowed: {scheme}"), "{tool}");
        }
    }
    assert_eq!(world.refused_by("ws_open", &url("example.com")), "invalid URL");
    assert_eq!(world.refused_by("ws_open", &url("wss://user@example.com/")), "invalid URL");
}

#[test]
fn plain_sockets_need_a_private_host() {
    let rule = "ws is for private hosts, so use wss: example.com";
    denied("ws", &["*"], "ws://example.com/", rule);
    denied(
        "ws",
        &["*"],
        "ws://93.184.216.34/",
        "ws is for private hosts, so use wss: 93.184.216.34",
    );
    // An exception of the operator for a name makes no public address private.
    let world = World::new(Setup {
        names: Box::new(|_, _| vec!["10.0.0.9".parse().unwrap(), PUBLIC]),
        ..local()
    });
    let text = world.refused_by("ws_open", &url(URL));
    assert_eq!(text, "ws is for private hosts, so use wss: box.local");
    assert!(world.dialed().is_empty());
}

#[test]
fn a_private_host_must_be_listed_and_allowed() {
    let world = World::new(Setup { network: |options| options, ..local() });
    let error = world.call("ws_open", &url(URL)).unwrap_err();
    let CallError::Denied { denied, .. } = error else { panic!("{error:?}") };
    assert_eq!(denied.capability, Capability::Network);
    assert_eq!(denied.rule, "request to private/reserved IP denied: 10.0.0.9");
    let setting = "network: { allow_private_hosts: [\"box.local\"] }";
    assert_eq!(denied.approve_with.as_deref(), Some(setting));
    let world = World::new(Setup { permissions: json!({ "network": ["example.com"] }), ..local() });
    assert_eq!(world.refused_by("ws_open", &url(URL)), "host not in network allowlist: box.local");
    assert!(world.is_untouched());
}

#[test]
fn t01_t12_the_checked_address_is_dialed() {
    for (pattern, address) in [("secure.example", URL), ("*.example", "wss://secure.example/")] {
        let world = World::new(Setup {
            guest: "sockets",
            permissions: json!({ "network": [pattern] }),
            server: talking_securely(echo),
            // A second lookup would find a private address.
            names: Box::new(|_, before| match before {
                0 => vec![PUBLIC],
                _ => vec!["10.0.0.1".parse().unwrap()],
            }),
            network: trusting,
            ..Setup::default()
        });
        let address = if address == URL { "wss://secure.example:8443/x" } else { address };
        let ran = world.run(&[("ws_open", url(address)), say(1, "hello"), receive(1)]);
        assert_eq!(ran[2], text("hello"), "{ran:?}");
        let port = if address.contains("8443") { 8443 } else { 443 };
        assert_eq!(world.dialed(), [(PUBLIC, port).into()]);
        assert_eq!(world.looked_up(), ["secure.example"]);
    }
}

#[test]
fn an_unknown_certificate_is_refused() {
    let world = World::new(Setup {
        guest: "sockets",
        permissions: json!({ "network": ["secure.example"] }),
        server: talking_securely(echo),
        ..Setup::default()
    });
    let text = world.refused_by("ws_open", &url("wss://secure.example/"));
    assert!(text.starts_with("TLS failed: secure.example: "), "{text}");
}

#[test]
fn t10_opening_counts_as_a_request() {
    let world = World::new(Setup { resources: json!({}), ..setup(echo) });
    for number in 1..=10 {
        // What is sent and received on it counts in no rate.
        let ran = world.run(&[open(), say(number, "a"), receive(number), close(number)]);
        assert_eq!(ran[2], text("a"), "{ran:?}");
    }
    let limited = "rate limit exceeded: HTTP requests";
    assert_eq!(world.refused_by("ws_open", &url(URL)), limited);
    assert_eq!(world.record().outcome, AuditOutcome::RateLimited);
    assert_eq!(world.refused_by("fetch", &url("http://box.local/")), limited);
    world.clock.advance(Duration::from_secs(60));
    assert!(world.run(&[open()])[0]["ok"].is_object());
}

#[test]
fn a_ninth_stream_or_socket_is_refused() {
    let world = World::new(setup(echo));
    let full = error("too many open streams: 8, so close one first");
    let stream = ("open", url("http://box.local/"));
    let mut calls = vec![open(); 5];
    calls.extend(vec![stream.clone(); 3]);
    calls.extend([open(), stream.clone(), close(2), stream]);
    let ran = world.run(&calls);
    assert!(ran[..8].iter().all(|it| it["ok"].is_object()), "{ran:?}");
    assert_eq!([&ran[8], &ran[9]], [&full; 2]);
    assert!(ran[11]["ok"].is_object(), "{ran:?}");
    let refused = &world.records()[8];
    assert_eq!(refused.outcome, AuditOutcome::Denied);
    assert_eq!(refused.rule.as_deref(), Some("too many open streams"));
    // The streams ended with their call, and four sockets are still open.
    let ran = world.run(&vec![open(); 5]);
    assert!(ran[..4].iter().all(|it| it["ok"].is_object()), "{ran:?}");
    assert_eq!(ran[4], full);
    assert_eq!(world.server.requests().len(), 13, "a refused one is not sent");
}

#[test]
fn a_url_of_the_settings_opens_its_host() {
    let world = World::new(Setup {
        permissions: json!({ "network": ["settings:gateway"] }),
        settings: json!({ "gateway": "ws://box.local/x" }),
        ..setup(echo)
    });
    assert!(world.run(&[open()])[0]["ok"].is_object());
    let text = world.refused_by("ws_open", &url("ws://box.local:81/"));
    assert_eq!(text, "host not in network allowlist: box.local:81");
}
