//! T01 to T13 for the door `http`: each rule of `http-request` holds for its functions too.

use serde_json::{Value, json};
use weft_lite::sandbox::AuditOutcome;

use crate::world::{PUBLIC, Setup, World};

/// The probe's tools that send a request, and the function that each calls.
const TOOLS: [(&str, &str); 3] =
    [("http", "http-request"), ("fetch", "http.request"), ("open", "http.open")];

/// One request, and the rule that refuses it.
struct Refusal {
    number: &'static str,
    hosts: &'static [&'static str],
    params: Value,
    rule: &'static str,
    outcome: AuditOutcome,
}

impl Refusal {
    fn denied(
        number: &'static str,
        hosts: &'static [&'static str],
        url: &str,
        rule: &'static str,
    ) -> Self {
        let params = json!({ "url": url });
        Self { number, hosts, params, rule, outcome: AuditOutcome::Denied }
    }
}

fn refusals() -> Vec<Refusal> {
    let denied = Refusal::denied;
    let private = "request to private/reserved IP denied: ";
    let apex = "host not in network allowlist: example.com";
    let too_large = json!({ "url": "http://example.com/", "method": "POST", "size": 2 << 20 });
    let address = |number, url: &str, rule: &'static str| {
        assert!(rule.starts_with(private));
        denied(number, &["*"], url, rule)
    };
    vec![
        denied("T02", &["example.org"], "http://example.com/", apex),
        denied("T03", &["*"], "file:///etc/passwd", "scheme not allowed: file"),
        denied("T04", &["*"], "data:text/plain,hello", "scheme not allowed: data"),
        address("T05", "http://127.0.0.1/", "request to private/reserved IP denied: 127.0.0.1"),
        address(
            "T06",
            "http://[::ffff:127.0.0.1]/",
            "request to private/reserved IP denied: ::ffff:127.0.0.1",
        ),
        address(
            "T07",
            "http://169.254.169.254/",
            "request to private/reserved IP denied: 169.254.169.254",
        ),
        address("T08", "http://10.0.0.1/", "request to private/reserved IP denied: 10.0.0.1"),
        denied("T09", &[], "http://example.com/", "network access not permitted"),
        Refusal {
            number: "T11",
            hosts: &["*"],
            params: too_large,
            rule: "request body too large",
            outcome: AuditOutcome::Error,
        },
        denied("T13", &["*.example.com"], "http://example.com/", apex),
    ]
}

#[test]
fn doors_refuse_as_http_request_does() {
    for Refusal { number, hosts, params, rule, outcome } in refusals() {
        let world = World::allowing(hosts);
        for (tool, function) in TOOLS {
            assert_eq!(world.refused_by(tool, &params), rule, "{number} {tool}");
            let record = world.record();
            assert_eq!((record.function, record.outcome), (function, outcome), "{number}");
            assert_eq!(record.rule.as_deref(), Some(rule), "{number} {tool}");
        }
        assert!(world.is_untouched(), "{number}");
    }
}

#[test]
fn t01_t12_doors_reach_listed_hosts() {
    for (pattern, url) in [
        ("example.com", "http://example.com/path?q=1#part"),
        ("*.example.com", "http://sub.example.com/path?q=1"),
    ] {
        let world = World::allowing(&[pattern]);
        assert_eq!(world.call("fetch", &json!({ "url": url })).unwrap()["body"], "hello");
        let ran = world.run(&[("open", json!({ "url": url })), ("next", json!({ "stream": 1 }))]);
        assert_eq!(ran[1]["ok"]["body"], "hello", "{ran:?}");
        assert_eq!(world.dialed(), [(PUBLIC, 80).into(); 2]);
        for request in world.server.requests() {
            let mut lines = request.lines();
            assert_eq!(lines.next(), Some("GET /path?q=1 HTTP/1.1"));
            let mut headers: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
            headers.sort_unstable();
            let host = format!("host: {}", url.split('/').nth(2).unwrap());
            let agent = "user-agent: weft-lite-plugin/probe/0.1.0";
            assert_eq!(
                headers,
                ["accept-encoding: identity", "connection: close", host.as_str(), agent]
            );
        }
    }
}

#[test]
fn t10_doors_share_one_rate() {
    let world = World::new(Setup { resources: json!({}), ..Setup::default() });
    let params = json!({ "url": "http://example.com/" });
    for (tool, _) in TOOLS.iter().cycle().take(10) {
        world.call(tool, &params).unwrap();
    }
    for (tool, _) in TOOLS {
        assert_eq!(world.refused_by(tool, &params), "rate limit exceeded: HTTP requests");
        assert_eq!(world.record().outcome, AuditOutcome::RateLimited);
    }
    assert_eq!(world.looked_up().len(), 10);
}
