//! The closed answer to WASI's second preview, at the core level.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weft_lite::errors::{CallError, Exhausted, ModuleFault};
use weft_lite::sandbox::{MemoryAudit, SandboxOptions};
use weft_lite::wasm::{CallBudget, Instance, MemoryBudget};
use weft_lite::{PluginPermissions, PluginResourceConfig};

use crate::guest::{ECHO, Guest, call, call_with, sandbox};

/// A guest that runs `body`, which calls these functions of WASI as `$a`, `$b` and so on.
fn importing(functions: &[(&str, &str, &str)], body: &str) -> Guest {
    let imports = ('a'..).zip(functions).map(|(letter, (interface, name, ty))| {
        format!("(import \"wasi:{interface}@0.2.6\" \"{name}\" (func ${letter} {ty}))")
    });
    Guest::running(&format!("{body} {ECHO}")).importing(&imports.collect::<String>())
}

fn check(condition: &str) -> String {
    format!("(if (i32.eqz {condition}) (then unreachable))")
}

#[track_caller]
fn traps(guest: &Guest, words: &str) {
    match call(guest, "1") {
        Err(CallError::Trap { name, .. }) => assert!(name.contains(words), "{name}"),
        other => panic!("{words}: {other:?}"),
    }
}

const NEW: (&str, &str, &str) =
    ("clocks/monotonic-clock", "subscribe-duration", "(param i64) (result i32)");
const DROP: (&str, &str, &str) = ("io/poll", "[resource-drop]pollable", "(param i32)");
const POLL: (&str, &str, &str) = ("io/poll", "poll", "(param i32 i32 i32)");
const BLOCK: (&str, &str, &str) = ("io/poll", "[method]pollable.block", "(param i32)");
const WRITE: (&str, &str, &str) =
    ("io/streams", "[method]output-stream.write", "(param i32 i32 i32 i32)");

#[test]
fn there_is_no_environment_and_no_input() {
    let functions = [
        ("cli/environment", "get-environment", "(param i32)"),
        ("cli/environment", "get-arguments", "(param i32)"),
        ("cli/terminal-stdout", "get-terminal-stdout", "(param i32)"),
        ("io/streams", "[method]input-stream.blocking-read", "(param i32 i64 i32)"),
    ];
    let poison =
        "(i64.store (i32.const 32) (i64.const -1)) (i64.store (i32.const 40) (i64.const -1))";
    let empty = check("(i32.eqz (i32.load (i32.const 36)))");
    let body = format!(
        "{poison} (call $a (i32.const 32)) {empty} {poison} (call $b (i32.const 32)) {empty}
         {poison} (call $c (i32.const 32)) {}
         {poison} (call $d (i32.const 1) (i64.const 9) (i32.const 32)) {}",
        check("(i32.eqz (i32.load8_u (i32.const 32)))"),
        // An error, and of its cases `closed`.
        check("(i32.and (i32.load8_u (i32.const 32)) (i32.load8_u (i32.const 36)))"),
    );
    assert_eq!(call(&importing(&functions, &body), "1"), Ok("1".into()));
}

#[test]
fn clocks_and_random_work() {
    let functions = [
        ("clocks/wall-clock", "now", "(param i32)"),
        ("clocks/monotonic-clock", "now", "(result i64)"),
        ("random/random", "get-random-bytes", "(param i64 i32)"),
        ("random/random", "get-random-u64", "(result i64)"),
        ("random/insecure-seed", "insecure-seed", "(param i32)"),
    ];
    let body = [
        "(local $first i64) (call $a (i32.const 32))".to_owned(),
        check("(i64.gt_u (i64.load (i32.const 32)) (i64.const 1577836800))"),
        check("(i64.lt_u (i64.load (i32.const 32)) (i64.const 7258118400))"),
        "(local.set $first (call $b))".into(),
        check("(i64.ge_u (call $b) (local.get $first))"),
        "(call $c (i64.const 8) (i32.const 32))".into(),
        check("(i32.eq (i32.load (i32.const 36)) (i32.const 8))"),
        check("(i64.ne (i64.load (i32.load (i32.const 32))) (i64.const 0))"),
        check("(i64.ne (call $d) (call $d))"),
        "(call $e (i32.const 32))".into(),
        check("(i64.ne (i64.load (i32.const 32)) (i64.load (i32.const 40)))"),
    ]
    .concat();
    assert_eq!(call(&importing(&functions, &body), "1"), Ok("1".into()));
}

