//! The doors of `weft:host`.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weft_lite::errors::{ActionableError, CallError, Exhausted, ModuleFault};
use weft_lite::sandbox::{MemoryAudit, SandboxOptions};
use weft_lite::wasm::{CallBudget, Instance, MemoryBudget, ModuleSummary};
use weft_lite::{PluginPermissions, PluginResourceConfig};

use crate::guest::{ECHO, Guest, call, call_with, sandbox};

const WALL: &str = "(import \"weft:host/clock@0.1.0\" \"wall-ms\" (func $f (result i64)))";
const MONOTONIC: &str =
    "(import \"weft:host/clock@0.1.0\" \"monotonic-ms\" (func $f (result i64)))";
const SLEEP: &str = "(import \"weft:host/clock@0.1.0\" \"sleep-ms\" (func $f (param i64)))";

fn importing(import: &str, body: &str) -> Guest {
    Guest::running(&format!("{body} {ECHO}")).importing(import)
}

#[test]
fn the_clock_has_the_machines_time() {
    // After 2020, before 2200, in milliseconds.
    let body = "(if (i64.lt_u (call $f) (i64.const 1577836800000)) (then unreachable))
                (if (i64.gt_u (call $f) (i64.const 7258118400000)) (then unreachable))";
    assert_eq!(call(&importing(WALL, body), "1"), Ok("1".into()));
    let never_back = "(i64.store (i32.const 32) (call $f))
                      (if (i64.lt_u (call $f) (i64.load (i32.const 32))) (then unreachable))";
    assert_eq!(call(&importing(MONOTONIC, never_back), "1"), Ok("1".into()));
}

#[test]
fn sleep_waits_and_leaves_no_record() {
    let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(16).unwrap()));
    let options =
        SandboxOptions { audit: Arc::clone(&audit) as _, ..SandboxOptions::new("/nowhere") };
    let sandbox = sandbox(&options, &PluginPermissions::default());
    let resources = PluginResourceConfig::default();
    let guest = importing(SLEEP, "(call $f (i64.const 40))");
    let (result, took, fuel) = smol::block_on(async {
        let module = guest.compile();
        let memory = MemoryBudget::new(1 << 20);
        let mut budget = CallBudget::new(&resources);
        let mut instance =
            Instance::start(&module, sandbox, &resources, memory, &mut budget).await.unwrap();
        let mut budget = CallBudget::new(&resources);
        let started = Instant::now();
        let result = instance.execute_tool("run", "1", &mut budget).await;
        (result, started.elapsed(), budget.usage().fuel)
    });
    assert_eq!(result, Ok("1".into()));
    assert!(took >= Duration::from_millis(40), "{took:?}");
    assert!(fuel < 10_000, "waiting used fuel: {fuel}");
    assert!(audit.records().is_empty());
}

#[test]
fn sleep_ends_with_the_calls_time() {
    let guest = importing(SLEEP, "(call $f (i64.const -1))");
    let resources =
        PluginResourceConfig { max_execution_seconds: 1, ..PluginResourceConfig::default() };
    let result = call_with(&guest, "1", &resources);
    assert!(matches!(result, Err(CallError::Exhausted(Exhausted::Time { .. }))), "{result:?}");
}

#[test]
fn each_sleep_counts_as_a_host_call() {
    let guest = importing(SLEEP, "(loop $again (call $f (i64.const 0)) (br $again))");
    let resources = PluginResourceConfig { max_host_calls: 20, ..PluginResourceConfig::default() };
    let result = call_with(&guest, "1", &resources);
    assert!(
        matches!(result, Err(CallError::Exhausted(Exhausted::HostCalls { limit: 20 }))),
        "{result:?}"
    );
}

/// Another door, another version, another function, and another type.
#[test]
fn a_missing_door_is_named() {
    for (module, name) in [
        ("weft:host/video@0.1.0", "open"),
        ("weft:host/clock@0.2.0", "wall-ms"),
        ("weft:host/clock", "wall-ms"),
        ("weft:host/clock@0.1.0", "set"),
    ] {
        let import = format!("(import \"{module}\" \"{name}\" (func $f (result i64)))");
        let guest = importing(&import, "(drop (call $f))");
        let fault = ModuleFault::MissingDoor { module: module.into(), name: name.into() };
        assert_eq!(
            ModuleSummary::read(&guest.wasm()).faults,
            std::slice::from_ref(&fault),
            "{module}"
        );
        assert!(fault.to_string().contains(module) && fault.next_step().contains("host.wit"));
    }
    let wrong = "(import \"weft:host/clock@0.1.0\" \"wall-ms\" (func $f (result i32)))";
    let found = ModuleSummary::read(&importing(wrong, "(drop (call $f))").wasm()).faults;
    assert!(matches!(&found[..], [ModuleFault::ImportType { .. }]), "{found:?}");
}

#[cfg(not(feature = "websocket"))]
#[test]
fn a_left_out_door_names_its_feature() {
    let import = "(import \"weft:host/websocket@0.1.0\" \"close\" (func $f (param i32)))";
    let found = ModuleSummary::read(&importing(import, "(call $f (i32.const 0))").wasm()).faults;
    let [fault @ ModuleFault::MissingDoor { .. }] = &found[..] else { panic!("{found:?}") };
    let text =
        "needs the door `weft:host/websocket@0.1.0` with `close`, which this build leaves out";
    assert_eq!(fault.to_string(), text);
    assert_eq!(fault.next_step(), "use a build of weft-lite with the feature `websocket`");
}

/// A later patch of a door's version adds nothing that this host would lack.
#[test]
fn patches_of_a_version_are_answered() {
    let import = "(import \"weft:host/clock@0.1.7\" \"wall-ms\" (func $f (result i64)))";
    assert_eq!(call(&importing(import, "(drop (call $f))"), "1"), Ok("1".into()));
}
