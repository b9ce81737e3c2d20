//! The audit log: one record for every host call (T42), and nothing in it that is a guest's secret.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, UNIX_EPOCH};

use weft_lite::sandbox::{
    AuditLog, AuditOutcome, AuditRecord, Clock, Environment, HostCall, ManualClock, MemoryAudit,
    PluginIdentity, Sandbox, SandboxOptions,
};
use weft_lite::{PluginPermissions, PluginResourceConfig};

/// 2024-02-29T12:34:56.789Z, a day that a wrong calendar doesn't have.
const WALL: Duration = Duration::from_millis(1_709_210_096_789);

/// An environment that takes its time.
struct SlowEnvironment(Arc<ManualClock>);

impl Environment for SlowEnvironment {
    fn get(&self, _: &str) -> Option<String> {
        self.0.advance(Duration::from_micros(250));
        Some("Ulm".into())
    }
}

struct Setup {
    audit: Arc<MemoryAudit>,
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

fn setup(network: &[&str]) -> Setup {
    let folder = tempfile::tempdir().unwrap();
    let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(16).unwrap()));
    let clock = Arc::new(ManualClock::starting_at(UNIX_EPOCH + WALL));
    let permissions = PluginPermissions {
        filesystem: vec!["$WORKSPACE".into()],
        env_vars: vec!["CITY".into(), "PATH".into()],
        network: network.iter().map(|&host| host.to_owned()).collect(),
        ..PluginPermissions::default()
    };
    let options = SandboxOptions {
        environment: Arc::new(SlowEnvironment(Arc::clone(&clock))),
        clock,
        audit: Arc::clone(&audit) as _,
        ..SandboxOptions::new(folder.path())
    };
    let resources =
        PluginResourceConfig { max_log_messages_per_minute: 1, ..PluginResourceConfig::default() };
    let identity = PluginIdentity { id: "org.test.audit".into(), version: "1.2.3".into() };
    let (sandbox, _) = Sandbox::new(identity, None, &permissions, &resources, &options);
    Setup { audit, sandbox, folder }
}

impl Setup {
    /// Serves one call and gives its one record.
    #[track_caller]
    fn record_of(&self, call: HostCall) -> AuditRecord {
        let before = self.audit.records().len();
        smol::block_on(self.sandbox.serve(call, 7));
        let mut records = self.audit.records();
        assert_eq!(records.len(), before + 1);
        records.pop().unwrap()
    }

    #[track_caller]
    fn assert(
        &self,
        call: HostCall,
        summary: &str,
        outcome: AuditOutcome,
        rule: Option<&str>,
        bytes: u64,
    ) {
        let record = self.record_of(call);
        let found = (&*record.summary, record.outcome, record.rule.as_deref(), record.bytes);
        assert_eq!(found, (summary, outcome, rule, bytes));
    }
}

fn read(path: &str) -> HostCall {
    HostCall::ReadFile { path: path.into() }
}

fn write(path: &str, content: &str) -> HostCall {
    HostCall::WriteFile { path: path.into(), content: content.into() }
}

fn env(name: &str) -> HostCall {
    HostCall::GetEnv { name: name.into() }
}

fn log(message: &str) -> HostCall {
    HostCall::Log { level: 1, message: message.into() }
}

fn request(url: &str) -> HostCall {
    HostCall::HttpRequest {
        method: "POST".into(),
        url: url.into(),
        headers: vec![("authorization".into(), "hush".into())],
        body: Some("hush".into()),
    }
}

#[test]
fn every_call_has_its_record() {
    use AuditOutcome::{Denied, Error, Ok, RateLimited};

    let setup = setup(&[]);
    let outside = "filesystem access denied: path outside sandbox";
    setup.assert(write("a.txt", "hush"), "a.txt", Ok, None, 4);
    setup.assert(read("a.txt"), "a.txt", Ok, None, 4);
    setup.assert(read("b.txt"), "b.txt", Error, Some("file not found"), 0);
    setup.assert(read("."), ".", Error, Some("not a regular file"), 0);
    setup.assert(write("../x", "hush"), "../x", Denied, Some(outside), 0);
    setup.assert(env("CITY"), "CITY", Ok, None, 3);
    setup.assert(env("TOWN"), "TOWN", Denied, Some("environment variable not listed"), 0);
    setup.assert(env("PATH"), "PATH", Denied, Some("environment variable never given"), 0);
    setup.assert(log("hush"), "warn", Ok, None, 4);
    let too_many = Some("rate limit exceeded: log messages");
    setup.assert(log("hush"), "warn", RateLimited, too_many, 0);
    let refused = Some("network access not permitted");
    setup.assert(request("https://a.example/x"), "POST https://a.example/x", Denied, refused, 0);
    let written = serde_json::to_string(&setup.audit.records()).unwrap();
    assert!(!written.contains("hush"), "{written}");
}

#[test]
fn a_record_is_one_line_of_json() {
    let setup = setup(&[]);
    let record = setup.record_of(env("CITY"));
    assert_eq!(
        serde_json::to_string(&record).unwrap(),
        concat!(
            r#"{"time":"2024-02-29T12:34:56.789Z","plugin":"org.test.audit","version":"1.2.3","#,
            r#""function":"get-env","summary":"CITY","outcome":"ok","duration_us":250,"#,
            r#""bytes":3,"fuel":7}"#,
        )
    );
    let denied = serde_json::to_value(setup.record_of(env("TOWN"))).unwrap();
    assert_eq!(denied["outcome"], "denied");
    assert_eq!(denied["rule"], "environment variable not listed");
}

