//! What is sent and what is taken: URLs, methods, headers, bodies and statuses.

use serde_json::json;

use crate::server::{Reply, answer, ok};
use crate::world::{PUBLIC, World};

const URL: &str = "http://example.com/";

#[test]
fn urls_that_are_none() {
    let world = World::allowing(&["*"]);
    for url in [
        "",
        "example.com",
        "/path",
        "//example.com/",
        "http:example.com",
        "http:/example.com",
        "http://",
        "http:///path",
        "http://:80/",
        "http://me@example.com/",
        "http://me:hush@example.com/",
        "http://example.com\\@evil.example/",
        "http://exa mple.com/",
        "http://example.com/a b",
        "http://example.com/\r\nX: y",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:+80/",
        "http://example.com:/",
        "http://example.com:80:80/",
        "http://..example.com/",
        "http://a..example.com/",
        "http://exa%6dple.com/",
        "http://example.com../",
        "http://-example.com/",
        "http://example-.com/",
        "http://bücher.example/",
        "http://example.com/ü",
        "http://*/",
        " http://example.com/",
    ] {
        assert_eq!(world.get_refused(url), "invalid URL", "{url:?}");
    }
    assert!(world.is_untouched());
}

#[test]
fn one_host_is_checked_looked_up_and_sent() {
    let world = World::allowing(&["example.com", "2606:2800::1"]);
    let sent = |url: &str| {
        assert_eq!(world.get(url).unwrap(), "hello");
        let request = world.server.requests().pop().unwrap();
        let line = request.lines().next().unwrap().to_owned();
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
        (line, host, world.dialed().pop().unwrap())
    };
    let (line, host, address) = sent("HTTP://EXAMPLE.COM.:8080?a=b#c");
    assert_eq!((line.as_str(), host.as_str()), ("GET /?a=b HTTP/1.1", "example.com:8080"));
    assert_eq!(address, (PUBLIC, 8080).into());
    let (_, host, address) = sent("http://[2606:2800:0:0::1]/");
    assert_eq!(host, "[2606:2800::1]");
    assert_eq!(address, "[2606:2800::1]:80".parse().unwrap());
    assert_eq!(world.looked_up(), ["example.com"], "a literal address is not looked up");
}

#[test]
fn methods() {
    let world = World::allowing(&["example.com"]);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"] {
        world.send(&json!({ "url": URL, "method": method })).unwrap();
        let request = world.server.requests().pop().unwrap();
        assert!(request.starts_with(&method.to_uppercase()), "{request}");
        let says_length = ["POST", "PUT", "PATCH"].contains(&method);
        assert_eq!(request.contains("content-length: 0"), says_length, "{request}");
    }
    for method in ["CONNECT", "TRACE", "", "GET /evil HTTP/1.1\r\nX: y", "BREW"] {
        let text = world.refused(&json!({ "url": URL, "method": method }));
        assert_eq!(text, format!("method not allowed: {method}"));
    }
}

