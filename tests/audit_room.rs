//! A guest that makes more host calls than the audit log can take waits for it, and hides none.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test says so by failing")]

use std::fs;
use std::future::{Future, pending};
use std::path::Path;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, SystemTime};

use async_channel::Sender;
use futures_lite::future::or;
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::sandbox::{AuditLog, AuditOutcome, AuditRecord, FileAudit};
use weft_lite::{Approval, BoxFuture, PluginPackage, Runtime};

/// The probe, whose host calls `audit` is told of.
fn with_probe(audit: Arc<dyn AuditLog>, resources: &str) -> Runtime {
    let runtime = Runtime::builder().without_bundled().audit(audit).build();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe/plugin.wasm");
    let manifest = format!(
        r#"{{"id":"probe","name":"P","version":"1.0.0","capabilities":["tool"],
            "wasm_module":"plugin.wasm","resources":{{{resources}}}}}"#
    );
    let module = fs::read(module).unwrap();
    let origin = PackageOrigin::Folder("probe".into());
    let limits = ReadLimits::default();
    let package =
        PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap();
    runtime.block_on(runtime.host().load([(package, Approval::ALL)], []));
    runtime
}

/// Makes that many host calls in one call.
async fn flood(runtime: &Runtime, count: usize) {
    let params = format!(r#"{{"count": {count}}}"#);
    let answer = runtime.host().call("probe__call_many", params).await.result.unwrap();
    assert_eq!(answer, format!(r#"{{"calls":{count}}}"#));
}

fn is_ready(future: impl Future<Output = ()>) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn ten_thousand_host_calls_leave_ten_thousand_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Arc::new(FileAudit::new(&path, 64 << 20));
    let runtime = with_probe(Arc::clone(&audit) as _, "");
    runtime.block_on(flood(&runtime, 10_000));
    audit.flush();
    assert_eq!(lines(&fs::read(&path).unwrap()), 10_000);
}

/// A log with little room, which is made again only for who waits for it.
struct NarrowAudit {
    held: AtomicUsize,
    lost: AtomicUsize,
    waiting: Sender<Sender<()>>,
}

const NARROW: usize = 4;

impl AuditLog for NarrowAudit {
    fn record(&self, _: AuditRecord) {
        if self.held.fetch_add(1, Ordering::Relaxed) >= NARROW {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn room<'a>(&'a self, plugin: &'a str) -> BoxFuture<'a, ()> {
        assert_eq!(plugin, "probe");
        Box::pin(async {
            if self.held.load(Ordering::Relaxed) >= NARROW {
                let (made, room) = async_channel::bounded(1);
                self.waiting.send(made).await.unwrap();
                room.recv().await.unwrap();
            }
        })
    }
}

#[test]
fn a_guest_waits_for_room_for_its_records() {
    let (waiting, waiters) = async_channel::unbounded();
    let audit = NarrowAudit { held: AtomicUsize::new(0), lost: AtomicUsize::new(0), waiting };
    let audit = Arc::new(audit);
    let runtime = with_probe(Arc::clone(&audit) as _, r#""max_host_calls": 300"#);
    let mut written = 0;
    let writing = async {
        while let Ok(waiter) = waiters.recv().await {
            written += audit.held.swap(0, Ordering::Relaxed);
            waiter.send(()).await.unwrap();
        }
    };
    let flooding = async {
        flood(&runtime, 300).await;
        // One call more than is allowed: the refusal is a record as well.
        let refused = runtime.host().call("probe__call_many", r#"{"count": 301}"#.into()).await;
        assert!(refused.result.is_err());
    };
    runtime.block_on(or(flooding, writing));
    assert_eq!(audit.lost.load(Ordering::Relaxed), 0);
    assert_eq!(written + audit.held.load(Ordering::Relaxed), 601);
}

/// A log that never gets on, and counts who waits for it.
struct StuckAudit(AtomicUsize);

impl AuditLog for StuckAudit {
    fn record(&self, _: AuditRecord) {}

    fn room<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(pending())
    }
}

#[test]
fn a_call_waits_once_for_a_stuck_log() {
    let audit = Arc::new(StuckAudit(AtomicUsize::new(0)));
    // No more time than the wait would take in a call that has much.
    let runtime = with_probe(Arc::clone(&audit) as _, r#""max_execution_seconds": 1"#);
    for call in 1..3 {
        runtime.block_on(flood(&runtime, 10));
        assert_eq!(audit.0.load(Ordering::Relaxed), call);
    }
}

/// A log whose writer stands still until somebody reads from it.
fn held_up(folder: &Path) -> (Arc<FileAudit>, impl FnOnce() -> thread::JoinHandle<Vec<u8>>) {
    let path = folder.join("audit.jsonl");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let audit = Arc::new(FileAudit::new(&path, 64 << 20));
    (audit, move || thread::spawn(move || fs::read(path).unwrap()))
}

fn record(plugin: &str) -> AuditRecord {
    AuditRecord {
        time: SystemTime::UNIX_EPOCH,
        plugin: plugin.into(),
        version: "0.1.0".into(),
        function: "get-env",
        summary: "CITY".into(),
        outcome: AuditOutcome::Ok,
        rule: None,
        duration: Duration::from_micros(3),
        bytes: 3,
        fuel: 1,
    }
}

/// Whoever has waited in vain goes on, and loses records of their own.
#[test]
fn a_full_file_loses_only_the_flooders_records() {
    let folder = tempfile::tempdir().unwrap();
    let (audit, read) = held_up(folder.path());
    // The writer takes what there is once, at a moment of its own, before it stands still.
    while is_ready(audit.room("flood")) {
        audit.record(record("flood"));
    }
    for _ in 0..2_000 {
        audit.record(record("flood"));
    }
    for _ in 0..20 {
        audit.record(record("neighbour"));
    }
    let reader = read();
    drop(audit);
    let kept = String::from_utf8(reader.join().unwrap()).unwrap();
    assert_eq!(kept.matches("\"neighbour\"").count(), 20);
}

#[test]
fn a_file_makes_only_the_flooder_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (audit, read) = held_up(folder.path());
    let mut records = 0;
    let mut write = |plugin: &str| {
        audit.record(record(plugin));
        records += 1;
        assert!(records < 4_000, "there is always room");
    };
    // The writer takes what there is once, at a moment of its own, before it stands still.
    while is_ready(audit.room("another")) {
        for plugin in 0..13 {
            let plugin = format!("flood-{plugin}");
            while is_ready(audit.room(&plugin)) {
                write(&plugin);
            }
        }
    }
    let reader = read();
    smol::block_on(audit.room("flood-0"));
    drop(audit);
    assert!(records >= 896, "a neighbour has room beyond the half that one may fill: {records}");
    assert_eq!(lines(&reader.join().unwrap()), records);
}
