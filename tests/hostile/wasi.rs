//! The shim for WASI's first preview, with buffers that overlap, wrap and lie.

use crate::case::{Case, Fails, LEAST_FUEL};
use crate::guest::{ECHO, Guest};

pub(crate) fn cases() -> Vec<Case> {
    [output(), pointers(), exits()].into_iter().flatten().collect()
}

fn importing(name: &str, ty: &str, body: &str) -> Guest {
    Guest::running(&format!("{body} {ECHO}"))
        .importing(&format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func $f {ty}))"))
}

/// The body traps unless the call answers with `errno`.
fn answers(call: &str, errno: u32) -> String {
    format!("(if (i32.ne {call} (i32.const {errno})) (then unreachable))")
}

fn output() -> Vec<Case> {
    let writing = |body: &str| importing("fd_write", "(param i32 i32 i32 i32) (result i32)", body);
    let write = |buffers: i64, count: i64, written: i64| {
        format!(
            "(call $f (i32.const 1) (i32.const {buffers}) (i32.const {count}) (i32.const {written}))"
        )
    };
    let buffer = |pointer: i64, length: i64| {
        format!(
            "(i32.store (i32.const 800) (i32.const {pointer})) (i32.store (i32.const 804) (i32.const {length}))"
        )
    };
    let trap = |name: &str, body: String, words| {
        Case::trapping(name, &writing(&format!("(drop {body})")), words)
    };
    let trap_with = |name: &str, at: (i64, i64), words| {
        Case::trapping(
            name,
            &writing(&format!("{} (drop {})", buffer(at.0, at.1), write(800, 1, 32))),
            words,
        )
    };
    let outside = "outside linear memory";
    // 10,000 buffers, each of them the same four bytes.
    let many = format!(
        "(local $at i32) (local.set $at (i32.const 20000))
         (loop $again
            (i32.store (local.get $at) (i32.const 64))
            (i32.store offset=4 (local.get $at) (i32.const 4))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 100000))))
         {} (if (i32.ne (i32.load (i32.const 32)) (i32.const 40000)) (then unreachable))",
        answers(&write(20_000, 10_000, 32), 0)
    );
    // Every second byte of a page is a line feed.
    let lines = format!(
        "(local $at i32) (memory.fill (i32.const 65536) (i32.const 10) (i32.const 65536))
         (loop $again
            (i32.store8 (i32.add (i32.const 65536) (local.get $at)) (i32.const 120))
            (local.set $at (i32.add (local.get $at) (i32.const 2)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 65536))))
         {} (drop {})",
        buffer(65_536, 65_536),
        write(800, 1, 32)
    );
    let in_part = format!(
        "{} {} (if (i32.ne (i32.load (i32.const 32)) (i32.const 65536)) (then unreachable))",
        buffer(0, 131_072),
        answers(&write(800, 1, 32), 0)
    );
    let two_pages =
        |body: &str| Guest { memory: "(memory (export \"memory\") 2)".into(), ..writing(body) };
    vec![
        trap("output from buffers outside", write(-8, 1, 32), outside),
        trap("output from buffers at an odd place", write(802, 1, 32), "not aligned"),
        trap("output from four billion buffers", write(800, -1, 32), outside),
        trap(
            "output from 0x20000000 buffers, 0 bytes in 32 bits",
            write(800, 0x2000_0000, 32),
            outside,
        ),
        trap_with("output of a buffer outside", (65_536, 1), outside),
        trap_with("output of a buffer of four gigabytes", (0, -1), outside),
        trap_with("output of a buffer that wraps", (-4, 8), outside),
        Case::trapping(
            "output whose count goes outside",
            &writing(&format!("{} (drop {})", buffer(64, 4), write(800, 1, 65_533))),
            outside,
        ),
        Case::answering(
            "output whose count goes over its buffers",
            &writing(&format!("{} {}", buffer(64, 4), answers(&write(800, 1, 802), 0))),
            "{}",
        ),
        Case::answering(
            "output of its own buffers",
            &writing(&format!("{} {}", buffer(800, 8), answers(&write(800, 1, 804), 0))),
            "{}",
        ),
        Case::answering(
            "output that is not UTF-8",
            &writing(&format!(
                "(i64.store (i32.const 600) (i64.const -1)) {} {}",
                buffer(600, 8),
                answers(&write(800, 1, 32), 0)
            )),
            "{}",
        ),
        Case::answering("output of 10,000 buffers", &two_pages(&many), "{}"),
        Case::answering("output of 128 KB is taken in part", &two_pages(&in_part), "{}"),
        Case::calling("output of 32,768 lines", &two_pages(&lines), Fails::HostCalls),
        Case::calling(
            "a flood of output",
            &writing(&format!("{} (loop (drop {}) (br 0))", buffer(0, 65_536), write(800, 1, 32))),
            Fails::Output,
        )
        .with_resources("{}"),
        Case::answering(
            "output to a file",
            &writing(&answers(
                "(call $f (i32.const 3) (i32.const -1) (i32.const -1) (i32.const -1))",
                8,
            )),
            "{}",
        ),
    ]
}

