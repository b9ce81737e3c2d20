//! T33 to T35 and T42: the log and the audit log.

use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::sandbox::AuditOutcome;

use crate::guest::Guest;
use crate::probe::{Probe, package};

/// Everything that was logged in this process; tests tell their lines apart by the plugin's id.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {}", record.level(), record.args()));
    }

    fn flush(&self) {}
}

fn lines_with(part: &str) -> Vec<String> {
    LINES.0.lock().unwrap().iter().filter(|line| line.contains(part)).cloned().collect()
}

fn probe(id: &str) -> Probe {
    static LOGGER: LazyLock<()> = LazyLock::new(|| {
        log::set_logger(&LINES).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
    LazyLock::force(&LOGGER);
    Probe::hosting(&[package(id, &json!({}), &json!({}))])
}

#[test]
fn t33_a_hundred_messages_a_minute_are_logged() {
    let probe = probe("t33");
    let params = json!({ "level": 2, "message": "hello", "count": 100 });
    probe.call("log", &params).unwrap();
    assert_eq!(lines_with("[PLUGIN:t33] hello"), vec!["INFO [PLUGIN:t33] hello"; 100]);
    assert!(lines_with("plugin t33: log messages dropped").is_empty());
}

#[test]
fn t34_one_more_is_dropped_with_a_warning() {
    let probe = probe("t34");
    let params = |count| json!({ "level": 0, "message": "hello", "count": count });
    probe.call("log", &params(105)).unwrap();
    assert_eq!(lines_with("[PLUGIN:t34]").len(), 100);
    let warnings = lines_with("plugin t34: log messages dropped");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("WARN "));
    probe.clock.advance(Duration::from_secs(61));
    probe.call("log", &params(1)).unwrap();
    assert_eq!(lines_with("[PLUGIN:t34]").len(), 101, "a minute later there is room again");
}

#[test]
fn t35_a_message_over_4_kb_is_cut() {
    let probe = probe("t35");
    probe.call("log_big", &json!({ "size": 5_000 })).unwrap();
    let lines = lines_with("[PLUGIN:t35]");
    let (_, message) = lines[0].split_once("] ").unwrap();
    let kept = message.strip_suffix("... [truncated]").unwrap();
    assert_eq!(kept.len(), 4_096);
    probe.call("log_big", &json!({ "size": 4_096 })).unwrap();
    assert!(!lines_with("[PLUGIN:t35]")[1].contains("truncated"));
}

#[test]
fn t42_every_host_call_has_its_audit_record() {
    let probe = Probe::new(&json!({ "filesystem": ["$WORKSPACE/data"], "env_vars": ["CITY"] }));
    let path = probe.path("data/note.txt");
    let url = "https://example.com/a?token=abc";
    for (tool, params) in [
        ("write", json!({ "path": path, "content": "a body" })),
        ("read", json!({ "path": path })),
        ("read", json!({ "path": "/etc/passwd" })),
        ("env", json!({ "name": "CITY" })),
        ("env", json!({ "name": "OTHER" })),
        ("log", json!({ "level": 2, "message": "a message" })),
        ("http", json!({ "url": url })),
    ] {
        // Refusals are what some of these are for.
        let _ = probe.call(tool, &params);
    }
    let records = probe.audit();
    let outcomes: Vec<_> = records.iter().map(|record| (record.function, record.outcome)).collect();
    assert_eq!(
        outcomes,
        [
            ("write-file", AuditOutcome::Ok),
            ("read-file", AuditOutcome::Ok),
            ("read-file", AuditOutcome::Denied),
            ("get-env", AuditOutcome::Ok),
            ("get-env", AuditOutcome::Denied),
            ("log", AuditOutcome::Ok),
            ("http-request", AuditOutcome::Denied),
        ]
    );
    for record in &records {
        assert_eq!((record.plugin.as_str(), record.version.as_str()), ("probe", "0.1.0"));
        assert!(record.fuel > 0);
        let text = serde_json::to_string(record).unwrap();
        for secret in ["a body", "Ulm", "a message", "token=abc"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn t42_a_call_over_the_rate_is_recorded() {
    let probe = Probe::with_resources(&json!({}), &json!({ "max_host_calls": 3 }));
    let error = probe.call("call_many", &json!({ "count": 5 })).unwrap_err();
    assert_eq!(error, CallError::Exhausted(Exhausted::HostCalls { limit: 3 }));
    let records = probe.audit();
    assert_eq!(records.len(), 4);
    assert_eq!(records[3].function, "get-env");
    assert_eq!(records[3].outcome, AuditOutcome::Denied);
    assert_eq!(records[3].rule.as_deref(), Some("resource exhausted: host calls (limit 3)"));
}

#[test]
fn t42_a_call_without_permission_is_recorded() {
    let guest = Guest {
        realloc: "(call $log (i32.const 2) (i32.const 64) (i32.const 1)) (i32.const 4096)".into(),
        ..Guest::default()
    };
    let guest = guest.importing("(import \"host\" \"log\" (func $log (param i32 i32 i32)))");
    let mut package = package("inner", &json!({}), &json!({}));
    package.module = guest.wasm().into();
    let probe = Probe::hosting(&[package]);
    let error = probe.outcome("inner__run", &json!({})).result.unwrap_err();
    assert!(matches!(error, CallError::Trap { .. }), "{error}");
    let [record] = probe.audit().try_into().unwrap();
    assert_eq!((record.function, record.outcome), ("log", AuditOutcome::Denied));
    assert_eq!(record.rule.as_deref(), Some("host call not allowed here"));
}
