//! Webhooks: requests of anybody for the relay, and what it may answer.

use std::io::{BufReader, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weft_lite::actor::WantedChannels;
use weft_lite::errors::LoadError;
use weft_lite::mcp::{BearerToken, HttpOptions};
use weft_lite::pipeline::{ChannelRules, Gateway};
use weft_lite::sandbox::{AuditOutcome, ManualClock, MemoryAudit};
use weft_lite::{Approval, PluginPackage, Runtime, limits};

use crate::http::{Http, Response, TOKEN};
use crate::session::{guest, package};

/// The relay behind a server and a gateway.
struct Hooks {
    http: Http,
    audit: Arc<MemoryAudit>,
    clock: Arc<ManualClock>,
    _gateway: Gateway,
}

fn relay(changes: &Value) -> PluginPackage {
    let mut manifest = json!({
        "capabilities": ["channel", "tool"],
        "permissions": { "storage": { "max_kb": 256 }, "webhook": true },
        "channel": { "poll_seconds": 0.1 },
    });
    for (key, value) in changes.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    package("relay", guest("relay"), &manifest)
}

impl Hooks {
    fn new() -> Self {
        Self::with(&json!({}), HttpOptions::default(), true)
    }

    /// The relay with these changes of its manifest; its channel `runs` or not.
    fn with(changes: &Value, options: HttpOptions, runs: bool) -> Self {
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(10_000).unwrap()));
        let clock = Arc::new(ManualClock::new());
        let runtime = Runtime::builder()
            .without_bundled()
            .clock(Arc::clone(&clock) as _)
            .audit(Arc::clone(&audit) as _)
            .build();
        let rules = ChannelRules { owner: Some("ann".into()), allow: Vec::new() };
        let rules = [("relay".to_owned(), rules)].into();
        let gateway = runtime.gateway(runtime.commands(), rules);
        runtime.block_on(async {
            runtime.host().load([(relay(changes), Approval::ALL)], []).await;
            for (key, value) in [("mode/sender", "ann"), ("in/0", "/help")] {
                let params = json!({ "key": key, "value": value }).to_string();
                runtime.host().call("relay__put", params).await.result.unwrap();
            }
            let wanted: WantedChannels = Arc::new(move |_| runs);
            runtime.host().adopt_guests(&gateway.inbox(), &wanted).await;
            for outcome in runtime.host().start_all().await {
                outcome.result.unwrap();
            }
        });
        let hooks = Self { http: Http::serving(runtime, options), audit, clock, _gateway: gateway };
        // It runs when it has delivered a message.
        while runs && hooks.tool("waiting", &json!({})) != json!([]) {}
        hooks
    }

    fn tool(&self, tool: &str, params: &Value) -> Value {
        let name = format!("relay__{tool}");
        let called = smol::block_on(self.http.host.call(&name, params.to_string()));
        serde_json::from_str(&called.result.unwrap()).unwrap()
    }

    fn get(&self, path: &str) -> Response {
        self.http.send(&self.http.request("GET", &format!("/hook/relay{path}"), &[], ""))
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        self.http.send(&self.http.request("POST", &format!("/hook/relay{path}"), headers, body))
    }

    /// What the relay answers when it is asked for this.
    fn answer(&self, asked: &Value) -> Response {
        self.post("/answer", &[], &asked.to_string())
    }

    /// Outcome, summary and rule of the last request.
    fn last_record(&self) -> (AuditOutcome, String, Option<String>) {
        let is_hook = |function: &str| function == "webhook.handle";
        let record = self.audit.records().into_iter().rfind(|it| is_hook(it.function)).unwrap();
        (record.outcome, record.summary, record.rule)
    }
}

#[test]
fn a_request_reaches_its_plugin() {
    let hooks = Hooks::new();
    let answer = hooks.post("/some/path?a=b&token=t", &[("X-Signature", "sha256=1")], "{}");
    assert_eq!(answer.is(200).header("content-type"), Some("application/json"));
    let seen = answer.json();
    let part = |name: &str| seen[name].as_str().unwrap().to_owned();
    let parts = ["method", "path", "query", "body"].map(part);
    assert_eq!(parts, ["POST", "/some/path", "a=b&token=t", "{}"]);
    assert!(seen["headers"].as_array().unwrap().contains(&json!(["x-signature", "sha256=1"])));
    let record = (AuditOutcome::Ok, "POST /some/path?a&token".to_owned(), None);
    assert_eq!(hooks.last_record(), record, "no value is in it");
    assert_eq!(hooks.get("").is(200).json()["path"], "");
}

