//! What plugins store, through the program as its operator uses it.

use std::fs;

use serde_json::{Value, json};
use smol::block_on;
use weft_lite::package::{ManifestFormat, PackageKind, PackageOrigin, ReadLimits, uninstall};
use weft_lite::store::DurableStore;
use weft_lite::{Approval, PluginPackage, Runtime, StoreSource};

use crate::guest::Guest;
use crate::home::Home;

/// A guest whose tool `walk` stores its parameters, and whose tool `run` gives them back, or `null`.
fn keeper() -> Vec<u8> {
    let execute = "
        (if (i32.eq (i32.load8_u (local.get 0)) (i32.const 119)) (then
            (call $set (i32.const 256) (i32.const 5) (local.get 2) (local.get 3) (i32.const 128))
            (if (i32.load8_u (i32.const 128)) (then unreachable))
            (i32.store8 (i32.const 16) (i32.const 0))
            (i32.store (i32.const 20) (local.get 2))
            (i32.store (i32.const 24) (local.get 3))
            (return (i32.const 16))))
        (call $get (i32.const 256) (i32.const 5) (i32.const 128))
        (if (i32.load8_u (i32.const 128)) (then unreachable))
        (i32.store8 (i32.const 16) (i32.const 0))
        (i32.store (i32.const 20) (i32.const 264))
        (i32.store (i32.const 24) (i32.const 4))
        (if (i32.load8_u (i32.const 132)) (then
            (i32.store (i32.const 20) (i32.load (i32.const 136)))
            (i32.store (i32.const 24) (i32.load (i32.const 140)))))
        (i32.const 16)";
    let imports = "
        (import \"weft:host/store@0.1.0\" \"set\" (func $set (param i32 i32 i32 i32 i32)))
        (import \"weft:host/store@0.1.0\" \"get\" (func $get (param i32 i32 i32)))";
    let data = "(data (i32.const 256) \"color\") (data (i32.const 264) \"null\")";
    Guest::running(execute).importing(imports).with(data).wasm()
}

fn storage() -> Value {
    json!({ "storage": { "max_kb": 4 } })
}

/// The status of the program, what it printed, and its messages.
#[track_caller]
fn run(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let output = home.command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What the program printed when it succeeded.
#[track_caller]
fn done(home: &Home, arguments: &[&str]) -> String {
    let (status, stdout, stderr) = run(home, arguments);
    assert_eq!(status, 0, "{arguments:?}: {stdout}{stderr}");
    stdout.trim_end().to_owned()
}

fn install(home: &Home, version: &str) {
    let folder = home.package("keeper", version, &storage(), &keeper());
    let approve = ["--yes", "--approve", "change"];
    done(home, &[&["plugin", "install", folder.to_str().unwrap()], &approve[..]].concat());
}

fn listed(home: &Home) -> Value {
    serde_json::from_str(&done(home, &["store", "list", "--json"])).unwrap()
}

#[test]
fn stored_values_outlast_updates_but_not_removal() {
    let home = Home::new();
    install(&home, "1.0.0");
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "null");
    assert_eq!(listed(&home), json!([]));
    done(&home, &["call", "keeper__walk", "\"green\""]);
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "\"green\"");
    install(&home, "2.0.0");
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "\"green\"");
    let entry = json!({ "id": "keeper", "entries": 1, "bytes": 12,
        "state": "whole", "problem": null, "next_step": null });
    assert_eq!(listed(&home), json!([entry]));
    done(&home, &["plugin", "remove", "keeper", "--yes"]);
    assert_eq!(listed(&home), json!([]));
    install(&home, "2.0.0");
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "null");
}

#[test]
fn a_skills_store_is_its_own() {
    let home = Home::new();
    let folder = home.package("keeper", "1.0.0", &storage(), &keeper());
    fs::copy(home.skill("keeper", "1.0.0", "").join("SKILL.md"), folder.join("SKILL.md")).unwrap();
    let approve = ["--yes", "--approve", "change"];
    done(&home, &[&["skill", "install", folder.to_str().unwrap()], &approve[..]].concat());
    done(&home, &["call", "keeper__walk", "\"green\""]);
    assert_eq!(listed(&home)[0]["id"], "skill:keeper");
    let (status, _, stderr) = run(&home, &["store", "export", "keeper"]);
    assert!(status == 1 && stderr.contains("use `skill:keeper`, the skill"), "{stderr}");
    assert_eq!(uninstall(&home.weft(), PackageKind::Plugin, "keeper"), Ok(false));
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "\"green\"");
    done(&home, &["skill", "remove", "keeper", "--yes"]);
    assert_eq!(listed(&home), json!([]));
}

