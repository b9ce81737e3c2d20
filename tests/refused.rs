//! Plugins that are not in service, as whoever calls their tools hears of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[allow(dead_code, reason = "shared with other tests")]
#[path = "support/guest.rs"]
mod guest;
#[allow(dead_code, reason = "shared with other tests")]
mod support;

use std::fs;

use guest::Guest;
use serde_json::json;
use support::{Dir, probe};

/// A plugin whose `init` fails with these words.
fn failing(words: &str) -> Vec<u8> {
    let init = format!(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 800))
         (i32.store (i32.const 24) (i32.const {})) (i32.const 16)",
        words.len()
    );
    let guest = Guest { init, ..Guest::default() };
    guest.with(&format!("(data (i32.const 800) \"{words}\")")).wasm()
}

#[test]
fn a_call_explains_why_its_plugin_is_missing() {
    let dir = Dir::new();
    let folder = dir.plugin("hello", &probe(), &json!({}));
    fs::write(folder.join("weft.plugin.json"), r#"{"id": "hello", "name": "x"}"#).unwrap();
    for name in ["greet", "hello__greet"] {
        dir.run(&["call", name])
            .exits(1)
            .prints("")
            .says(&format!("no tool is named `{name}`, and the plugin `hello` is not loaded: "))
            .says("invalid manifest")
            .says("\n  try: correct these");
    }
    let error = dir.run(&["call", "greet", "--json"]).exits(1).json()["error"].clone();
    assert_eq!(error["code"], "unknown_tool");
    let [plugin] = error["not_loaded"].as_array().unwrap().as_slice() else { panic!("{error}") };
    assert_eq!(plugin["plugin"], "hello");
    assert_eq!(plugin["next_step"], error["next_step"]);
    assert!(plugin["reason"].as_str().unwrap().starts_with("invalid manifest"), "{plugin}");
    // Where it lies is not the caller's to know.
    assert!(!error.to_string().contains(folder.to_str().unwrap()), "{error}");

    // Of several, each is named; one whose name says that it is another's is not.
    dir.plugin("broken", b"not wasm", &json!({}));
    dir.run(&["call", "greet"])
        .exits(1)
        .says("the plugin `broken` is not loaded: the module is not a WebAssembly file")
        .says("the plugin `hello` is not loaded: invalid manifest")
        .says("try: `weft-lite tools`, or `/tools` in a chat, says what to do");
    let ran = dir.run(&["call", "hello__greet"]).exits(1);
    assert!(!ran.stderr.contains("broken"), "{ran:#?}");
    dir.run(&["call", "broken__greet"])
        .exits(1)
        .says("error: the plugin `broken` is not loaded: the module is not a WebAssembly file")
        .says("\n  try: give a .wasm file");
}

#[test]
fn a_call_says_what_the_plugin_waits_for() {
    let dir = Dir::new();
    dir.plugin("asking", &probe(), &json!({ "permissions": { "env_vars": ["CITY"] } }));
    dir.run(&["call", "echo"])
        .exits(1)
        .says("no tool is named `echo`, and the plugin `asking` is not loaded: needs approval for env: CITY")
        .says("\n  try: approve them with `--approve env`");
    dir.run(&["call", "asking__echo"]).exits(1).says("\n  try: approve them with `--approve env`");
    dir.run(&["call", "--approve", "env", "echo"]).exits(0);
    // A slip in the name of a tool that is there stays one.
    dir.plugin("probe", &probe(), &json!({}));
    let ran = dir.run(&["call", "probe__ech"]).exits(1).says("try: did you mean `probe__echo`");
    assert!(!ran.stderr.contains("asking"), "{ran:#?}");
}

#[cfg(feature = "bundled")]
#[test]
fn a_bundled_plugin_without_room_is_named() {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", "limits: { module_kb: 1 }");
    let output = dir.bare_command(&["call", "json_query"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the plugin `json-query` is not loaded: the module is "), "{said}");
}

#[test]
fn a_failing_start_is_not_a_call_error() {
    let dir = Dir::new();
    dir.plugin("moon", &failing("the moon is wrong"), &json!({}));
    dir.run(&["tools"]).exits(0).says(
        "did not start: init: the moon is wrong\n  \
         try: give it what it asks for, or tell its author; it is started again when its files change\n",
    );
    let ran = dir.run(&["call", "moon__run"]).exits(1).says("is not loaded: did not start: init: ");
    assert!(!ran.stderr.contains("parameters"), "{ran:#?}");
    let trap = Guest { init: "(unreachable)".into(), ..Guest::default() };
    dir.plugin("panic", &trap.wasm(), &json!({}));
    let spin = Guest { init: "(loop $l (br $l)) (i32.const 0)".into(), ..Guest::default() };
    dir.plugin("spin", &spin.wasm(), &json!({ "resources": { "max_fuel": 1_000_000 } }));
    let ran = dir
        .run(&["tools"])
        .exits(0)
        .says("try: tell its author; it is started again when its files change\n")
        .says(
            "try: raise `resources.max_fuel` in the manifest, or let it do less while it starts\n",
        );
    assert!(!ran.stderr.contains("next call"), "{ran:#?}");
}

#[test]
fn unopenable_grants_are_shown_with_the_plugin() {
    let dir = Dir::new();
    let grants =
        json!({ "filesystem": ["$FOO/x", "relative", "$WORKSPACE/missing", "$WORKSPACE"] });
    let folder = dir.plugin("probe", &probe(), &json!({ "permissions": grants }));
    let folder = folder.to_str().unwrap();
    let ran = dir.run(&["plugin", "inspect", folder]).exits(0);
    let list = dir.run(&["plugin", "list"]).exits(0);
    for grant in ["$FOO/x", "relative", "$WORKSPACE/missing"] {
        let closed = format!("the filesystem grant `{grant}` stays closed: ");
        assert!(ran.stdout.contains(&closed), "{ran:#?}");
        assert!(list.stderr.contains(&format!("warning: probe: {closed}")), "{list:#?}");
    }
    assert!(!ran.stdout.contains("`$WORKSPACE` stays closed"), "{ran:#?}");
    let report = dir.run(&["plugin", "inspect", folder, "--json"]).exits(0).json();
    assert_eq!(report["warnings"].as_array().unwrap().len(), 3, "{report}");
}

#[cfg(feature = "package")]
#[test]
fn start_problems_are_reported_by_the_starter() {
    let dir = Dir::new();
    let describe = "(i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 3)) (i32.const 16)";
    let module = Guest { describe: describe.into(), ..Guest::default() }.wasm();
    let folder = dir.plugin("descbad", &module, &json!({}));
    let folder = folder.to_str().unwrap();
    let ran = dir.run(&["plugin", "inspect", folder]).exits(0);
    let words = "would load: yes, if `init` and `describe` do well, which are not called here\n";
    assert!(ran.stdout.contains(words), "{ran:#?}");

    let install = |folder: &str, more: &[&str]| {
        let arguments = [&["plugin", "install", folder, "--no-bundled"], more].concat();
        let output = dir.bare_command(&arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    };
    let (_, said) = install(folder, &[]);
    assert!(said.contains("installed: descbad 1.0.0\n"), "{said}");
    assert!(said.contains("not loaded: descbad ("), "{said}");
    assert!(said.contains("`describe` gave ") && said.contains("try: correct the JSON"), "{said}");
    let (printed, _) = install(folder, &["--json"]);
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["not_loaded"]["plugin"], "descbad");

    let good = dir.plugin("good", &probe(), &json!({}));
    let (printed, said) = install(good.to_str().unwrap(), &["--json"]);
    assert!(!said.contains("not loaded"), "{said}");
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["not_loaded"], json!(null));
}
