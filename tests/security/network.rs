//! T01 to T13, and the waiting half of T30: requests.

use std::env;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use weft_lite::Capability;
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::sandbox::AuditOutcome;

use crate::server::{Reply, Server};
use crate::world::{PUBLIC, Setup, World};

#[test]
fn t01_allowlisted_domain_succeeds() {
    let world = World::allowing(&["example.com"]);
    assert_eq!(world.get("http://example.com/path?q=1#part").unwrap(), "hello");
    assert_eq!(world.dialed(), [(PUBLIC, 80).into()]);
    assert_eq!(world.looked_up(), ["example.com"]);
    let request = world.server.request();
    let mut lines = request.lines();
    assert_eq!(lines.next(), Some("GET /path?q=1 HTTP/1.1"));
    let mut headers: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            "accept-encoding: identity",
            "connection: close",
            "host: example.com",
            "user-agent: weft-lite-plugin/probe/0.1.0"
        ]
    );
    let record = world.record();
    assert_eq!(record.summary, "GET http://example.com/path?q");
    assert_eq!((record.outcome, record.bytes), (AuditOutcome::Ok, 5));
}

#[test]
fn t02_domain_not_listed() {
    let world = World::allowing(&["example.com"]);
    let error = world.get("http://example.org:8080/?key=hush").unwrap_err();
    let CallError::Denied { denied, .. } = error else { panic!("{error:?}") };
    assert_eq!(denied.capability, Capability::Network);
    assert_eq!(denied.target, "example.org");
    assert_eq!(denied.rule, "host not in network allowlist: example.org");
    assert!(world.is_untouched());
    assert_eq!(world.record().outcome, AuditOutcome::Denied);
    assert_eq!(world.record().rule.unwrap(), denied.rule);
}

#[test]
fn t03_file_scheme() {
    let world = World::allowing(&["*"]);
    assert_eq!(world.get_refused("file:///etc/passwd"), "scheme not allowed: file");
    assert!(world.is_untouched());
}

#[test]
fn t04_data_scheme() {
    let world = World::allowing(&["*"]);
    assert_eq!(world.get_refused("data:text/plain,hello"), "scheme not allowed: data");
    for url in ["ftp://example.com/", "gopher://example.com/", "javascript:alert(1)"] {
        assert!(world.get_refused(url).starts_with("scheme not allowed: "), "{url}");
    }
    assert!(world.is_untouched());
}

#[track_caller]
fn denies_address(url: &str, address: &str) {
    let world = World::allowing(&["*"]);
    let rule = format!("request to private/reserved IP denied: {address}");
    assert_eq!(world.get_refused(url), rule);
    assert_eq!(world.record().rule, Some(rule));
    assert!(world.is_untouched());
}

#[test]
fn t05_loopback() {
    denies_address("http://127.0.0.1/", "127.0.0.1");
}

#[test]
fn t06_loopback_mapped_into_v6() {
    denies_address("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1");
}

#[test]
fn t07_cloud_metadata() {
    denies_address("http://169.254.169.254/latest/meta-data/", "169.254.169.254");
}

#[test]
fn t08_private_network() {
    denies_address("http://10.0.0.1:8080/", "10.0.0.1");
}

#[test]
fn t09_empty_network_permission() {
    let world = World::allowing(&[]);
    assert_eq!(world.get_refused("http://example.com/"), "network access not permitted");
    assert!(world.is_untouched());
}

#[test]
fn t10_eleventh_request_within_a_minute() {
    let world = World::new(Setup { resources: json!({}), ..Setup::default() });
    // What is refused before the rate doesn't count, what is refused after it does.
    for _ in 0..20 {
        world.get_refused("http://example.org/");
    }
    for _ in 0..10 {
        world.get("http://example.com/").unwrap();
    }
    let text = world.get_refused("http://example.com/");
    assert_eq!(text, "rate limit exceeded: HTTP requests");
    assert_eq!(world.looked_up().len(), 10, "counted before the name is looked up");
    assert_eq!(world.record().outcome, AuditOutcome::RateLimited);
    world.clock.advance(Duration::from_secs(59));
    world.get_refused("http://example.com/");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get("http://example.com/").unwrap(), "hello");
}

#[test]
fn t11_body_of_two_megabytes() {
    let world = World::allowing(&["example.com"]);
    let post = |size: usize| {
        let params = json!({ "url": "http://example.com/", "method": "POST", "size": size });
        world.call("http", &params)
    };
    let error = post(2 << 20).unwrap_err();
    assert_eq!(error, CallError::Guest { message: "request body too large".into() });
    assert!(post((1 << 20) + 1).is_err());
    assert!(world.is_untouched());
    assert_eq!(post(1 << 20), Ok(json!({ "body": "hello" })));
    assert!(world.server.request().contains("content-length: 1048576"));
}

#[test]
fn t12_subdomain_of_a_wildcard() {
    let world = World::allowing(&["*.Example.com"]);
    for url in ["http://sub.example.com/", "http://A.B.EXAMPLE.COM/", "http://sub.example.com./"] {
        assert_eq!(world.get(url).unwrap(), "hello", "{url}");
    }
    assert_eq!(world.looked_up(), ["sub.example.com", "a.b.example.com", "sub.example.com"]);
    assert_eq!(world.dialed(), [(PUBLIC, 80).into(); 3]);
}

#[test]
fn t13_apex_of_a_wildcard() {
    let world = World::allowing(&["*.example.com"]);
    for host in ["example.com", "badexample.com", "example.com.evil.org", "93.184.216.34"] {
        let rule = format!("host not in network allowlist: {host}");
        assert_eq!(world.get_refused(&format!("http://{host}/")), rule);
    }
    assert!(world.is_untouched());
}

#[test]
fn t30_a_slow_server_exhausts_the_time() {
    let world = World::new(Setup {
        resources: json!({ "max_execution_seconds": 1 }),
        server: Server::start(|_| Reply::Hang(b"HTTP/1.1 200 OK\r\n".into())),
        ..Setup::default()
    });
    let error = world.get("http://example.com/").unwrap_err();
    let limit = Duration::from_secs(1);
    assert_eq!(error, CallError::Exhausted(Exhausted::Time { limit }));
    world.server.left.recv_blocking().unwrap();
}

#[test]
fn a_proxy_in_the_environment_is_ignored() {
    // A process of its own, because the environment belongs to all tests of this one.
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "network::t01_allowlisted_domain_succeeds"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, "http://127.0.0.1:1").env(name.to_lowercase(), "http://127.0.0.1:1");
    }
    let ran = child.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}