#[test]
fn a_head_request_has_no_body() {
    let world =
        World::answering(|_| Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".into()));
    assert_eq!(world.send(&json!({ "url": URL, "method": "HEAD" })).unwrap(), "");
}

#[test]
fn headers_and_body_arrive() {
    let world = World::allowing(&["example.com"]);
    let params = json!({
        "url": URL, "method": "POST", "body": "käse",
        "headers": [["X-One", "1"], ["x-one", "2"], ["Accept", "text/plain; q=0.5"]],
    });
    world.send(&params).unwrap();
    let request = world.server.request();
    for line in ["x-one: 1", "x-one: 2", "accept: text/plain; q=0.5", "content-length: 5"] {
        assert!(request.lines().any(|other| other == line), "{request}");
    }
    assert!(request.ends_with("\r\n\r\nkäse"), "{request}");
    assert!(request.contains("\r\naccept-encoding: identity\r\n"), "{request}");
}

#[test]
fn headers_that_are_the_hosts_own() {
    let world = World::allowing(&["example.com"]);
    for name in [
        "Host",
        "CONTENT-LENGTH",
        "User-Agent",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Expect",
        "HTTP2-Settings",
        "Accept-Encoding",
        "Accept-Charset",
        "A-IM",
        "Available-Dictionary",
        "Dictionary-ID",
        "Range",
        "If-Range",
        "Request-Range",
        "Unless-Modified-Since",
        "Want-Content-Digest",
        "Want-Repr-Digest",
        "Want-Unencoded-Digest",
        "Want-Digest",
        // Servers that hand headers on as variables read these as the same.
        "transfer_encoding",
        "Transfer_Encoding",
        "CONTENT_LENGTH",
        "user_agent",
        "keep_alive",
        "Keep_Alive",
        "PROXY_AUTHORIZATION",
        "proxy_connection",
        "http2_settings",
        "accept_encoding",
        "if_range",
    ] {
        world.clock.advance(std::time::Duration::from_secs(60));
        let text = world.refused(&json!({ "url": URL, "headers": [[name, "x"]] }));
        assert_eq!(text, format!("header not allowed: {name}"));
    }
    assert!(world.dialed().is_empty());
}

#[test]
fn headers_that_would_break_the_message() {
    let world = World::allowing(&["example.com"]);
    for (name, value) in [
        ("X", "a\r\nHost: evil.example"),
        ("X", "a\nb"),
        ("X", "a\0b"),
        ("X", "\u{7f}"),
        ("X", "ü"),
        ("X\r\nHost", "evil.example"),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
        ("Ü", "a"),
    ] {
        let text = world.refused(&json!({ "url": URL, "headers": [[name, value]] }));
        assert_eq!(text, format!("invalid header: {name}"));
    }
    let many: Vec<_> = (0..65).map(|n| [format!("x-{n}"), String::new()]).collect();
    for headers in [json!(many), json!([["x", "y".repeat(40_000)]])] {
        let text = world.refused(&json!({ "url": URL, "headers": headers }));
        assert_eq!(text, "request headers too large");
    }
    assert!(world.dialed().is_empty());
}

#[test]
fn redirects_are_not_followed() {
    for location in ["http://example.com/elsewhere", "http://127.0.0.1/", "/relative"] {
        let headers = format!("Location: {location}\r\n");
        let world = World::answering(move |_| answer("302 Found", &headers, "moved"));
        assert_eq!(world.get_refused(URL), format!("HTTP 302: {location}"));
        assert_eq!(world.server.requests().len(), 1);
        assert_eq!(world.looked_up().len(), 1);
        assert_eq!(world.record().rule.as_deref(), Some("HTTP 302"));
    }
}

#[test]
fn other_statuses_are_errors() {
    let world = World::answering(|_| answer("404 Not Found", "Location: /x\r\n", "no such thing"));
    assert_eq!(world.get_refused(URL), "HTTP 404: no such thing");
    assert_eq!(world.record().rule.as_deref(), Some("HTTP 404"), "nothing of the body");
    let world = World::answering(|_| answer("500 Oops", "", "ä".repeat(2000)));
    assert_eq!(world.get_refused(URL), format!("HTTP 500: {}", "ä".repeat(512)));
    let world = World::answering(|_| answer("503 Busy", "", b"a\xff"));
    assert_eq!(world.get_refused(URL), "HTTP 503: a\u{fffd}");
    let world = World::answering(|_| answer("304 Not Modified", "", ""));
    assert_eq!(world.get_refused(URL), "HTTP 304: ");
    let world = World::answering(|_| answer("204 No Content", "", ""));
    assert_eq!(world.get(URL).unwrap(), "");
}

#[test]
fn a_long_body_is_cut_between_characters() {
    let limit = weft_lite::limits::HTTP_RESPONSE_BODY_BYTES;
    // An odd byte first, so that the limit falls into a character.
    let body = format!("a{}", "ä".repeat(limit));
    let world = World::new(crate::world::Setup {
        server: crate::server::Server::start(move |_| ok(&body)),
        resources: json!({ "max_memory_mb": 64 }),
        ..Default::default()
    });
    // The guest's result repeats the body in JSON, which is over the limit for results by then.
    let sent = world.get(URL).unwrap_err().to_string();
    assert!(sent.contains("output"), "{sent}");
    assert_eq!(world.record().bytes, limit as u64 - 1);
}

#[test]
fn a_body_must_be_text() {
    let world = World::answering(|_| ok(b"caf\xe9"));
    assert_eq!(world.get_refused(URL), "response is not valid UTF-8");
    let world = World::answering(|_| ok(&"ä".as_bytes()[..1]));
    assert_eq!(world.get_refused(URL), "response is not valid UTF-8");
}

#[test]
fn chunks_and_interim_answers_are_understood() {
    let world = World::answering(|_| {
        Reply::Bytes(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
              3\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
                .into(),
        )
    });
    assert_eq!(world.get(URL).unwrap(), "abcde");
    let world = World::answering(|_| Reply::Bytes(b"HTTP/1.1 200 OK\r\n\r\nto the end".into()));
    assert_eq!(world.get(URL).unwrap(), "to the end");
}

#[test]
fn broken_answers_are_errors() {
    for bytes in [
        "",
        "HTTP/1.1 200",
        "not HTTP at all\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ] {
        let world = World::answering(move |_| Reply::Bytes(bytes.into()));
        let text = world.get_refused(URL);
        assert!(text.starts_with("request failed: "), "{bytes:?}: {text}");
    }
    let world =
        World::answering(|_| answer("200 OK", &format!("X: {}\r\n", "y".repeat(70_000)), ""));
    let text = world.get_refused(URL);
    assert!(text.starts_with("request failed: "), "{text}");
}
