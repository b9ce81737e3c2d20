//! Packing and publishing by the program: signatures that are out of date, releases that are taken
//! back, and archives beside what they are made of.

use std::fs;

use serde_json::{Value, json};

use crate::home::Home;

/// How the program ended, and what it printed.
#[track_caller]
fn run(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let output = home.command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn succeeds(home: &Home, arguments: &[&str]) -> String {
    let (status, stdout, stderr) = run(home, arguments);
    assert_eq!(status, 0, "{arguments:?}: {stdout}{stderr}");
    stdout
}

#[test]
fn an_outdated_signature_is_not_packed() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let folder_text = folder.to_str().unwrap();
    succeeds(&home, &["key", "new", "--out", "my.key"]);
    succeeds(&home, &["key", "trust", "my.key.pub", "--name", "me"]);
    succeeds(&home, &["plugin", "sign", folder_text, "--key", "my.key"]);
    fs::write(folder.join("docs/version.txt"), "changed since").unwrap();
    let publish = ["plugin", "pack", folder_text, "--registry", "hub"];
    for command in [&publish[..], &publish[..3]] {
        let (status, _, stderr) = run(&home, command);
        assert_eq!(status, 1, "{stderr}");
        assert!(stderr.contains("`docs/version.txt` was changed after"), "{stderr}");
        assert!(stderr.contains("weft-lite plugin sign") && stderr.contains("--key"), "{stderr}");
    }
    assert!(!home.path("hub").exists() && !home.path("probe-1.0.0.tar.gz").exists());
    succeeds(&home, &[&publish[..], &["--key", "my.key"]].concat());
    succeeds(&home, &["plugin", "install", "hub:probe", "--registry", "hub"]);
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn withdrawing_a_release_frees_its_version() {
    let home = Home::new();
    succeeds(&home, &["key", "new", "--out", "my.key"]);
    succeeds(&home, &["key", "trust", "my.key.pub", "--name", "me"]);
    let publish = |folder: &std::path::Path, kind: &str| {
        let folder = folder.to_str().unwrap();
        succeeds(&home, &[kind, "pack", folder, "--registry", "hub", "--key", "my.key"]);
    };
    publish(&home.probe("1.0.0", &json!({})), "plugin");
    let newer = home.probe("1.1.0", &json!({}));
    publish(&newer, "plugin");
    publish(&home.skill("notes", "1.2", ""), "skill");
    let hub = ["--registry", "hub"];
    let withdraw =
        |kind: &str, release: &str| run(&home, &[&[kind, "withdraw", release][..], &hub].concat());
    let archive = home.path("hub/probe-1.1.0.tar.gz");
    assert!(archive.exists());
    for (line, meant) in [
        ("plugin install hub:prob --registry hub", "did you mean `hub:probe`?"),
        ("skill install hub:nots --registry hub", "did you mean `hub:notes`?"),
        ("skill install hub:zzzz --registry hub", "check the id"),
    ] {
        let (status, _, stderr) = run(&home, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(status, 1, "{stderr}");
        assert!(stderr.contains(meant), "{stderr}");
    }
    for (kind, release, status, words) in [
        ("plugin", "probe", 2, "ID@VERSION"),
        ("plugin", "probe@2.0.0", 1, "no version of `probe` for `2.0.0`"),
        ("plugin", "notes@1.2", 1, "no plugin `notes`"),
        ("plugin", "probe@1.1.0", 0, "withdrawn: probe 1.1.0"),
        ("skill", "notes@1.2", 0, "withdrawn: notes 1.2.0"),
    ] {
        let (ends, _, stderr) = withdraw(kind, release);
        assert_eq!(ends, status, "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
    }
    assert!(!archive.exists() && !home.path("hub/skills/notes-1.2.0.tar.gz").exists());
    let install = [&["plugin", "install", "hub:probe", "--json"][..], &hub].concat();
    let version = |text: &str| serde_json::from_str::<Value>(text).unwrap()["version"].clone();
    assert_eq!(version(&succeeds(&home, &install)), "1.0.0");
    fs::write(newer.join("docs/version.txt"), "another").unwrap();
    publish(&newer, "plugin");
    assert_eq!(version(&succeeds(&home, &install)), "1.1.0");
    let (status, _, _) = run(&home, &[&["skill", "install", "hub:notes"][..], &hub].concat());
    assert_eq!(status, 1);
}

#[test]
fn an_archive_does_not_contain_earlier_archives() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let pack = |arguments: &[&str]| {
        let arguments = [&["plugin", "pack", "."], arguments].concat();
        home.command(&arguments).current_dir(&folder).output().unwrap()
    };
    let archive = folder.join("probe-1.0.0.tar.gz");
    let packed = || {
        let output = pack(&[]);
        assert!(output.status.success(), "{output:?}");
        fs::read(&archive).unwrap()
    };
    assert_eq!(packed(), packed());
    fs::write(folder.join("probe-0.9.0.tar.gz"), "an earlier one").unwrap();
    fs::write(folder.join("docs/probe-0.9.0.tar.gz"), "content").unwrap();
    let installed = home.install(&folder).unwrap();
    assert_eq!(installed.package.id, "probe");
    let place = home.weft().join("plugins/probe");
    assert!(!place.join("probe-1.0.0.tar.gz").exists());
    assert!(!place.join("probe-0.9.0.tar.gz").exists());
    assert!(place.join("docs/probe-0.9.0.tar.gz").exists());
    // Under another name it would be.
    for name in ["other.tar.gz", "docs/probe-1.0.0.tar.gz"] {
        let output = pack(&["-o", name]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    } // So would a registry, and all that was released before.
    succeeds(&home, &["key", "new", "--out", "my.key"]);
    let key = home.path("my.key");
    for name in [".", "hub", "docs/hub"] {
        let output = pack(&["--registry", name, "--key", key.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    assert!(!folder.join("hub").exists() && !folder.join("index.json").exists());
}
