//! The modules that are committed: bundled plugins, and guests from several languages.
//!
//! With `WEFT_REBUILT_GUESTS` set to a folder that `.ci/build-guests --out` filled, the same is asked
//! of rebuilt modules, so that what is committed is what the sources say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::{Approval, PluginPackage, Runtime};

/// The folder of a committed or rebuilt guest: `group` is `skills` or `guests`.
fn folder(group: &str, name: &str) -> PathBuf {
    match env::var_os("WEFT_REBUILT_GUESTS") {
        Some(rebuilt) => Path::new(&rebuilt).join(group).join(name),
        None => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            root.join(if group == "guests" { "tests/guests" } else { group }).join(name)
        }
    }
}

/// A runtime with one guest in it; the rebuilt one is left out where its tools were not there.
fn hosting(group: &str, name: &str) -> Option<Runtime> {
    let folder = folder(group, name);
    if env::var_os("WEFT_REBUILT_GUESTS").is_some() && !folder.exists() {
        return None;
    }
    let runtime = Runtime::builder().without_bundled().plugins(folder).build();
    runtime.block_on(runtime.load());
    let registry = runtime.host().registry();
    assert!(registry.refused().is_empty(), "{:?}", registry.refused());
    let warnings = &registry.plugin(name).unwrap().warnings;
    // The files of the kernel that it reads are Linux's.
    assert!(warnings.is_empty() || cfg!(not(target_os = "linux")), "{warnings:?}");
    Some(runtime)
}

fn call(runtime: &Runtime, tool: &str, params: &Value) -> Result<Value, CallError> {
    let text = runtime.block_on(runtime.host().call(tool, params.to_string())).result?;
    Ok(serde_json::from_str(&text).unwrap())
}

#[test]
fn text_stats_counts() {
    let Some(runtime) = hosting("skills", "text-stats") else { return };
    let stats = call(&runtime, "text_stats", &json!({ "text": "Grüße, Welt.\nZwei Zeilen!" }));
    let stats = stats.unwrap();
    let counted = ["characters", "bytes", "words", "lines", "sentences"].map(|key| &stats[key]);
    assert_eq!(json!(counted), json!([25, 27, 4, 2, 2]));
    let words = call(&runtime, "word_frequency", &json!({ "text": "a B b", "limit": 1 })).unwrap();
    assert!(words.to_string().contains("\"b\""), "{words}");
    let refused = call(&runtime, "text_stats", &json!({ "text": 3 })).unwrap_err();
    assert!(matches!(refused, CallError::Guest { .. }), "{refused}");
}

#[test]
fn json_query_selects_and_keeps_numbers() {
    let Some(runtime) = hosting("skills", "json-query") else { return };
    let params =
        r#"{"json": {"items": [{"n": 1.10}, {"n": 12345678901234567890}]}, "query": ".items[].n"}"#;
    let text = runtime.block_on(runtime.host().call("json_query", params.into())).result.unwrap();
    assert!(text.contains("1.10") && text.contains("12345678901234567890"), "{text}");
    let params = json!({ "json": {}, "query": ".a[" });
    let refused = call(&runtime, "json_query", &params).unwrap_err().to_string();
    assert!(refused.contains("position") || refused.contains("character"), "{refused}");
}

#[test]
fn device_health_never_fails_as_a_whole() {
    let Some(runtime) = hosting("skills", "device-health") else { return };
    let health = call(&runtime, "device_health", &json!({})).unwrap();
    if Path::new("/proc/meminfo").exists() {
        assert!(health["memory"].is_object(), "{health}");
    }
    assert!(health["unavailable"].is_object() || health.get("unavailable").is_none(), "{health}");
}

#[test]
fn device_health_reads_only_what_its_manifest_names() {
    let Some(runtime) = hosting("skills", "device-health") else { return };
    let registry = runtime.host().registry();
    let permissions = &registry.plugin("device-health").unwrap().manifest.permissions;
    assert!(
        permissions
            .filesystem
            .iter()
            .all(|path| { path.starts_with("/proc/") || path.starts_with("/sys/") })
    );
    assert!(permissions.network.is_empty() && permissions.env_vars.is_empty());
}