#[test]
fn a_new_package_finds_no_old_entries() {
    let home = Home::new();
    install(&home, "1.0.0");
    done(&home, &["call", "keeper__walk", "\"green\""]);
    // Its folder is deleted by hand.
    fs::remove_dir_all(home.weft().join("plugins/keeper")).unwrap();
    assert_eq!(listed(&home)[0]["id"], "keeper");
    install(&home, "2.0.0");
    assert_eq!(listed(&home), json!([]));
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "null");
}

#[test]
fn a_plugin_without_its_folder_can_be_removed() {
    let home = Home::new();
    install(&home, "1.0.0");
    done(&home, &["call", "keeper__walk", "\"green\""]);
    fs::remove_dir_all(home.weft().join("plugins/keeper")).unwrap();
    let (status, _, stderr) = run(&home, &["plugin", "remove", "keeper"]);
    assert!(status == 2 && stderr.contains("whether to remove `keeper`"), "{stderr}");
    done(&home, &["plugin", "remove", "keeper", "--yes"]);
    assert_eq!(listed(&home), json!([]));
    let (status, _, stderr) = run(&home, &["plugin", "remove", "keeper", "--yes"]);
    assert!(status == 1 && stderr.contains("no plugin `keeper` is installed"), "{stderr}");
}

#[test]
fn removal_clears_nothing_of_other_names() {
    let home = Home::new();
    let store = DurableStore::of_home(&home.weft());
    let names = ["bundled:keeper", "skill:keeper", "keeper"];
    for name in names {
        block_on(store.namespace(name, 100).set("key", vec![])).unwrap();
    }
    assert_eq!(uninstall(&home.weft(), PackageKind::Plugin, "bundled:keeper"), Ok(false));
    assert_eq!(listed(&home).as_array().unwrap().len(), 3);
    // What an interrupted removal has left.
    assert_eq!(uninstall(&home.weft(), PackageKind::Plugin, "keeper"), Ok(false));
    let ids: Vec<Value> =
        listed(&home).as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, names[..2]);
}

#[test]
fn another_folders_plugin_reads_nothing_installed() {
    let home = Home::new();
    install(&home, "1.0.0");
    done(&home, &["call", "keeper__walk", "\"green\""]);
    let other = home.package("keeper", "9.0.0", &storage(), &keeper());
    let other = other.to_str().unwrap();
    let with_other = ["--plugins", other];
    let call = |tool, value| done(&home, &[&["call", tool, value][..], &with_other].concat());
    assert_eq!(call("keeper__run", "1"), "null");
    call("keeper__walk", "\"red\"");
    assert_eq!(call("keeper__run", "1"), "\"red\"");
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "\"green\"");
    let ids: Vec<Value> =
        listed(&home).as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    let real = fs::canonicalize(other).unwrap();
    assert_eq!(ids, [json!("keeper"), json!(format!("keeper@{}", real.display()))]);
}

#[test]
fn the_owner_lists_exports_and_clears() {
    let home = Home::new();
    assert_eq!(listed(&home), json!([]));
    install(&home, "1.0.0");
    done(&home, &["call", "keeper__walk", "\"green\""]);
    let table = done(&home, &["store", "list"]);
    let row: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(row, ["keeper", "1", "12", "whole"]);
    let exported = done(&home, &["store", "export", "keeper"]);
    assert_eq!(exported, r#"{"key":"color","value":"\"green\""}"#);
    for command in ["export", "clear"] {
        let (status, _, stderr) = run(&home, &["store", command, "keper", "--json"]);
        assert_eq!((status, &*stderr), (1, ""));
        let (_, _, stderr) = run(&home, &["store", command, "keper"]);
        assert!(stderr.contains("`keper` has nothing stored"), "{stderr}");
        assert!(stderr.contains("did you mean `keeper`?"), "{stderr}");
    }
    let copy = home.weft().join("store/a copy.kv");
    fs::copy(home.weft().join("store/keeper.kv"), &copy).unwrap();
    let (status, _, stderr) = run(&home, &["store", "clear", "a copy", "--yes"]);
    assert!(status == 1 && stderr.contains("a copy.kv is no plugin's file"), "{stderr}");
    fs::remove_file(copy).unwrap();
    let (status, _, stderr) = run(&home, &["store", "clear", "keeper"]);
    assert!(status == 2 && stderr.contains("say so with `--yes`"), "{stderr}");
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "\"green\"");
    let cleared = done(&home, &["store", "clear", "keeper", "--yes", "--json"]);
    assert_eq!(cleared, r#"{"cleared":"keeper","entries":1}"#);
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "null");
    assert_eq!(listed(&home), json!([]));
}

