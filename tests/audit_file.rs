//! The audit log on disk: what is in it, rotation, and a disk that can't be written.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use log::{LevelFilter, Log, Metadata, Record};
use serde_json::Value;
use weft_lite::package::ReadLimits;
use weft_lite::sandbox::{AuditLog, AuditOutcome, AuditRecord, FileAudit, MemoryAudit};
use weft_lite::{Approval, PluginPackage, Runtime};

/// Every warning of this process; tests tell theirs apart by the path in it.
struct Warnings(Mutex<Vec<String>>);

static WARNINGS: Warnings = Warnings(Mutex::new(Vec::new()));

impl Log for Warnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

fn record(fuel: u64) -> AuditRecord {
    AuditRecord {
        time: SystemTime::UNIX_EPOCH,
        plugin: "test".into(),
        version: "0.1.0".into(),
        function: "get-env",
        summary: "CITY".into(),
        outcome: AuditOutcome::Ok,
        rule: None,
        duration: Duration::from_micros(3),
        bytes: 3,
        fuel,
    }
}

fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The numbers of the records, without what only counts those that are left out.
fn fuel(path: &Path) -> Vec<u64> {
    records(path).iter().filter_map(|record| record["fuel"].as_u64()).collect()
}

#[test]
fn records_are_ordered_lines_for_the_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/audit.jsonl");
    let audit = FileAudit::new(&path, 1 << 20);
    (0..500).for_each(|number| audit.record(record(number)));
    audit.flush();
    assert_eq!(fuel(&path), (0..500).collect::<Vec<_>>());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn disk_use_is_bounded_and_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = FileAudit::new(&path, 2_000);
    for number in 0..100 {
        audit.record(record(number));
        audit.flush();
    }
    let rotated = FileAudit::rotated(&path);
    for file in [&path, &rotated] {
        assert!(fs::metadata(file).unwrap().len() <= 2_000);
    }
    let kept = [fuel(&rotated), fuel(&path)].concat();
    assert_eq!(kept, (100 - kept.len() as u64..100).collect::<Vec<_>>());
}

#[test]
fn a_cut_line_is_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = FileAudit::new(&path, 20_000);
    (0..2).for_each(|number| audit.record(record(number)));
    audit.flush();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"plugin\":\n").unwrap();
    assert_eq!(audit.recent(2).len(), 2);
}

#[test]
fn a_burst_is_bounded_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = FileAudit::new(&path, 2_000);
    (0..800).for_each(|number| audit.record(record(number)));
    audit.flush();
    let rotated = FileAudit::rotated(&path);
    for file in [&path, &rotated] {
        assert!(fs::metadata(file).unwrap().len() <= 2_000, "{}", file.display());
    }
    let kept = [fuel(&rotated), fuel(&path)].concat();
    assert!(kept.is_sorted() && kept.last() == Some(&799), "{kept:?}");
}

#[test]
fn a_flood_evicts_only_records_of_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = FileAudit::new(&path, 20_000);
    let of = |plugin: &str, function, outcome| AuditRecord {
        plugin: plugin.into(),
        function,
        outcome,
        ..record(0)
    };
    audit.record(of("neighbour", "get-env", AuditOutcome::Ok));
    audit.record(of("test", "get-env", AuditOutcome::Denied));
    audit.record(of("test", "write-file", AuditOutcome::Ok));
    for number in 0..5_000 {
        audit.record(record(number));
        if number % 64 == 0 {
            audit.flush();
        }
    }
    audit.flush();
    let rotated = FileAudit::rotated(&path);
    for file in [&path, &rotated] {
        assert!(fs::metadata(file).unwrap().len() <= 20_000);
    }
    let kept = [records(&rotated), records(&path)].concat();
    let is_kept = |plugin: &str, function: &str, outcome: &str| {
        let wanted = [plugin, function, outcome];
        let matches = |it: &&Value| ["plugin", "function", "outcome"].map(|key| &it[key]) == wanted;
        kept.iter().filter(matches).count()
    };
    assert_eq!(is_kept("neighbour", "get-env", "ok"), 1, "{kept:?}");
    assert_eq!(is_kept("test", "get-env", "denied"), 1, "{kept:?}");
    assert_eq!(is_kept("test", "write-file", "ok"), 1, "{kept:?}");
    // One record says how many of the flood are gone, and from when on.
    let notes: Vec<_> = kept.iter().filter(|record| record["left_out"].is_u64()).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    let there = is_kept("test", "get-env", "ok") as u64 - 1;
    assert_eq!(notes[0]["left_out"].as_u64().unwrap() + there, 5_000, "{notes:?}");
    assert_eq!(notes[0]["time"], "1970-01-01T00:00:00.000Z");
    assert_eq!([&notes[0]["plugin"], &notes[0]["function"]], ["test", "get-env"]);
}

