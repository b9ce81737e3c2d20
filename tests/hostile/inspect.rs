//! `weft-lite plugin inspect` of every case: what is refused before it runs ends with 1 and says why, on
//! lines that a terminal can show; what would only fail when it runs is shown as it is.

#![cfg(feature = "cli")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::cases;

fn inspect(options: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weft-lite"))
        .args(["plugin", "inspect"])
        .args(options)
        .arg(file)
        .env("WEFT_HOME", file.with_file_name("home"))
        .output()
        .unwrap()
}

#[test]
fn inspect_explains_each_faulty_module() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.wasm");
    for case in cases() {
        let name = &case.name;
        std::fs::write(&file, &case.module).unwrap();
        let output = inspect(&["--json"], &file);
        let failed = match output.status.code() {
            Some(status @ (0 | 1)) => status == 1,
            _ => panic!("{name}: {output:?}"),
        };
        assert_eq!(case.is_refused().unwrap_or(failed), failed, "{name}: {output:?}");
        assert!(output.stderr.is_empty(), "{name}: {output:?}");
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{name}: {error}: {output:?}"));
        let reasons = report["reasons"].as_array().unwrap();
        assert_eq!(reasons.is_empty(), !failed, "{name}: {report}");
        for reason in reasons {
            let text = reason["message"].as_str().unwrap();
            assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
            assert_ne!(reason["next_step"], "", "{name}");
        }
    }
}

#[test]
fn inspect_says_so_to_people_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("case.wasm");
    for case in cases().iter().filter(|case| case.is_refused() == Some(true)) {
        let name = &case.name;
        std::fs::write(&file, &case.module).unwrap();
        let output = inspect(&[], &file);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (_, reasons) = text.split_once("\nwould load: no\n").unwrap();
        assert!(reasons.starts_with("- ") && reasons.contains("\n  try: "), "{name}: {text}");
        assert!(
            !text.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{name}: {text:?}"
        );
    }
}
