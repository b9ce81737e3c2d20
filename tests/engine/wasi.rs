//! The closed shim for modules built against WASI's first preview.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weft_lite::errors::{CallError, Exhausted};
use weft_lite::sandbox::{MemoryAudit, SandboxOptions};
use weft_lite::wasm::{CallBudget, Instance, MemoryBudget};
use weft_lite::{PluginPermissions, PluginResourceConfig};

use crate::guest::{ECHO, Guest, call, call_with, sandbox};

fn importing(name: &str, ty: &str, body: &str) -> Guest {
    Guest::running(&format!("{body} {ECHO}"))
        .importing(&format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func $f {ty}))"))
}

/// The body traps unless the function answers with `errno`.
fn answers(call: &str, errno: u32) -> String {
    format!("(if (i32.ne {call} (i32.const {errno})) (then unreachable))")
}

#[test]
fn there_are_no_files_sockets_or_arguments() {
    let two = "(param i32 i32) (result i32)";
    let zeros = answers("(call $f (i32.const 32) (i32.const 36))", 0)
        + "(if (i32.load (i32.const 32)) (then unreachable))";
    for name in ["args_sizes_get", "environ_sizes_get"] {
        let poisoned = format!("(i32.store (i32.const 32) (i32.const 9)) {zeros}");
        assert_eq!(call(&importing(name, two, &poisoned), "1"), Ok("1".into()), "{name}");
    }
    let prestat = answers("(call $f (i32.const 3) (i32.const 32))", 8);
    assert_eq!(call(&importing("fd_prestat_get", two, &prestat), "1"), Ok("1".into()));
    let open = "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)";
    let body = answers(
        "(call $f (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0)
            (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 32))",
        76,
    );
    assert_eq!(call(&importing("path_open", open, &body), "1"), Ok("1".into()));
    let accept = answers("(call $f (i32.const 3) (i32.const 0) (i32.const 32))", 52);
    let ty = "(param i32 i32 i32) (result i32)";
    assert_eq!(call(&importing("sock_accept", ty, &accept), "1"), Ok("1".into()));
}

#[test]
fn clock_and_random_work() {
    let clock = answers("(call $f (i32.const 0) (i64.const 1) (i32.const 32))", 0)
        // After 2020, before 2200, in nanoseconds.
        + "(if (i64.lt_u (i64.load (i32.const 32)) (i64.const 1577836800000000000)) (then unreachable))
           (if (i64.gt_u (i64.load (i32.const 32)) (i64.const 7258118400000000000)) (then unreachable))";
    let ty = "(param i32 i64 i32) (result i32)";
    assert_eq!(call(&importing("clock_time_get", ty, &clock), "1"), Ok("1".into()));
    let unknown = answers("(call $f (i32.const 9) (i64.const 1) (i32.const 32))", 28);
    assert_eq!(call(&importing("clock_time_get", ty, &unknown), "1"), Ok("1".into()));

    // Two draws of eight bytes that are alike would be a wonder.
    let random = answers("(call $f (i32.const 32) (i32.const 8))", 0)
        + &answers("(call $f (i32.const 40) (i32.const 8))", 0)
        + "(if (i64.eq (i64.load (i32.const 32)) (i64.load (i32.const 40))) (then unreachable))";
    let ty = "(param i32 i32) (result i32)";
    assert_eq!(call(&importing("random_get", ty, &random), "1"), Ok("1".into()));
    let outside = importing("random_get", ty, "(drop (call $f (i32.const -4) (i32.const 8)))");
    assert!(matches!(call(&outside, "1"), Err(CallError::Trap { .. })));
}

#[test]
fn exit_ends_the_call_with_its_status() {
    let guest = importing("proc_exit", "(param i32)", "(call $f (i32.const 3))");
    assert_eq!(call(&guest, "{}"), Err(CallError::Exited { status: 3 }));
}

