//! `weft-lite plugin inspect`: what it tells of a plugin without running it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/guest.rs"]
#[allow(dead_code, clippy::panic, reason = "only its text is wanted")]
mod guests;
#[path = "support/padding.rs"]
mod padding;
#[allow(dead_code, reason = "the program is not kept running here")]
mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use guests::Guest;
use support::{Dir, Ran, guest, probe};

#[test]
fn inspect_takes_folder_manifest_module_or_id() {
    let dir = Dir::new();
    let permissions = json!({ "filesystem": ["/data"], "env_vars": ["CITY"] });
    let folder = dir.plugin("probe", &probe(), &json!({ "permissions": permissions }));
    let inspect = |path: &str, more: &[&str]| {
        dir.run(&[&["plugin", "inspect", "--json", path], more].concat())
    };
    let folder = folder.to_str().unwrap();
    let refused = inspect(folder, &[]).exits(1).json();
    assert_eq!(refused["would_load"], json!(false));
    assert_eq!(refused["reasons"][0]["message"], "needs approval for env: CITY");
    let asked = json!([
        { "permission": "filesystem: /data", "approved": true },
        { "permission": "env: CITY", "approved": false },
    ]);
    assert_eq!(refused["permissions"], asked);
    let by_folder = inspect(folder, &["--approve", "env"]).exits(0).json();
    assert_eq!(by_folder["kinds"], json!(["tool"]));
    assert_eq!(by_folder["module"]["format"], "core");
    assert!(by_folder["module"]["memory"]["minimum_pages"].is_u64());
    let imports = by_folder["module"]["imports"].as_array().unwrap();
    assert!(imports.contains(
        &json!({ "module": "host", "name": "read-file", "type": "(i32, i32, i32) -> ()" })
    ));
    let manifest = format!("{folder}/weft.plugin.json");
    assert_eq!(inspect(&manifest, &["--approve", "env"]).exits(0).json(), by_folder);
    let module = inspect(&format!("{folder}/plugin.wasm"), &[]).exits(0).json();
    assert_eq!(module["module"], by_folder["module"]);
    assert_eq!(inspect("probe", &["--approve", "env"]).exits(0).json()["module"], module["module"]);
    let by_id = inspect("probe", &[]).exits(1).json();
    assert_eq!(by_id["reasons"], refused["reasons"]);
    assert_eq!(by_id["permissions"], refused["permissions"]);
    let nothing = inspect("nothing", &[]).exits(1).json();
    assert_eq!(nothing["error"]["message"], "there is no file, folder or plugin named `nothing`");
}

#[cfg(feature = "net")]
#[test]
fn inspect_shows_what_a_setting_stands_for() {
    let dir = Dir::new();
    fs::create_dir(dir.path("home/.weft")).unwrap();
    dir.write(
        "home/.weft/config.yaml",
        "plugins: {probe: {base_url: 'http://localhost:8080/v1', secret: KEY, faulty: 7}}",
    );
    let permissions = json!({
        "network": ["settings:base_url", "settings:faulty", "settings:none"],
        "secrets": ["settings:secret"],
    });
    let folder = dir.plugin("probe", &probe(), &json!({ "permissions": permissions }));
    let ran = dir.run(&["plugin", "inspect", folder.to_str().unwrap()]).exits(1);
    for line in [
        "network: settings:base_url, which is localhost:8080\n",
        "network: settings:faulty\n",
        "secrets: settings:secret, which is KEY (needs approval)\n",
        "the network pattern opens nothing: `plugins.probe.faulty` is not text; set it in \
         `config.yaml` to a URL like `https://api.example.com/v1`\n",
        "the network pattern opens nothing: `plugins.probe.none` is not set; set it",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {ran:#?}");
    }
}

#[test]
fn inspect_shows_kinds_and_manifest_differences() {
    let dir = Dir::new();
    let morse = guest("morse");
    let file = dir.write("morse.wasm", &morse);
    let module = dir.run(&["plugin", "inspect", file.to_str().unwrap(), "--json"]).exits(0).json();
    assert_eq!(module["kinds"], json!(["tool", "voice"]));
    let right = dir.plugin("right", &morse, &json!({ "capabilities": ["voice"] }));
    let right = dir.run(&["plugin", "inspect", right.to_str().unwrap()]).exits(0);
    assert!(right.stdout.contains("\n  kinds        voice\n"), "{right:#?}");
    let wrong = dir.plugin("wrong", &morse, &json!({ "capabilities": ["tool", "skill"] }));
    let wrong = dir.run(&["plugin", "inspect", wrong.to_str().unwrap(), "--json"]).exits(1).json();
    assert_eq!(wrong["kinds"], json!(["tool", "voice"]));
    assert_eq!(
        wrong["reasons"],
        json!([{
            "message": "`capabilities` names `skill`, but the module does not export `skill`; the module exports `voice`, but `capabilities` does not name `voice`",
            "next_step": "add `voice` to `capabilities`, and export what wit/deps/kinds.wit says, or take `skill` out of `capabilities`",
        }])
    );
}

#[test]
fn inspecting_anything_never_fails_otherwise() {
    let dir = Dir::new();
    let probe = probe();
    let mut modules = vec![Vec::new(), b"garbage".to_vec(), b"\0asm\x01\0\0\0".to_vec()];
    modules.extend((8..probe.len()).step_by(6_007).map(|length| probe[..length].to_vec()));
    // A byte changed here and there.
    modules.extend((8..probe.len()).step_by(9_001).map(|at| {
        let mut module = probe.clone();
        module[at] ^= 0xff;
        module
    }));
    for module in modules {
        let path = dir.write("hostile.wasm", &module);
        let ran = dir.run(&["plugin", "inspect", path.to_str().unwrap(), "--json"]);
        let report = ran.json();
        assert_eq!(ran.status, Some(i32::from(report["would_load"] == json!(false))), "{ran:#?}");
        let reasons = report["reasons"].as_array().unwrap();
        assert_eq!(report["would_load"] == json!(true), reasons.is_empty());
    }
}

#[test]
fn every_fault_of_a_hostile_module_is_named() {
    let dir = Dir::new();
    let module = wat::parse_str(
        r#"(module
            (import "mine" "evil\n\u{1b}[31m" (func))
            (table 1 funcref)
            (func $start (drop (table.grow (ref.null func) (i32.const 1))))
            (start $start))"#,
    );
    let path = dir.write("hostile.wasm", module.unwrap());
    let ran = dir.run(&["plugin", "inspect", path.to_str().unwrap()]).exits(1);
    for words in [
        "would load: no",
        "has a start section",
        "`table.grow`",
        "does not export `plugin#execute-tool`",
        "  try: import only `host` functions",
    ] {
        assert!(ran.stdout.contains(words), "{words:?} is not in {ran:#?}");
    }
}