#[test]
fn in_memory_a_flood_evicts_only_its_kind() {
    let audit = MemoryAudit::new(NonZeroUsize::new(16).unwrap());
    let neighbour = AuditRecord { plugin: "neighbour".into(), ..record(1) };
    let written = AuditRecord { function: "write-file", ..record(2) };
    audit.record(neighbour.clone());
    audit.record(written.clone());
    (0..100).for_each(|number| audit.record(record(number)));
    let kept = audit.records();
    assert_eq!(kept[..2], [neighbour, written]);
    let flood: Vec<u64> = kept[2..].iter().map(|record| record.fuel).collect();
    assert_eq!(flood, (86..100).collect::<Vec<_>>());
}

#[test]
fn two_logs_on_one_file_lose_no_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let logs = [FileAudit::new(&path, 5_000), FileAudit::new(&path, 5_000)];
    for number in 0..20 {
        for audit in &logs {
            audit.record(record(number));
            audit.flush();
        }
    }
    assert_eq!(fuel(&path).len() + fuel(&FileAudit::rotated(&path)).len(), 40);
}

#[test]
fn an_unwritable_disk_loses_only_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    fs::create_dir(&path).unwrap();
    let audit = FileAudit::new(&path, 1 << 20);
    audit.record(record(1));
    audit.flush();
    fs::remove_dir(&path).unwrap();
    audit.record(record(2));
    audit.flush();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].contains("\"fuel\":2"));
}

#[test]
fn a_flood_is_bounded_and_never_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = FileAudit::new(&path, 64 << 20);
    (0..100_000).for_each(|number| audit.record(record(number)));
    audit.flush();
    let kept = fuel(&path);
    assert!(!kept.is_empty() && kept.is_sorted(), "what was kept is in order");
}

#[test]
fn a_full_disk_loses_records_with_one_warning() {
    log::set_logger(&WARNINGS).unwrap();
    log::set_max_level(LevelFilter::Warn);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    // Whatever is written there finds no space.
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let audit = Arc::new(FileAudit::new(&path, 1 << 20));
    let runtime = Runtime::builder().without_bundled().audit(Arc::clone(&audit) as _).build();
    let probe = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe");
    let probe = PluginPackage::read(&probe, ReadLimits::default()).unwrap();
    runtime.block_on(runtime.host().load([(probe, Approval::ALL)], []));
    let call = || {
        let call = runtime.host().call("probe__env", r#"{"name": "CITY"}"#.into());
        assert_eq!(runtime.block_on(call).result.unwrap(), r#"{"value":null}"#);
        audit.flush();
    };
    (0..3).for_each(|_| call());
    let of_this_log = |warning: &&String| warning.contains(path.to_str().unwrap());
    let warnings = WARNINGS.0.lock().unwrap().clone();
    let warnings: Vec<_> = warnings.iter().filter(of_this_log).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("audit records lost: 1, and more until"), "{warnings:?}");
    // With room again, the log goes on.
    fs::remove_file(&path).unwrap();
    call();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("get-env")).count(), 1, "{text}");
}
