//! `weft-lite skill validate`: which files are found, what is said about them, and how it ends.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]
#![cfg(feature = "cli")]

#[allow(dead_code, reason = "shared with other tests")]
mod support;

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use support::Dir;

const GOOD: &str = "---\nname: good\ndescription: Waters plants\n---\nDo it.\n";

/// A folder with skills: a good one, a nested one that has to be mended, and a hopeless one.
fn skills() -> Dir {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("skills/good")).unwrap();
    fs::create_dir_all(dir.path("skills/more/deep/mended")).unwrap();
    dir.write("skills/good/SKILL.md", GOOD);
    let mended = "---\nname: mended\ndescription: Use when: dry\n---\nDo it.\n";
    dir.write("skills/more/deep/mended/skill.md", mended);
    dir.write("skills/more/README.md", "No skill.\n");
    dir
}

#[test]
fn every_file_is_reported_with_a_correction() {
    let ran = skills().run(&["skill", "validate", "skills"]).exits(0);
    let file = "skills/more/deep/mended/skill.md";
    assert_eq!(
        ran.stdout,
        format!(
            "{file}:1:1: note: the file is named `skill.md`, not `SKILL.md`\n  \
             try: rename it to SKILL.md\n\
             {file}:3:22: warning: `: ` in a value that is not quoted, in `description`\n  \
             try: description: \"Use when: dry\"\n"
        )
    );
    ran.says("2 skills: 2 valid, 1 of them with warnings; 0 invalid");
}

/// It would wait for a writer for ever.
#[test]
fn a_pipe_as_cache_mark_is_not_read() {
    let dir = skills();
    let pipe = dir.path("skills/more/CACHEDIR.TAG");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    dir.run(&["skill", "validate", "skills"]).exits(0).says("2 skills: 2 valid");
}

#[test]
fn strict_judges_by_the_specification() {
    let dir = skills();
    dir.run(&["skill", "validate", "skills/good", "--strict"]).exits(0).prints("");
    let ran = dir.run(&["skill", "validate", "--strict", "skills"]).exits(1);
    assert!(ran.stdout.contains("skill.md:3:22: error: "), "{ran:#?}");
    ran.says("2 skills: 1 valid, 0 of them with warnings; 1 invalid");
}

#[test]
fn json_is_one_line_for_each_file() {
    let dir = skills();
    fs::create_dir(dir.path("skills/hopeless")).unwrap();
    dir.write("skills/hopeless/SKILL.md", "---\n- a list\n---\n");
    let ran = dir.run(&["skill", "validate", "skills", "--json"]).exits(1);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let good = json!({
        "path": "skills/good/SKILL.md", "name": "good", "valid": true, "state": "active",
        "diagnostics": [],
    });
    assert_eq!(lines[0], good);
    let hopeless = &lines[1];
    assert_eq!(hopeless["path"], "skills/hopeless/SKILL.md");
    assert_eq!(hopeless["valid"], false);
    assert_eq!((&hopeless["state"], &hopeless["name"]), (&json!("invalid"), &Value::Null));
    let diagnostic = &hopeless["diagnostics"][0];
    assert_eq!((&diagnostic["code"], &diagnostic["line"]), (&json!("yaml-syntax"), &json!(2)));
    assert_eq!(lines.len(), 3);
}

#[test]
fn outward_links_and_link_circles_end() {
    let dir = skills();
    fs::create_dir(dir.path("outside")).unwrap();
    dir.write("outside/SKILL.md", GOOD);
    symlink("../../outside", dir.path("skills/more/out")).unwrap();
    fs::create_dir(dir.path("skills/leak")).unwrap();
    symlink("../../outside/SKILL.md", dir.path("skills/leak/SKILL.md")).unwrap();
    symlink("..", dir.path("skills/more/up")).unwrap();
    symlink("good", dir.path("skills/alias")).unwrap();
    let ran = dir.run(&["skill", "validate", "skills", "--json"]).exits(0);
    let paths: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["path"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = ["skills/good/SKILL.md", "skills/more/deep/mended/skill.md"];
    assert_eq!(paths, expected, "{ran:#?}");
    ran.says("skills/more/out is a link that leads out, and is not followed")
        .says("skills/leak/SKILL.md is a link that leads out, and is not followed");
}

#[test]
fn a_file_and_the_current_folder_are_paths() {
    let dir = skills();
    dir.run(&["skill", "validate", "skills/good/SKILL.md"]).exits(0).prints("");
    let mut command = dir.command(&["skill", "validate", ".", "--strict"]);
    let status = command.current_dir(dir.path("skills/good")).status().unwrap();
    assert!(status.success(), "the folder's real name is its name");
}

#[test]
fn a_path_without_skill_is_a_failure() {
    let dir = Dir::new();
    dir.run(&["skill", "validate", "home"]).exits(1).says("there is no SKILL.md in home");
    dir.run(&["skill", "validate", "nowhere"]).exits(1).says("nowhere can't be read");
    dir.run(&["skill", "validate"]).exits(2).says("there is no path to look at");
}

#[test]
fn a_special_file_is_reported_without_blocking() {
    let dir = skills();
    fs::create_dir_all(dir.path("skills/folder/SKILL.md")).unwrap();
    let ran = dir.run(&["skill", "validate", "skills"]).exits(1);
    assert!(ran.stdout.contains("skills/folder/SKILL.md:1:1: error: the file can't be read"));
}