#[test]
fn dates_are_right_over_the_centuries() {
    for (seconds, date) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399, "2000-02-28T23:59:59.000Z"),
        (951_868_799, "2000-02-29T23:59:59.000Z"),
        (1_735_689_599, "2024-12-31T23:59:59.000Z"),
        (1_735_689_600, "2025-01-01T00:00:00.000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000Z"),
    ] {
        let mut record = setup(&[]).record_of(env("CITY"));
        record.time = UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(serde_json::to_value(record).unwrap()["time"], date);
    }
}

#[test]
fn summaries_are_short_and_hide_query_values() {
    let setup = setup(&[]);
    for (url, summary) in [
        ("https://a.example/p?key=hush&x=1#hush", "POST https://a.example/p?key&x"),
        ("https://a.example/p?hush", "POST https://a.example/p?..."),
        ("https://me:hush@a.example/p@q", "POST https://a.example/p@q"),
        ("https://me:hush@a.example?k=1", "POST https://a.example?k"),
    ] {
        assert_eq!(setup.record_of(request(url)).summary, summary);
    }
    // Its beginning is enough of what is no file's path.
    let long = setup.record_of(read(&"é".repeat(10_000)));
    assert_eq!(long.summary, "é".repeat(256));
    assert_eq!(setup.record_of(read(&"a/".repeat(4 << 20))).summary, "a/".repeat(256));
}

#[test]
fn a_record_always_keeps_file_or_host_names() {
    let setup = setup(&["a.example"]);
    let folder = setup.folder.path().display().to_string();
    for (path, summary) in [
        ("./".repeat(1500) + "secret", "secret".to_owned()),
        ("a/../".repeat(500) + "secret/./.", "secret".to_owned()),
        (folder.clone() + &"/".repeat(1500) + "secret", folder.clone() + "/secret"),
        ("../".repeat(200) + "b/../secret", {
            let up = "../".repeat(200) + "secret";
            format!("{}...{}", &up[..128], &up[up.len() - 256..])
        }),
    ] {
        assert_eq!(setup.record_of(write(&path, "")).summary, summary);
    }
    let deep = setup.record_of(read(&("folder/".repeat(300) + "secret"))).summary;
    assert!(deep.len() <= 512 && deep.ends_with("folder/secret"), "{deep}");
    let HostCall::HttpRequest { url, headers, body, .. } = request("https://a.example/p") else {
        unreachable!()
    };
    let asked = HostCall::HttpRequest { method: "A".repeat(600), url, headers, body };
    let summary = setup.record_of(asked).summary;
    assert!(summary.ends_with("A https://a.example/p"), "{summary}");
}

#[cfg(not(feature = "net"))]
#[test]
fn http_requests_are_refused_in_this_build() {
    use weft_lite::sandbox::{HostReply, WebRequest};

    for (network, rule) in [
        (&[][..], "network access not permitted"),
        (&["a.example"][..], "http requests are not available in this build"),
    ] {
        let setup = setup(network);
        let served = |call| smol::block_on(setup.sandbox.serve(call, 0));
        let through_door = || WebRequest {
            method: "GET".into(),
            url: "https://a.example/".into(),
            headers: Vec::new(),
            body: None,
        };
        let fetched = served(HostCall::HttpFetch(through_door()));
        assert_eq!(fetched.reply, HostReply::Response(Err(rule.into())));
        let opened = served(HostCall::HttpOpen(through_door()));
        assert_eq!(opened.reply, HostReply::Head(Err(rule.into())));
        let read = served(HostCall::HttpRead { stream: 1 });
        assert_eq!(read.reply, HostReply::Bytes(Err("stream not open: 1".into())));
        let served = served(request("https://a.example/"));
        assert_eq!(served.reply, HostReply::Text(Err(rule.into())));
        let denied = weft_lite::errors::Denied {
            capability: weft_lite::Capability::Network,
            target: "https://a.example/".into(),
            rule: rule.into(),
            approve_with: None,
        };
        assert_eq!((&fetched.denied, &opened.denied), (&served.denied, &served.denied));
        assert_eq!(served.denied, Some(denied));
    }
}

#[test]
fn a_dropped_call_has_its_record() {
    // The effect is on another thread, and may be done before this one looks: then it is tried again.
    let begun = || {
        let setup = setup(&[]);
        let mut call = Box::pin(setup.sandbox.serve(write("a.txt", "x"), 7));
        let ready = call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        if !ready {
            assert_eq!(setup.audit.records(), []);
        }
        drop(call);
        (!ready).then_some(setup)
    };
    let setup = (0..1_000).find_map(|_| begun()).expect("one of them is looked at in time");
    let records = setup.audit.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome, AuditOutcome::Error);
    assert_eq!(records[0].rule.as_deref(), Some("cancelled"));
    assert_eq!(records[0].function, "write-file");
    assert!(setup.folder.path().exists());
}

#[test]
fn the_log_in_memory_keeps_the_last_records() {
    let audit = MemoryAudit::new(NonZeroUsize::new(2).unwrap());
    let record = setup(&[]).record_of(env("CITY"));
    for fuel in 0..5 {
        audit.record(AuditRecord { fuel, ..record.clone() });
    }
    let fuel: Vec<_> = audit.records().iter().map(|record| record.fuel).collect();
    assert_eq!(fuel, [3, 4]);
}

#[test]
fn a_manual_clock_moves_both_of_its_sides() {
    let clock = ManualClock::starting_at(UNIX_EPOCH);
    let (before, step) = (clock.now(), Duration::from_secs(90));
    clock.advance(step);
    assert_eq!(clock.now() - before, step);
    assert_eq!(clock.wall(), UNIX_EPOCH + step);
}
