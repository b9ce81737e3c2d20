//! An allocator that lies: about where, about how much, and about what it does meanwhile.

use crate::case::{Case, Fails};
use crate::guest::{ECHO, Guest};

const ENV: &str = "(import \"host\" \"get-env\" (func $env (param i32 i32 i32)))
    (import \"host\" \"read-file\" (func $read (param i32 i32 i32)))";

pub(crate) fn cases() -> Vec<Case> {
    [arguments(), replies()].into_iter().flatten().collect()
}

fn allocating(body: &str) -> Guest {
    Guest { realloc: body.into(), ..Guest::default() }
}

/// Asked for the memory of a call's arguments.
fn arguments() -> Vec<Case> {
    let failing = |name: &str, body: &str, fails| Case::calling(name, &allocating(body), fails);
    let trap = |words| Fails::Trap(words, "cabi_realloc");
    let outside = || trap("outside linear memory");
    let importing = |name: &str, body: &str, import: &str| {
        Case::calling(name, &allocating(body).importing(import), trap("host call not allowed here"))
    };
    vec![
        failing("realloc gives minus one", "(i32.const -1)", outside()),
        failing("realloc gives the last byte", "(i32.const 65535)", outside()),
        failing("realloc gives the end of memory", "(i32.const 65536)", outside()),
        failing("realloc gives what wraps", "(i32.sub (i32.const 1) (local.get 3))", outside()),
        failing(
            "realloc gives what it is about to have",
            "(i32.mul (memory.size) (i32.const 65536))",
            outside(),
        ),
        failing("realloc traps", "unreachable", trap("unreachable")),
        failing("realloc loops", "(loop (br 0)) (unreachable)", Fails::Fuel),
        failing(
            "realloc calls itself",
            "(call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3))",
            trap("call stack exhausted"),
        ),
        failing(
            "realloc takes all memory",
            "(drop (memory.grow (i32.const 300))) (i32.const 0)",
            Fails::Memory,
        ),
        failing(
            "realloc takes memory page by page",
            "(loop (drop (memory.grow (i32.const 1))) (br 0)) (unreachable)",
            Fails::Memory,
        ),
        importing(
            "realloc logs",
            "(call $log (i32.const 0) (i32.const 64) (i32.const 1)) (i32.const 4096)",
            "(import \"host\" \"log\" (func $log (param i32 i32 i32)))",
        ),
        importing(
            "realloc reads a variable",
            "(call $env (i32.const 64) (i32.const 1) (i32.const 32)) (i32.const 4096)",
            ENV,
        ),
        importing(
            "realloc writes a file",
            "(call $write (i32.const 64) (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 32)) (i32.const 4096)",
            "(import \"host\" \"write-file\" (func $write (param i32 i32 i32 i32 i32)))",
        ),
        importing(
            "realloc hands over arguments that are wrong",
            "(call $env (i32.const -1) (i32.const -1) (i32.const 33)) (i32.const 4096)",
            ENV,
        ),
        importing(
            "realloc exits",
            "(call $exit (i32.const 0)) (i32.const 4096)",
            "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))",
        ),
        importing(
            "realloc asks for random bytes",
            "(drop (call $random (i32.const 0) (i32.const 8))) (i32.const 4096)",
            "(import \"wasi_snapshot_preview1\" \"random_get\" (func $random (param i32 i32) (result i32)))",
        ),
        Case::answering(
            "realloc grows the memory and gives the new page",
            &allocating("(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))"),
            "{}",
        ),
        Case::answering("realloc gives null", &allocating("(i32.const 0)"), "{}"),
        Case::answering(
            "realloc gives an odd place in the result area",
            &allocating("(i32.const 21)"),
            "\0\0",
        ),
        Case::answering(
            "realloc runs another export meanwhile",
            &allocating(
                "(drop (call $execute (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))) (i32.const 4096)",
            ),
            "{}",
        ),
        Case::answering(
            "realloc ends the memory exactly",
            &allocating("(i32.sub (i32.const 65536) (local.get 3))"),
            "{}",
        ),
    ]
}

/// Asked for the memory of a host call's reply.
fn replies() -> Vec<Case> {
    // Lies from the third allocation on, which is for the reply.
    let lying = |body: &str, call: &str| {
        let realloc = format!(
            "(global.set $times (i32.add (global.get $times) (i32.const 1)))
             (if (i32.gt_u (global.get $times) (i32.const 2)) (then {body}))
             (i32.add (i32.const 4096) (i32.mul (global.get $times) (i32.const 256)))"
        );
        Guest { realloc, ..Guest::running(&format!("{call} {ECHO}")) }
            .importing(ENV)
            .with("(global $times (mut i32) (i32.const 0))")
    };
    let read = "(call $read (i32.const 64) (i32.const 1) (i32.const 32))";
    let failing = |name: &str, body: &str, fails| Case::calling(name, &lying(body, read), fails);
    let trap = |words| Fails::Trap(words, "cabi_realloc");
    vec![
        failing(
            "realloc for a reply gives minus one",
            "(return (i32.const -1))",
            trap("outside linear memory"),
        ),
        failing("realloc for a reply traps", "unreachable", trap("unreachable")),
        failing("realloc for a reply loops", "(loop (br 0))", Fails::Fuel),
        failing(
            "realloc for a reply takes all memory",
            "(drop (memory.grow (i32.const 300)))",
            Fails::Memory,
        ),
        failing(
            "realloc for a reply asks for another",
            "(call $read (i32.const 64) (i32.const 1) (i32.const 32))",
            trap("host call not allowed here"),
        ),
        Case::answering(
            "realloc for a reply gives the reply's own area",
            &lying("(return (i32.const 32))", read),
            "{}",
        ),
        Case::answering(
            "realloc for a reply gives the arguments' place",
            &lying("(return (i32.const 64))", read),
            "{}",
        ),
        Case::answering(
            "realloc for a reply grows the memory under the host",
            &lying("(return (i32.mul (memory.grow (i32.const 4)) (i32.const 65536)))", read),
            "{}",
        ),
        Case::answering(
            "realloc is not asked for a reply without text",
            &lying(
                "unreachable",
                "(call $env (i32.const 64) (i32.const 1) (i32.const 32)) (if (i32.load8_u (i32.const 32)) (then unreachable))",
            ),
            "{}",
        ),
    ]
}