#[test]
fn every_language_echoes() {
    let odd = json!({ "text": "tab\t, quote\", ß, 漢字, 🦀", "n": [1, null] });
    for name in ["echo", "echo-c", "echo-as", "component", "probe"] {
        let Some(runtime) = hosting("guests", name) else { continue };
        assert_eq!(call(&runtime, "echo", &odd), Ok(odd.clone()), "{name}");
        assert_eq!(call(&runtime, &format!("{name}__echo"), &json!({})), Ok(json!({})), "{name}");
    }
}

#[test]
fn c_and_assemblyscript_call_the_host() {
    if let Some(runtime) = hosting("guests", "echo-c") {
        let upper = call(&runtime, "upper", &json!({ "text": "abc" })).unwrap();
        assert_eq!(upper, json!({ "text": "ABC" }));
        let denied = call(&runtime, "read", &json!({ "path": "/etc/passwd" })).unwrap_err();
        assert_eq!(denied.to_string(), "denied: filesystem access not permitted");
    }
    if let Some(runtime) = hosting("guests", "echo-as") {
        assert_eq!(call(&runtime, "log", &json!({ "a": "ü" })), Ok(json!({ "a": "ü" })));
    }
}

#[test]
fn a_wasi_module_finds_a_closed_world() {
    let Some(runtime) = hosting("guests", "wasip1") else { return };
    let seconds = call(&runtime, "time", &json!({})).unwrap()["unix_seconds"].as_u64().unwrap();
    assert!(seconds > 1_600_000_000, "{seconds}");
    let random = || call(&runtime, "random", &json!({})).unwrap();
    assert_ne!(random(), random());
    call(&runtime, "print", &json!({ "text": "hello" })).unwrap();
    assert_eq!(call(&runtime, "env", &json!({ "name": "PATH" })), Ok(json!({ "value": null })));
    assert_eq!(call(&runtime, "args", &json!({})), Ok(json!({ "args": [] })));
    let opened = call(&runtime, "open", &json!({ "path": "/etc/passwd" }));
    assert!(matches!(opened, Err(CallError::Guest { .. })), "{opened:?}");
    assert_eq!(call(&runtime, "exit", &json!({ "code": 7 })), Err(CallError::Exited { status: 7 }));
    assert!(call(&runtime, "time", &json!({})).is_ok(), "the next call gets a fresh instance");
}

#[test]
fn a_wasip2_component_finds_a_closed_world() {
    let Some(runtime) = hosting("guests", "wasip2") else { return };
    let greeting = call(&runtime, "greet", &json!({ "a": "aa" })).unwrap();
    assert_eq!(greeting, json!({ "got": { "a": "aa" }, "different": 5 }));
    let nap = call(&runtime, "nap", &json!({})).unwrap();
    assert!(nap["slept_ms"].as_u64().unwrap() >= 20, "{nap}");
    assert!(nap["unix_seconds"].as_u64().unwrap() > 1_600_000_000, "{nap}");
    assert_eq!(call(&runtime, "env", &json!({})), Ok(json!({ "home": false, "args": 0 })));
    assert_eq!(call(&runtime, "exit", &json!({})), Err(CallError::Exited { status: 1 }));
    assert!(call(&runtime, "env", &json!({})).is_ok(), "the next call gets a fresh instance");
}

#[test]
fn a_component_in_c_finds_a_closed_world() {
    let Some(runtime) = hosting("guests", "wasip2-c") else { return };
    assert_eq!(call(&runtime, "greet", &json!({ "a": "ß" })), Ok(json!({ "a": "ß" })));
    let nap = call(&runtime, "nap", &json!({})).unwrap();
    assert!(nap["slept_ms"].as_u64().unwrap() >= 20, "{nap}");
    assert!(nap["unix_seconds"].as_u64().unwrap() > 1_600_000_000, "{nap}");
    assert_eq!(call(&runtime, "env", &json!({})), Ok(json!({ "home": false, "file": false })));
    assert_eq!(call(&runtime, "exit", &json!({})), Err(CallError::Exited { status: 3 }));
    assert!(call(&runtime, "env", &json!({})).is_ok(), "the next call gets a fresh instance");
}

