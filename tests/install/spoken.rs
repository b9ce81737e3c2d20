//! Approving and rejecting at the console: the very approvals that the command line keeps.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use crate::home::Home;

/// What the console answers to the lines, in as many runs as there are lines.
fn says(home: &Home, line: &str) -> String {
    let mut child = home.command(&["run", "--no-bundled", "--message", line]).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(b"");
    let ended = child.wait_with_output().unwrap();
    String::from_utf8(ended.stdout).unwrap()
}

/// The ids that something is approved or revoked for.
fn kept(home: &Home) -> Vec<String> {
    let text = fs::read_to_string(home.weft().join("approvals.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    value["plugins"].as_object().unwrap().keys().cloned().collect()
}

/// A skill of this name is put where installed ones are.
fn put(home: &Home, name: &str, more: &str) -> std::path::PathBuf {
    let folder = home.weft().join("skills").join(name);
    fs::create_dir_all(&folder).unwrap();
    let text = format!("---\nname: {name}\ndescription: Helps\n{more}---\nHelp.\n");
    fs::write(folder.join("SKILL.md"), text).unwrap();
    folder
}

#[test]
fn skill_code_is_approved_under_its_own_id() {
    let home = Home::new();
    let folder = put(&home, "probe", "");
    let package = home.probe("1.0.0", &json!({ "env_vars": ["CITY"] }));
    for file in ["weft.plugin.json", "plugin.wasm"] {
        fs::copy(package.join(file), folder.join(file)).unwrap();
    }
    assert!(says(&home, "/approve").starts_with("probe  asks for env: CITY\n"));
    let pending = says(&home, "/approve probe");
    assert!(pending.starts_with("`probe` does not run before this is approved: env: CITY\n"));
    assert_eq!(says(&home, "/approve probe env"), "`probe` is in service\n");
    assert_eq!(says(&home, "probe__echo 1"), "1\n");
    assert_eq!(says(&home, "/reject probe"), "`probe` was rejected and is out of service\n");
    assert!(says(&home, "probe__echo 1").starts_with("error: "));
    assert_eq!(kept(&home), ["skill:probe"]);

    // So a plugin of the same name has nothing of it.
    assert_eq!(says(&home, "/approve probe env"), "`probe` is in service\n");
    fs::remove_dir_all(folder).unwrap();
    home.install(&package).unwrap();
    assert_eq!(home.pending(), ["env: CITY"]);
}

#[test]
fn a_skills_shell_tools_are_approved_and_rejected() {
    let home = Home::new();
    put(&home, "deploy", "allowed-tools: Bash(git:*)\n");
    put(&home, "words", "");
    assert!(says(&home, "/approve").starts_with("deploy  asks for shell\n"));
    assert_eq!(says(&home, "/approve deploy shell"), "`deploy` is in service\n");
    assert_eq!(says(&home, "/approve"), "nothing waits for approval\n");
    assert_eq!(says(&home, "/reject deploy"), "`deploy` was rejected and is out of service\n");
    assert!(
        says(&home, "/approve")
            .starts_with("deploy  asks for running again (it was revoked), shell\n")
    );
    assert!(says(&home, "/reject words").starts_with("error: `words` is nothing but text"));
    assert!(says(&home, "/reject nothing").starts_with("error: nothing that is installed"));
    assert_eq!(kept(&home), ["skill:deploy"]);

    // The words of a workspace are covered by the trust in it.
    let ours = home.path("ours");
    fs::create_dir_all(ours.join(".weft/skills/ours")).unwrap();
    let text = "---\nname: ours\ndescription: Ours\nallowed-tools: Bash(git:*)\n---\nHelp.\n";
    fs::write(ours.join(".weft/skills/ours/SKILL.md"), text).unwrap();
    let workspace = ours.to_str().unwrap();
    let run = ["run", "--trust", "--workspace", workspace, "--message", "/reject ours"];
    let ended = home.command(&run).output().unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.starts_with("error: `ours` is nothing but text"), "{said}");
    assert_eq!(kept(&home), ["skill:deploy"]);
}
