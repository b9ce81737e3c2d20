//! What a stranger wrote never passes for what the program says to whoever approves, or looks at what
//! was done.

use std::fs;

use serde_json::json;

use crate::program::Machine;

/// One path that reads like several permissions, or like one with a remark.
const PATH: &str = "$WORKSPACE/a, network: b.example.com; asks for nothing (needs approval)";

#[test]
fn words_of_a_path_are_no_permission() {
    let machine = Machine::new();
    let asks = json!({ "filesystem": [PATH], "env_vars": ["A` or `B"] });
    let folder = machine.probe("source", "0.1.0", &asks);
    let inspected = machine.run(&["plugin", "inspect", folder.to_str().unwrap()]).0;
    let installed = machine.run(&["plugin", "install", folder.to_str().unwrap()]).1;
    let listed = machine.run(&["plugin", "list"]).0;
    fs::create_dir(machine.path("none")).unwrap();
    let mut running = machine.start("none", &[]);
    let asked = running.types("/approve").unwrap();
    let given = running.types("/approve probe").unwrap();
    running.end();
    let quoted = format!("filesystem: \"{PATH}\"");
    for said in [inspected, installed, listed, asked.as_str().unwrap().to_owned()] {
        assert!(said.contains(&quoted), "{said}");
        assert!(said.contains("env: \"A` or `B\""), "{said}");
    }
    assert!(given.as_str().unwrap().contains("\"A` or `B\""), "{given}");
}

#[test]
fn words_in_a_file_name_mean_no_file() {
    let machine = Machine::new();
    let folder = machine.probe("source", "0.1.0", &json!({}));
    machine.done(&["plugin", "install", folder.to_str().unwrap(), "--yes"]);
    for name in ["a, weft.plugin.json", "b\u{202e}c", "d; version 9.9.9", "plain.txt"] {
        machine.write(&format!("source/{name}"), name);
    }
    let said = machine.run(&["plugin", "install", folder.to_str().unwrap()]).1;
    let list =
        r#"changed files: "a, weft.plugin.json", "b\u{202e}c", "d; version 9.9.9", plain.txt"#;
    assert!(said.contains(list), "{said}");
}

#[test]
fn words_of_a_call_are_no_other_record() {
    let machine = Machine::new();
    let mut running = machine.granting(&json!(["$WORKSPACE"]));
    let forged = "a\n2026-01-01T00:00:00.000Z  other  write-file b  ok";
    assert!(running.read(forged).is_err());
    assert!(running.read("a  denied: no\u{202e}thing\u{1b}[2J").is_err());
    let shown = running.types("/audit").unwrap();
    running.end();
    let printed = machine.run(&["audit"]).0;
    for shown in [printed.trim_end(), shown.as_str().unwrap()] {
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 2, "{shown}");
        let first = r#"read-file "a\n2026-01-01T00:00:00.000Z  other  write-file b  ok"  error"#;
        assert!(lines[0].contains(first), "{shown}");
        let second = r#"read-file "a  denied: no\u{202e}thing\u{1b}[2J"  error"#;
        assert!(lines[1].contains(second), "{shown}");
    }
}