#[test]
fn output_is_logged_and_counted_like_any_message() {
    // Two buffers, three lines.
    let body = "
        (i32.store (i32.const 32) (i32.const 200)) (i32.store (i32.const 36) (i32.const 4))
        (i32.store (i32.const 40) (i32.const 204)) (i32.store (i32.const 44) (i32.const 4))
        (if (call $f (i32.const 1) (i32.const 32) (i32.const 2) (i32.const 48)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 48)) (i32.const 8)) (then unreachable))
        (if (i32.ne (call $f (i32.const 5) (i32.const 32) (i32.const 2) (i32.const 48)) (i32.const 8))
            (then unreachable))";
    let guest = importing("fd_write", "(param i32 i32 i32 i32) (result i32)", body)
        .with("(data (i32.const 200) \"one\\ntw\\no\")");
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

/// A guest that polls these subscriptions, which it finds at 64, and then does `body`; events are
/// written to 512, their number to 32.
fn polling(subscriptions: &[[u64; 6]], errno: u32, body: &str) -> Guest {
    let bytes = subscriptions.iter().flatten().flat_map(|word| word.to_le_bytes());
    let data: String = bytes.map(|byte| format!("\\{byte:02x}")).collect();
    let count = subscriptions.len();
    let poll =
        format!("(call $f (i32.const 64) (i32.const 512) (i32.const {count}) (i32.const 32))");
    let ty = "(param i32 i32 i32 i32) (result i32)";
    importing("poll_oneoff", ty, &(answers(&poll, errno) + body))
        .with(&format!("(data (i32.const 64) \"{data}\")"))
}

/// A subscription to a clock: 0 is the wall's, 1 is monotonic.
fn timer(userdata: u64, clock: u64, nanoseconds: u64, absolute: bool) -> [u64; 6] {
    [userdata, 0, clock, nanoseconds, 0, absolute.into()]
}

/// The body traps unless `address` has this value.
fn has(address: u32, value: u64) -> String {
    format!("(if (i64.ne (i64.load (i32.const {address})) (i64.const {value})) (then unreachable))")
}

#[test]
fn polling_waits_for_the_first_moment() {
    const HOUR: u64 = 3_600_000_000_000;
    for clock in [0, 1] {
        let timers = [timer(7, clock, HOUR, false), timer(8, clock, 30_000_000, false)];
        let start = Instant::now();
        // One event: its userdata, no error, and that it is of a clock.
        let body = has(32, 1) + &has(512, 8) + &has(520, 0);
        assert_eq!(call(&polling(&timers, 0, &body), "1"), Ok("1".into()), "{clock}");
        assert!(start.elapsed() >= Duration::from_millis(30), "{clock}");
    }
    // What has been is ready at once, on either clock, and with it only what is ready as well.
    let timers = [timer(7, 0, 1, true), timer(8, 1, HOUR, false), timer(9, 1, 0, true)];
    let body = has(32, 2) + &has(512, 7) + &has(544, 9);
    assert_eq!(call(&polling(&timers, 0, &body), "1"), Ok("1".into()));
    let timers = [timer(7, 5, HOUR, false)];
    let unknown = has(32, 1) + &has(512, 7) + &has(520, 28);
    assert_eq!(call(&polling(&timers, 0, &unknown), "1"), Ok("1".into()));
}

#[test]
fn polling_finds_output_ready_and_nothing_else_open() {
    let streams = [[1, 2, 1, 0, 0, 0], [2, 1, 0, 0, 0, 0], [3, 2, 7, 0, 0, 0]];
    let (bad_input, bad_output) = (8 | 1 << 16, 8 | 2 << 16);
    let body = [has(32, 3), has(520, 2 << 16), has(552, bad_input), has(584, bad_output)];
    assert_eq!(call(&polling(&streams, 0, &body.concat()), "1"), Ok("1".into()));
    assert_eq!(call(&polling(&[], 28, ""), "1"), Ok("1".into()), "there is nothing to wait for");
    assert_eq!(call(&polling(&[[0; 6]; 65], 28, ""), "1"), Ok("1".into()), "too many");
}

#[test]
fn polling_ends_with_the_calls_time() {
    let resources =
        PluginResourceConfig { max_execution_seconds: 1, ..PluginResourceConfig::default() };
    let limit = Duration::from_secs(1);
    let forever = polling(&[timer(1, 1, u64::MAX, false)], 0, "");
    let result = call_with(&forever, "1", &resources);
    assert_eq!(result, Err(CallError::Exhausted(Exhausted::Time { limit })));
}