/// A package around `module`, and what is said of it.
#[track_caller]
fn inspected(dir: &Dir, module: &[u8], more: &Value) -> Ran {
    let folder = dir.plugin("odd", module, more);
    let ran = dir.run(&["plugin", "inspect", "--json", folder.to_str().unwrap()]);
    fs::remove_dir_all(folder).unwrap();
    ran
}

#[track_caller]
fn reasons(report: &Value) -> String {
    let reasons = report["reasons"].as_array().unwrap().iter();
    reasons.map(|it| it["message"].as_str().unwrap()).collect::<Vec<_>>().join("; ")
}

#[test]
fn an_impossible_start_is_reported_by_inspect() {
    let dir = Dir::new();
    let pages = |pages: u32| Guest {
        memory: format!("(memory (export \"memory\") {pages})"),
        ..Guest::default()
    };
    let small = json!({ "resources": { "max_memory_mb": 1 } });
    inspected(&dir, &pages(16).wasm(), &small).exits(0);
    let table = |elements: u32| Guest::default().with(&format!("(table {elements} funcref)"));
    inspected(&dir, &table(10_000).wasm(), &json!({})).exits(0);
    let filled = Guest::default().with("(data (i32.const 65535) \"ab\")");
    for (module, more, words) in [
        (pages(17), small, "memory (plugin's limit 1048576 bytes)"),
        (table(10_001), json!({}), "table elements (limit 10000)"),
        (filled, json!({}), "trapped in instantiation: "),
    ] {
        let report = inspected(&dir, &module.wasm(), &more).exits(1).json();
        assert!(reasons(&report).contains(words), "{report}");
        assert_eq!(report["module"]["format"], "core");
        let folder = dir.plugin("odd", &module.wasm(), &more);
        let listed = dir.run(&["plugin", "list", "--json"]).json();
        assert_eq!(listed[0]["reason"], report["reasons"][0]["message"], "as loading says it");
        fs::remove_dir_all(folder).unwrap();
    }
    let module = dir.write("pages.wasm", pages(17).wasm());
    let budget = ["plugin", "inspect", module.to_str().unwrap(), "--memory-budget-mb", "1"];
    let ran = dir.run(&budget).exits(1);
    assert!(ran.stdout.contains("all guests' budget 1048576 bytes"), "{ran:#?}");
}

#[test]
fn no_function_of_it_is_called() {
    let dir = Dir::new();
    let trapping = Guest { init: "unreachable".into(), ..Guest::default() };
    inspected(&dir, &trapping.wasm(), &json!({})).exits(0);
}

#[test]
fn inspect_judges_sizes_by_the_operators_limits() {
    let dir = Dir::new();
    let home = dir.path("home/.weft");
    fs::create_dir(&home).unwrap();
    let large = padding::padded(&guest("echo"), &vec![0; 2_100_000]);
    let module = dir.write("large.wasm", &large);
    let inspect = |path: &Path| dir.run(&["plugin", "inspect", "--json", path.to_str().unwrap()]);
    let folder = dir.plugin("large", &large, &json!({}));
    for path in [&module, &folder] {
        let report = inspect(path).exits(1).json();
        assert_eq!(report["module"]["bytes"], large.len());
        assert_eq!(report["module"]["imports"][0]["name"], "get-env");
        assert!(reasons(&report).ends_with("bytes, over the limit of 2097152"), "{report}");
    }
    assert_eq!(inspect(&folder).json()["manifest"]["id"], "large");
    fs::write(home.join("config.yaml"), "limits: { module_kb: 2900 }").unwrap();
    for path in [&module, &folder] {
        inspect(path).exits(0);
    }
    assert_eq!(dir.run(&["tools"]).exits(0).stdout.lines().count(), 3);
}