fn pointers() -> Vec<Case> {
    let two = "(param i32 i32) (result i32)";
    let outside = "outside linear memory";
    let trap = |name: &str, function: &str, ty: &str, call: &str| {
        Case::trapping(name, &importing(function, ty, &format!("(drop {call})")), outside)
    };
    let clock = "(param i32 i64 i32) (result i32)";
    vec![
        trap(
            "random bytes outside",
            "random_get",
            two,
            "(call $f (i32.const 65530) (i32.const 8))",
        ),
        trap("random bytes that wrap", "random_get", two, "(call $f (i32.const -4) (i32.const 8))"),
        Case::answering(
            "four gigabytes of random bytes",
            &importing("random_get", two, &answers("(call $f (i32.const 0) (i32.const -1))", 28)),
            "{}",
        ),
        Case::answering(
            "no random bytes at the end",
            &importing("random_get", two, &answers("(call $f (i32.const 65536) (i32.const 0))", 0)),
            "{}",
        ),
        Case::calling(
            "random bytes without end",
            &importing(
                "random_get",
                two,
                "(loop (drop (call $f (i32.const 8192) (i32.const 32768))) (br 0))",
            ),
            Fails::HostCalls,
        )
        .with_resources(r#"{"max_host_calls":100}"#),
        trap(
            "the time outside",
            "clock_time_get",
            clock,
            "(call $f (i32.const 0) (i64.const 0) (i32.const 65529))",
        ),
        Case::answering(
            "the time of no clock",
            &importing(
                "clock_time_get",
                clock,
                &answers("(call $f (i32.const -1) (i64.const -1) (i32.const -1))", 28),
            ),
            "{}",
        ),
        Case::answering(
            "the time at an odd place",
            &importing(
                "clock_time_get",
                clock,
                &answers("(call $f (i32.const 1) (i64.const 0) (i32.const 601))", 0),
            ),
            "{}",
        ),
        trap(
            "the resolution outside",
            "clock_res_get",
            two,
            "(call $f (i32.const 0) (i32.const -8))",
        ),
        trap(
            "the number of arguments outside",
            "args_sizes_get",
            two,
            "(call $f (i32.const -1) (i32.const 32))",
        ),
        trap(
            "the size of the environment outside",
            "environ_sizes_get",
            two,
            "(call $f (i32.const 32) (i32.const 65533))",
        ),
        Case::answering(
            "both sizes in the same place",
            &importing(
                "args_sizes_get",
                two,
                &answers("(call $f (i32.const 33) (i32.const 34))", 0),
            ),
            "{}",
        ),
        Case::answering(
            "arguments to nowhere",
            &importing("args_get", two, &answers("(call $f (i32.const -1) (i32.const -1))", 0)),
            "{}",
        ),
        Case::calling(
            "waiting without end",
            &importing(
                "poll_oneoff",
                "(param i32 i32 i32 i32) (result i32)",
                "(loop (drop (call $f (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1))) (br 0))",
            ),
            Fails::Fuel,
        )
        .with_resources(LEAST_FUEL),
        Case::calling(
            "yielding without end",
            &importing("sched_yield", "(result i32)", "(loop (drop (call $f)) (br 0))"),
            Fails::Fuel,
        )
        .with_resources(LEAST_FUEL),
        Case::answering(
            "opening a path outside",
            &importing(
                "path_open",
                "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)",
                &answers(
                    "(call $f (i32.const 3) (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1) (i64.const -1) (i64.const -1) (i32.const -1) (i32.const -1))",
                    76,
                ),
            ),
            "{}",
        ),
        Case::answering(
            "reading into nowhere",
            &importing(
                "fd_read",
                "(param i32 i32 i32 i32) (result i32)",
                &answers("(call $f (i32.const 0) (i32.const -1) (i32.const -1) (i32.const -1))", 8),
            ),
            "{}",
        ),
        Case::answering(
            "raising a signal",
            &importing(
                "proc_raise",
                "(param i32) (result i32)",
                &answers("(call $f (i32.const 9))", 52),
            ),
            "{}",
        ),
    ]
}

fn exits() -> Vec<Case> {
    let exit = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))";
    let call = "(call $exit (i32.const 3))";
    let plain = Guest::default().importing(exit);
    let init = Guest { init: format!("{call} (i32.const 16)"), ..plain.clone() };
    let describe = Guest { describe: format!("{call} (i32.const 16)"), ..plain.clone() };
    let running = |status: &str| {
        Guest::running(&format!("(call $exit (i32.const {status})) (i32.const 16)")).importing(exit)
    };
    vec![
        Case::starting("an exit in init", &init, Fails::Exited(3)),
        Case::starting("an exit in describe", &describe, Fails::Exited(3)),
        Case::starting(
            "an exit in _initialize",
            &plain.with(&format!("(func (export \"_initialize\") {call})")),
            Fails::Exited(3),
        ),
        Case::calling("an exit with success", &running("0"), Fails::Exited(0)),
        Case::calling("an exit with minus one", &running("-1"), Fails::Exited(-1)),
    ]
}