#[test]
fn damage_is_listed_and_the_rest_exported() {
    let home = Home::new();
    install(&home, "1.0.0");
    done(&home, &["call", "keeper__walk", "\"green\""]);
    done(&home, &["call", "keeper__walk", "\"blue\""]);
    let path = home.weft().join("store/keeper.kv");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(5).position(|it| it == b"green").unwrap();
    bytes[at] = b'G';
    fs::write(&path, &bytes).unwrap();
    let (status, stdout, stderr) = run(&home, &["store", "list"]);
    assert!(status == 0 && stdout.contains("damaged"), "{stdout}");
    assert!(
        stderr.contains("save what can be read with `weft-lite store export keeper`"),
        "{stderr}"
    );
    let listed = &listed(&home)[0];
    assert_eq!((&listed["state"], &listed["entries"]), (&json!("damaged"), &json!(1)));
    assert!(listed["problem"].as_str().unwrap().contains("keeper.kv is damaged at byte "));
    let (status, stdout, stderr) = run(&home, &["store", "export", "keeper"]);
    assert_eq!((status, stdout.trim_end()), (1, r#"{"key":"color","value":"\"blue\""}"#));
    assert!(stderr.contains("begin again with `weft-lite store clear keeper`"), "{stderr}");
    assert_eq!(run(&home, &["call", "keeper__run", "1"]).0, 1);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    done(&home, &["store", "clear", "keeper", "--yes"]);
    assert_eq!(done(&home, &["call", "keeper__run", "1"]), "null");
}

#[cfg(feature = "bundled")]
#[test]
fn no_package_reaches_a_bundled_plugins_store() {
    let home = Home::new();
    fs::create_dir_all(home.weft()).unwrap();
    fs::write(home.weft().join("config.yaml"), "plugins: { memory: {} }").unwrap();
    done(&home, &["call", "memory__remember", r#"{"text": "Ann is allergic to nuts."}"#]);
    let kept = listed(&home);
    assert_eq!(kept[0]["id"], "bundled:memory");
    let is_kept = || {
        assert_eq!(listed(&home), kept);
        let notes = done(&home, &["call", "memory__recall", r#"{"query": "nuts"}"#]);
        assert!(notes.contains("Ann is allergic"), "{notes}");
    };
    let (status, _, stderr) = run(&home, &["store", "export", "memory"]);
    assert!(status == 1 && stderr.contains("use `bundled:memory`, the plugin"), "{stderr}");
    // A plugin with the id is not installed, nor is a skill of the name.
    let before = crate::home::content(&home.weft());
    let thief = home.package("memory", "9.0.0", &storage(), &keeper());
    let skill = home.skill("memory", "1.0.0", "");
    let brings_it = home.package("other", "1.0.0", &json!({}), &keeper());
    fs::copy(skill.join("SKILL.md"), brings_it.join("SKILL.md")).unwrap();
    for (kind, folder, next_step) in [
        ("plugin", &thief, "give the plugin another `id`"),
        ("skill", &skill, "give the skill another `name`"),
        ("plugin", &brings_it, "give the skill another `name`"),
    ] {
        let (status, _, stderr) = run(&home, &[kind, "install", folder.to_str().unwrap(), "--yes"]);
        assert!(status == 1 && stderr.contains("`memory` is a plugin that is part of"), "{stderr}");
        assert!(stderr.contains(next_step), "{stderr}");
        assert_eq!(crate::home::content(&home.weft()), before);
    }
    // One that was put there by hand keeps its own entries, and goes with them alone.
    let installed = home.weft().join("plugins/memory");
    fs::create_dir_all(installed.parent().unwrap()).unwrap();
    fs::rename(&thief, &installed).unwrap();
    done(&home, &["plugin", "approve", "memory", "--yes"]);
    assert_eq!(done(&home, &["call", "memory__run", "1"]), "null");
    done(&home, &["call", "memory__walk", "1"]);
    assert_eq!(listed(&home).as_array().unwrap().len(), 2);
    done(&home, &["plugin", "remove", "memory", "--yes"]);
    is_kept();
}

#[test]
fn without_a_home_values_stay_in_memory() {
    let manifest = json!({
        "id": "keeper", "name": "Keeper", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "permissions": storage(),
    });
    let package = PluginPackage::read_parts(
        &manifest.to_string(),
        ManifestFormat::Json,
        keeper(),
        PackageOrigin::Folder("keeper".into()),
        ReadLimits::default(),
    )
    .unwrap();
    let started = || {
        let runtime = Runtime::builder().without_bundled().build();
        runtime.block_on(runtime.host().load([(package.clone(), Approval::ALL)], []));
        runtime
    };
    let call = |runtime: &Runtime, tool, params: &str| {
        runtime.block_on(runtime.host().call(tool, params.into())).result.unwrap()
    };
    let runtime = started();
    call(&runtime, "keeper__walk", "\"green\"");
    assert_eq!(call(&runtime, "keeper__run", "1"), "\"green\"");
    // Loaded again, it has what it had.
    runtime.block_on(runtime.host().load([(package.clone(), Approval::ALL)], []));
    assert_eq!(call(&runtime, "keeper__run", "1"), "\"green\"");
    assert_eq!(call(&started(), "keeper__run", "1"), "null");
}
