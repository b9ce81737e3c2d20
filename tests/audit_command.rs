//! `weft-lite audit`: what it shows of the log, and how it follows one that grows and is rotated.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

use std::fs;

use serde_json::Value;
use support::Dir;

/// The log of a program that was refused two files, of plugins `a` and `b`, and logged once.
fn with_records() -> Dir {
    let dir = Dir::new();
    for id in ["a", "b"] {
        dir.plugin(id, &support::probe(), &Value::Object(serde_json::Map::new()));
        read(&dir, id, "/etc/passwd");
    }
    dir.run(&["call", "a__log", r#"{"level": 1, "message": "hello"}"#]).exits(0);
    dir
}

fn read(dir: &Dir, id: &str, path: &str) {
    dir.run(&["call", &format!("{id}__read"), &format!(r#"{{"path": "{path}"}}"#)]).exits(1);
}

/// The lines without the time in front of them.
#[track_caller]
fn shown(dir: &Dir, options: &[&str]) -> Vec<String> {
    let ran = dir.run(&[&["audit"], options].concat()).exits(0);
    let behind_time = |line: &str| line.split_once("  ").unwrap().1.to_owned();
    ran.stdout.lines().map(behind_time).collect()
}

const DENIED_A: &str = "a  read-file /etc/passwd  denied: filesystem access not permitted";
const DENIED_B: &str = "b  read-file /etc/passwd  denied: filesystem access not permitted";
const LOGGED_A: &str = "a  log warn  ok";

#[test]
fn all_calls_or_the_filtered_ones_are_shown() {
    let dir = with_records();
    assert_eq!(shown(&dir, &[]), [DENIED_A, DENIED_B, LOGGED_A]);
    assert_eq!(shown(&dir, &["--plugin", "a"]), [DENIED_A, LOGGED_A]);
    assert_eq!(shown(&dir, &["--plugin=b"]), [DENIED_B]);
    assert_eq!(shown(&dir, &["--denied"]), [DENIED_A, DENIED_B]);
    assert_eq!(shown(&dir, &["--denied", "--plugin", "a"]), [DENIED_A]);
    let records = dir.run(&["audit", "--json", "--denied"]).exits(0).stdout;
    let records: Vec<Value> =
        records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.len(), 2);
    for record in records {
        assert_eq!(record["outcome"], "denied");
        assert_eq!(record["rule"], "filesystem access not permitted");
        assert!(record["fuel"].as_u64().unwrap() > 0);
    }
}

#[test]
fn an_unknown_plugin_shows_only_an_error() {
    let dir = with_records();
    dir.run(&["audit", "--plugin", "nobody"]).exits(1).prints("").says(
        "error: there is no plugin `nobody`, and no record of one\n  try: see `weft-lite plugin",
    );
    dir.plugin("clock", &support::probe(), &Value::Object(serde_json::Map::new()));
    dir.run(&["audit", "--plugin", "clok"]).exits(1).says("\n  try: did you mean `clock`?");
    // It is there, and did nothing; of one that is gone there are still the records.
    dir.run(&["audit", "--plugin", "clock"]).exits(0).prints("").says("`clock` has no record");
    fs::remove_dir_all(dir.path("plugins/b")).unwrap();
    assert_eq!(shown(&dir, &["--plugin", "b"]), [DENIED_B]);
    assert!(shown(&dir, &["--plugin", "b", "--denied"]).len() == 1);
}

#[test]
fn where_there_is_no_log_nothing_is_shown() {
    Dir::new().run(&["audit"]).exits(0).prints("");
}

#[test]
fn rotated_records_come_first_without_truncated_ones() {
    let dir = with_records();
    let log = dir.path("home/.weft/audit.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(dir.path("home/.weft/audit.jsonl.1"), format!("{}\n", lines[0])).unwrap();
    // As a full disk and a power cut leave it.
    let rest = format!("{}\n\n{}\n{}", &lines[2][..40], lines[1], &lines[2][..60]);
    fs::write(&log, rest).unwrap();
    assert_eq!(shown(&dir, &[]), [DENIED_A, DENIED_B]);
}

#[test]
fn following_continues_across_a_rotation() {
    let dir = with_records();
    let log = dir.path("home/.weft/audit.jsonl");
    let mut following = dir.start(&["audit", "--follow", "--plugin", "b"]);
    assert!(following.next_line().ends_with(DENIED_B));
    read(&dir, "a", "/not/wanted");
    read(&dir, "b", "/second");
    assert!(following.next_line().contains("/second"));
    fs::rename(&log, dir.path("home/.weft/audit.jsonl.1")).unwrap();
    read(&dir, "b", "/third");
    assert!(following.next_line().contains("/third"));
    following.signal("TERM");
}

#[test]
fn a_guest_cannot_forge_a_shown_line() {
    let dir = Dir::with_probe();
    let path = r#"/a\n2026-01-01  b  log info  ok\u001b[2J"#;
    read(&dir, "probe", path);
    let lines = shown(&dir, &[]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(r"/a\n2026-01-01  b  log info  ok\u{1b}[2J"), "{lines:?}");
}