/// The probe with permissions of the test's choice.
fn probe(permissions: &Value, resources: &Value, workspace: &Path) -> Option<Runtime> {
    let module = fs::read(folder("guests", "probe").join("plugin.wasm")).ok()?;
    let manifest = json!({
        "id": "probe", "name": "Probe", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "permissions": permissions, "resources": resources,
    })
    .to_string();
    let origin = PackageOrigin::Folder("/probe".into());
    let limits = ReadLimits::default();
    let package =
        PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap();
    let environment = BTreeMap::from([("CITY".to_owned(), "Ulm".to_owned())]);
    let runtime = Runtime::builder()
        .without_bundled()
        .workspace(workspace)
        .environment(Arc::new(environment))
        .build();
    runtime.block_on(runtime.host().load([(package, Approval::ALL)], []));
    assert!(runtime.host().registry().refused().is_empty());
    Some(runtime)
}

#[test]
fn host_calls_go_through_the_permissions() {
    let workspace = tempfile::tempdir().unwrap();
    fs::write(workspace.path().join("note.txt"), "käse").unwrap();
    let permissions = json!({ "filesystem": ["$WORKSPACE"], "env_vars": ["CITY"] });
    let Some(runtime) = probe(&permissions, &json!({}), workspace.path()) else { return };
    let read = call(&runtime, "read", &json!({ "path": "note.txt" }));
    assert_eq!(read, Ok(json!({ "content": "käse" })));
    let written = call(&runtime, "write", &json!({ "path": "a/b.txt", "content": "new" }));
    assert_eq!(written, Ok(json!({})));
    assert_eq!(fs::read_to_string(workspace.path().join("a/b.txt")).unwrap(), "new");
    let environment =
        |name| call(&runtime, "env", &json!({ "name": name })).unwrap()["value"].clone();
    assert_eq!((environment("CITY"), environment("PATH")), (json!("Ulm"), Value::Null));
    let outside = call(&runtime, "read", &json!({ "path": "../note.txt" })).unwrap_err();
    assert!(
        matches!(&outside, CallError::Denied { denied, .. }
        if denied.rule == "filesystem access denied: path outside sandbox"),
        "{outside:?}"
    );
    let request = call(&runtime, "http", &json!({ "url": "https://example.com/" })).unwrap_err();
    assert!(
        matches!(&request, CallError::Denied { denied, .. }
        if denied.rule == "network access not permitted"),
        "{request:?}"
    );
}

#[test]
fn every_limit_has_its_own_error() {
    let nowhere = Path::new("/nowhere");
    let resources = json!({
        "max_fuel": 50_000_000, "max_memory_mb": 8, "max_host_calls": 5,
    });
    let Some(runtime) = probe(&json!({}), &resources, nowhere) else { return };
    let failed = |tool, params| call(&runtime, tool, &params).unwrap_err();
    let exhausted = |limit| CallError::Exhausted(limit);
    assert_eq!(failed("spin", json!({})), exhausted(Exhausted::Fuel { limit: 50_000_000 }));
    assert_eq!(
        failed("allocate", json!({ "mb": 9 })),
        exhausted(Exhausted::Memory { limit: 8 << 20 })
    );
    assert_eq!(
        failed("call_many", json!({ "count": 6 })),
        exhausted(Exhausted::HostCalls { limit: 5 })
    );
    assert!(matches!(failed("panic", json!({})), CallError::Trap { .. }));
    assert!(
        matches!(failed("recurse", json!({})), CallError::Trap { name, .. } if name == "call stack exhausted")
    );
    assert!(
        matches!(failed("trap", json!({ "kind": "divide" })), CallError::Trap { name, .. } if name == "integer divide by zero")
    );
    assert_eq!(
        failed("fail", json!({ "message": "no" })),
        CallError::Guest { message: "no".into() }
    );
    let resources = json!({ "max_memory_mb": 32 });
    let runtime = probe(&json!({}), &resources, nowhere).unwrap();
    let limit = weft_lite::limits::RESULT_BYTES;
    let failed = call(&runtime, "big_result", &json!({ "size": limit + 1 })).unwrap_err();
    assert_eq!(failed, exhausted(Exhausted::Output { limit }));
}