#[test]
fn poll_waits_for_the_first_of_its_pollables() {
    // The second of three is ready after 30 ms, the others after an hour.
    let hour = "(call $a (i64.const 3600000000000))";
    let body = [
        &format!("(i32.store (i32.const 200) {hour})"),
        "(i32.store (i32.const 204) (call $a (i64.const 30000000)))",
        &format!("(i32.store (i32.const 208) {hour})"),
        "(call $b (i32.const 200) (i32.const 3) (i32.const 32))",
        &check("(i32.eq (i32.load (i32.const 36)) (i32.const 1))"),
        &check("(i32.eq (i32.load (i32.load (i32.const 32))) (i32.const 1))"),
    ]
    .concat();
    let start = Instant::now();
    assert_eq!(call(&importing(&[NEW, POLL], &body), "1"), Ok("1".into()));
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[test]
fn a_wait_ends_with_the_calls_time() {
    let body = "(call $b (call $a (i64.const -1)))";
    let resources =
        PluginResourceConfig { max_execution_seconds: 1, ..PluginResourceConfig::default() };
    let limit = Duration::from_secs(1);
    let result = call_with(&importing(&[NEW, BLOCK], body), "1", &resources);
    assert_eq!(result, Err(CallError::Exhausted(Exhausted::Time { limit })));
}

#[test]
fn output_is_logged_line_by_line() {
    let body = [
        "(call $a (i32.const 2) (i32.const 200) (i32.const 8) (i32.const 32))",
        &check("(i32.eqz (i32.load8_u (i32.const 32)))"),
    ];
    let guest = importing(&[WRITE], &body.concat()).with("(data (i32.const 200) \"one\\ntw\\no\")");
    let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(16).unwrap()));
    let options =
        SandboxOptions { audit: Arc::clone(&audit) as _, ..SandboxOptions::new("/nowhere") };
    let sandbox = sandbox(&options, &PluginPermissions::default());
    let resources = PluginResourceConfig::default();
    let mut budget = CallBudget::new(&resources);
    let memory = MemoryBudget::new(1 << 20);
    let result = smol::block_on(async {
        let module = guest.compile();
        let mut instance =
            Instance::start(&module, sandbox, &resources, memory, &mut budget).await?;
        instance.execute_tool("run", "1", &mut budget).await
    });
    assert_eq!(result, Ok("1".into()));
    let functions: Vec<_> = audit.records().iter().map(|record| record.function).collect();
    assert_eq!(functions, ["log"; 3]);
}

#[test]
fn exit_ends_the_call_with_its_status() {
    for (name, status) in [("exit", 1), ("exit-with-code", 3)] {
        let function = ("cli/exit", name, "(param i32)");
        let guest = importing(&[function], &format!("(call $a (i32.const {status}))"));
        assert_eq!(call(&guest, "1"), Err(CallError::Exited { status }));
    }
}

#[test]
fn false_memory_or_handle_claims_trap() {
    let write = |handle: i64, at: i64, length: i64, result: i64| {
        let numbers = [handle, at, length, result].map(|number| format!("(i32.const {number})"));
        importing(&[WRITE], &format!("(call $a {})", numbers.join(" ")))
    };
    traps(&write(2, -4, 8, 32), "outside linear memory");
    traps(&write(2, 200, 8, -4), "outside linear memory");
    traps(&write(2, 200, 8, 33), "not aligned");
    traps(&write(1, 200, 8, 32), "no stream with the handle 1");
    traps(&write(-1, 200, 8, 32), "no stream with the handle");
    traps(&write(2, 0, 65_537, 32), "of at most 65536");

    traps(&importing(&[BLOCK], "(call $a (i32.const 2))"), "no pollable with the handle 2");
    traps(&importing(&[DROP], "(call $a (i32.const -1))"), "no pollable with the handle");
    let twice = "(local $it i32) (local.set $it (call $a (i64.const 1)))
        (call $b (local.get $it)) (call $b (local.get $it))";
    traps(&importing(&[NEW, DROP], twice), "no pollable with the handle 2");
    let poll = |at: i64, count: i64, result: i64| {
        let call = "(call $a (i32.const";
        importing(&[POLL], &format!("{call} {at}) (i32.const {count}) (i32.const {result}))"))
    };
    traps(&poll(200, 0, 32), "of at most 64");
    traps(&poll(200, 1 << 30, 32), "of at most 64");
    traps(&poll(201, 1, 32), "not aligned");
    traps(&poll(-4, 2, 32), "outside linear memory");
    traps(&poll(200, 1, 32), "no pollable with the handle 0");
    let leak = "(loop $again (drop (call $a (i64.const 1))) (br $again))";
    traps(&importing(&[NEW], leak), "65 pollables, of at most 64");

    let random = ("random/random", "get-random-bytes", "(param i64 i32)");
    let bytes = |count: &str, at: i64| {
        importing(&[random], &format!("(call $a (i64.const {count}) (i32.const {at}))"))
    };
    traps(&bytes("-1", 32), "of at most 65536");
    traps(&bytes("4294967304", 32), "of at most 65536");
    traps(&bytes("8", -4), "outside linear memory");
    let now = ("clocks/wall-clock", "now", "(param i32)");
    traps(&importing(&[now], "(call $a (i32.const 36))"), "not aligned");
    traps(&importing(&[now], "(call $a (i32.const 65528))"), "outside linear memory");
}

#[test]
fn a_function_of_another_type_is_refused() {
    let guest = importing(&[("cli/stdout", "get-stdout", "(param i32)")], "");
    let faults = weft_lite::wasm::CompiledModule::new(&guest.wasm()).unwrap_err().faults;
    assert!(
        matches!(&faults[..], [ModuleFault::ImportType { expected, .. }] if expected == "() -> (i32)"),
        "{faults:?}"
    );
}
