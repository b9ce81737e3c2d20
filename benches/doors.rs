//! What a tool call costs that one guest makes to another, beside the same call from outside.
//!
//! A caller that makes two calls costs one call between guests more than a caller that makes one.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use support::{Report, guest, load, package};
use weft_lite::Runtime;

const RUNS: usize = 20_000;

/// A guest whose only tool hands its parameters to `echo__echo`, so many times, and returns what comes back: the
/// result areas of both functions are alike.
fn caller(calls: usize) -> Vec<u8> {
    let call =
        "(call $call (i32.const 96) (i32.const 10) (local.get 2) (local.get 3) (i32.const 64))";
    wat::parse_str(CALLER.replace("CALLS", &call.repeat(calls))).expect("it is WebAssembly")
}

const CALLER: &str = r#"(module
    (import "weft:host/tools@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 4096))
    (data (i32.const 64) "\00\00\00\00\00\00\00\00\00\00\00\00")
    (data (i32.const 80) "\80\00\00\00\4a\00\00\00")
    (data (i32.const 96) "echo__echo")
    (data (i32.const 128) "{\"name\":\"caller\",\"tools\":[{\"name\":\"run\",\"description\":\"Calls the echo.\"}]}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (global.get $next))
        (global.set $next (i32.add (local.get $at) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
        (local.get $at))
    (func (export "plugin#init") (result i32) (i32.const 64))
    (func (export "plugin#describe") (result i32) (i32.const 80))
    (func (export "plugin#execute-tool") (param i32 i32 i32 i32) (result i32)
        CALLS
        (global.set $next (i32.const 4096))
        (i32.const 64)))"#;

fn main() -> ExitCode {
    let mut report = Report::begin("what a call between guests costs, medians");
    let runtime = Runtime::builder().without_bundled().build();
    let permissions = r#","permissions":{"tools":["echo__*"]}"#;
    let once = package("once", caller(1), permissions);
    let twice = package("twice", caller(2), permissions);
    runtime.block_on(load(runtime.host(), [package("echo", guest("echo"), ""), once, twice]));
    let direct = median(&runtime, "echo__echo");
    let once = median(&runtime, "once__run");
    let between = median(&runtime, "twice__run") - once;
    report.figure("a call of a tool", direct, "us");
    report.figure("a call of a tool that calls it once", once, "us");
    report.figure("a call between guests", between, "us");
    report.bounded("  beyond a direct one", between - direct, "us", 8.0);
    report.end()
}

/// The median of many calls, in microseconds.
fn median(runtime: &Runtime, tool: &str) -> f64 {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let outcome = runtime.block_on(runtime.host().call(tool, "[1,2,3]".into()));
            let took = start.elapsed();
            assert_eq!(outcome.result.as_deref(), Ok("[1,2,3]"));
            took
        })
        .collect();
    times.sort();
    times[RUNS / 2].as_secs_f64() * 1e6
}
