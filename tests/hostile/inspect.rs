//! `weft-lite plugin inspect` of everything that is refused: it ends with 1, says why on lines that
//! a terminal can show, and does not crash.

#![cfg(feature = "cli")]

use std::process::Command;

use serde_json::Value;

use crate::cases;

#[test]
fn inspect_says_what_is_wrong_with_a_hostile_module() {
    let folder = tempfile::tempdir().unwrap();
    for (index, case) in cases().iter().filter(|case| case.is_refused()).enumerate() {
        let file = folder.path().join(format!("{index}.wasm"));
        std::fs::write(&file, &case.module).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_weft-lite"))
            .args(["plugin", "inspect", "--json"])
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}: {output:?}", case.name);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {output:?}", case.name));
        let reasons = report["reasons"].as_array().unwrap();
        assert!(!reasons.is_empty(), "{}: {report}", case.name);
        for reason in reasons {
            let text = reason["message"].as_str().unwrap();
            assert!(!text.chars().any(char::is_control), "{}: {text:?}", case.name);
            assert_ne!(reason["next_step"], "", "{}", case.name);
        }
    }
}