#[test]
fn a_message_is_polled_after_its_request() {
    // Without the request, the next poll would be in an hour.
    let channel = json!({ "channel": { "poll_seconds": 3600 } });
    let hooks = Hooks::with(&channel, HttpOptions::default(), true);
    hooks.post("/in/7", &[], "hello").is(202);
    let limit = Instant::now() + Duration::from_secs(60);
    let mark = json!(["answered", "7", "answered"]);
    while !hooks.tool("heard", &json!({})).as_array().unwrap().contains(&mark) {
        assert!(Instant::now() < limit, "the message is not answered");
    }
}

#[test]
fn a_refused_request_costs_no_poll() {
    let channel = json!({ "channel": { "poll_seconds": 3600 } });
    let hooks = Hooks::with(&channel, HttpOptions::default(), true);
    let waiting = || hooks.tool("waiting", &json!({}));
    hooks.tool("put", &json!({ "key": "in/2", "value": "hello" }));
    for status in ["401", "302", "500"] {
        hooks.answer(&json!({ "status": status }));
    }
    hooks.post("/fail", &[], "").is(500);
    for _ in 0..100 {
        assert_eq!(waiting(), json!(["in/2"]));
    }
}

#[test]
fn slow_requests_delay_no_answer() {
    let hooks = Hooks::new();
    let request = hooks.http.request("GET", "/hook/relay/wait", &[], "");
    let slow: Vec<_> = (0..limits::HOOK_REQUESTS_AT_ONCE + 1)
        .map(|_| {
            let mut stream = hooks.http.connect();
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    let ended = |outcome| {
        let records = hooks.audit.records().into_iter();
        records.filter(|it| it.function == "webhook.handle" && it.outcome == outcome).count()
    };
    // All places are taken when one has found none.
    while ended(AuditOutcome::RateLimited) == 0 {}
    hooks.tool("put", &json!({ "key": "in/1", "value": "hello" }));
    let mark = json!(["answered", "1", "answered"]);
    while !hooks.tool("heard", &json!({})).as_array().unwrap().contains(&mark) {}
    assert_eq!(ended(AuditOutcome::Error), 0, "they still wait");
    drop(slow);
}

#[test]
fn nothing_tells_which_plugins_exist() {
    let running = Hooks::new();
    let stopped = Hooks::with(&json!({}), HttpOptions::default(), false);
    let storage = json!({ "permissions": { "storage": { "max_kb": 256 } } });
    let unasked = Hooks::with(&storage, HttpOptions::default(), true);
    let nobody = running.http.send(&running.http.request("POST", "/hook/nobody/x", &[], "{}"));
    for answer in [stopped.post("/x", &[], "{}"), unasked.post("/x", &[], "{}")] {
        assert_eq!(answer.is(404).body, nobody.is(404).body);
    }
}

#[test]
fn a_webhook_needs_permission_and_approval() {
    let storage = json!({ "permissions": { "storage": { "max_kb": 256 } } });
    let runtime = Runtime::builder().without_bundled().build();
    let named = Approval { named: true, ..Approval::NONE };
    runtime.block_on(runtime.host().load([(relay(&json!({})), named)], []));
    let registry = runtime.host().registry();
    let LoadError::Pending { unapproved, .. } = &registry.refused()[0].error else { panic!() };
    assert_eq!(*unapproved, ["webhook"]);
    runtime.block_on(async {
        let approval = named.with_kind("webhook").unwrap();
        runtime.host().load([(relay(&json!({})), approval)], []).await;
        assert!(runtime.host().registry().plugin("relay").is_some());
        // A plugin that does not ask runs without.
        runtime.host().unload("relay").await;
        runtime.host().load([(relay(&storage), named)], []).await;
    });
    let registry = runtime.host().registry();
    let warnings = &registry.plugin("relay").unwrap().warnings;
    assert!(warnings[0].contains("permissions.webhook"), "{warnings:?}");
}

#[test]
fn the_servers_own_authority_stays_its_own() {
    let options =
        HttpOptions { token: Some(BearerToken::new(TOKEN).unwrap()), ..HttpOptions::default() };
    let hooks = Hooks::with(&json!({}), options, true);
    let bearer = format!("Bearer {TOKEN}");
    let ours = [
        ("Authorization", &*bearer),
        ("X-Token", TOKEN),
        ("X-Quoted", &*format!("a=\"{TOKEN}\", b")),
        ("X-Parameter", &*format!("a={TOKEN};b=c")),
        ("Proxy-Authorization", "Basic eDp5"),
        ("Keep-Alive", "timeout=5"),
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("Cookie", "a=b"),
    ];
    // No token is needed, and one that is shown opens nothing.
    let seen = hooks.post("", &ours, "").is(200).json();
    let mut names: Vec<_> =
        seen["headers"].as_array().unwrap().iter().map(|it| it[0].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host"]);
    // Somebody else's token is the plugin's business.
    let theirs = hooks.post("", &[("Authorization", "Bearer theirs")], "").is(200).json();
    let theirs = theirs["headers"].as_array().unwrap().clone();
    assert!(theirs.contains(&json!(["authorization", "Bearer theirs"])));
    hooks.http.send(&hooks.http.request("GET", "/metrics", &[], "")).is(401);
}

#[test]
fn pages_of_other_sites_are_refused() {
    let hooks = Hooks::new();
    hooks.post("", &[("Origin", "https://example.com")], "").is(403);
    hooks.post("", &[("Host", "example.com")], "").is(403);
    // A page of this machine may send, and read nothing.
    let answer = hooks.post("", &[("Origin", "http://localhost:3000")], "");
    assert_eq!(answer.is(200).header("access-control-allow-origin"), None);
    let preflight =
        [("Origin", "http://localhost:3000"), ("Access-Control-Request-Method", "POST")];
    let request = hooks.http.request("OPTIONS", "/hook/relay", &preflight, "");
    let answer = hooks.http.send(&request);
    assert_eq!(answer.is(405).header("allow"), Some("GET, POST"));
}

#[test]
fn an_answer_is_no_page_of_the_server() {
    let hooks = Hooks::new();
    let html = json!([{ "name": "Content-Type", "value": "text/html" }]);
    let answer = hooks.answer(&json!({ "status": "200", "headers": html, "bytes": "3" }));
    assert_eq!(answer.is(200).body, "xxx");
    assert_eq!(answer.header("content-security-policy"), Some("sandbox"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let others = json!([
        { "name": "Location", "value": "/x" }, { "name": "Cache-Control", "value": "max-age=1" },
    ]);
    let answer = hooks.answer(&json!({ "status": "302", "headers": others }));
    assert_eq!(answer.is(302).header("location"), Some("/x"));
    assert_eq!(answer.header("cache-control"), Some("max-age=1"));
}

#[test]
fn an_answer_is_checked() {
    let hooks = Hooks::new();
    for (name, value) in [
        ("Access-Control-Allow-Origin", "*"),
        ("Connection", "upgrade"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "0"),
        ("Content-Security-Policy", "default-src *"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Mcp-Session-Id", "x"),
        ("Set-Cookie", "a=b; Domain=example.com"),
        ("NEL", "{}"),
        ("Use-As-Dictionary", "match=\"/*\""),
        // A proxy would send one of its own files instead.
        ("X-Accel-Redirect", "/private/file"),
        ("X-Sendfile", "/etc/passwd"),
        ("X-Split", "a\r\nX-More: b"),
        ("X Name", "a"),
        ("", "a"),
        ("X-Large", &*"a".repeat(20_000)),
    ] {
        let headers = json!([{ "name": name, "value": value }]);
        let answer = hooks.answer(&json!({ "status": "200", "headers": headers }));
        assert_eq!(answer.is(500).body, "the plugin failed\n", "{name}");
        assert_eq!(hooks.last_record().0, AuditOutcome::Error);
    }
    for status in ["0", "101", "199", "600", "65535"] {
        hooks.answer(&json!({ "status": status })).is(500);
    }
    let of_bytes = |bytes: usize| {
        hooks.answer(&json!({ "status": "200", "bytes": bytes.to_string() })).status()
    };
    assert_eq!(of_bytes(limits::HOOK_BYTES + 1), 500);
    assert_eq!(of_bytes(limits::HOOK_BYTES), 200);
}

#[test]
fn a_failure_says_nothing_to_strangers() {
    let hooks = Hooks::new();
    assert_eq!(hooks.post("/fail", &[], "the key is 42").is(500).body, "the plugin failed\n");
    let (outcome, summary, rule) = hooks.last_record();
    assert_eq!((outcome, &*summary), (AuditOutcome::Error, "POST /fail"));
    assert!(rule.unwrap().contains("the key is 42"));
    hooks.get("/trap").is(500);
    hooks.get("").is(200);
}

#[test]
fn too_much_and_too_many_are_refused() {
    let hooks = Hooks::new();
    for method in ["PUT", "DELETE", "HEAD", "PATCH"] {
        let request = hooks.http.request(method, "/hook/nobody", &[], "");
        let mut stream = hooks.http.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut BufReader::new(stream), &mut line).unwrap();
        assert!(line.contains(" 405 "), "{method}: {line}");
    }
    let length = (limits::HOOK_BYTES + 1).to_string();
    let large = hooks.http.request("POST", "/hook/relay", &[("Content-Length", &length)], "");
    hooks.http.send(&large).is(413);
    assert_eq!(hooks.last_record().2.as_deref(), Some("request body too large"));
    // The clock stands still, and both were counted with the requests of the start.
    let mut late = hooks.get("/many");
    for _ in 1..limits::HOOK_REQUESTS_PER_MINUTE {
        late = hooks.get("/many");
    }
    assert_eq!(late.is(429).header("retry-after"), Some("60"));
    let rule = Some("rate limit exceeded: webhook".to_owned());
    assert_eq!(hooks.last_record(), (AuditOutcome::RateLimited, "GET /many".into(), rule));
    // Strangers don't fill the audit log: after some refusals, further ones of the minute are counted.
    let refused = |hooks: &Hooks| {
        let records = hooks.audit.records().into_iter();
        records.filter(|it| it.outcome == AuditOutcome::RateLimited).count()
    };
    for _ in 0..limits::HOOK_REFUSALS_PER_MINUTE + 10 {
        hooks.get("/many").is(429);
    }
    assert_eq!(refused(&hooks), limits::HOOK_REFUSALS_PER_MINUTE as usize);
    hooks.clock.advance(Duration::from_secs(60));
    hooks.get("/again").is(200);
    (0..limits::HOOK_REQUESTS_PER_MINUTE).for_each(|_| drop(hooks.get("/many")));
    let rule = hooks.last_record().2.unwrap();
    assert!(rule.starts_with("rate limit exceeded: webhook (and "), "{rule}");
}

#[test]
fn slow_requests_end_and_are_few() {
    let resources = json!({ "resources": { "max_execution_seconds": 2 } });
    let hooks = Hooks::with(&resources, HttpOptions::default(), true);
    let waiting: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..limits::HOOK_REQUESTS_AT_ONCE + 1)
            .map(|_| scope.spawn(|| hooks.get("/wait")))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let with = |status| waiting.iter().filter(|answer| answer.status() == status).count();
    assert_eq!((with(504), with(503)), (limits::HOOK_REQUESTS_AT_ONCE, 1), "{waiting:?}");
    hooks.get("").is(200);
}

#[cfg(feature = "cli")]
#[test]
fn the_program_serves_channels_beside_clients() {
    use crate::service::Service;
    use crate::support::Dir;
    let dir = Dir::new();
    let manifest = json!({
        "capabilities": ["channel", "tool"], "channel": { "poll_seconds": 3600 },
        "permissions": { "storage": { "max_kb": 256 }, "webhook": true },
    });
    dir.plugin("relay", &guest("relay"), &manifest);
    let inspected = dir.run(&["plugin", "inspect", "plugins/relay"]).exits(1);
    assert!(inspected.stdout.contains("webhook (needs approval)"), "{inspected:#?}");
    std::fs::create_dir_all(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", "channels: { relay: { owner: ann } }\n");
    let run = ["run", "--channel", "relay", "--mcp", "127.0.0.1:0", "--approve", "webhook"];
    let mut service = Service::start(dir.command(&run));
    let line = service.says("serving MCP at http://");
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let send = |path: &str, body: &str| {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json");
        write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        Response::read(&mut BufReader::new(stream))
    };
    let tool = |name: &str, arguments: Value| {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": name, "arguments": arguments },
        });
        send("/mcp", &call.to_string()).is(200).body.clone()
    };
    while send("/hook/relay", "").status() == 404 {}
    tool("relay__put", json!({ "key": "mode/sender", "value": "ann" }));
    send("/hook/relay/in/7", "hello").is(202);
    let limit = Instant::now() + Duration::from_secs(60);
    while !tool("relay__heard", json!({})).contains(r#"[\"answered\",\"7\",\"answered\"]"#) {
        assert!(Instant::now() < limit, "the message is not answered");
    }
    service.signal("TERM");
    assert_eq!(service.ends(), Some(0));
}
