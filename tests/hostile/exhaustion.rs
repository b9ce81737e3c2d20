//! Guests that take: memory, tables, time, fuel, host calls and output.

use crate::case::{Case, Fails, LEAST_FUEL};
use crate::guest::{ECHO, Guest};

const LOG: &str = "(import \"host\" \"log\" (func $log (param i32 i32 i32)))";

pub(crate) fn cases() -> Vec<Case> {
    [memory(), tables(), computing(), calling()].into_iter().flatten().collect()
}

fn memory() -> Vec<Case> {
    let pages = |name: &str, pages: u32, fails| {
        let memory = format!("(memory (export \"memory\") {pages})");
        Case::starting(name, &Guest { memory, ..Guest::default() }, fails)
    };
    let running = |name: &str, body: &str, fails| Case::calling(name, &Guest::running(body), fails);
    const WIDE: &str = r#"{"max_memory_mb":64}"#;
    vec![
        pages("a memory of 4 GB", 65_536, Fails::Memory),
        pages("a memory of 16 MB and a page", 257, Fails::Memory),
        pages("a memory of the plugin's limit and not the host's", 512, Fails::MemoryBudget)
            .with_resources(WIDE),
        running(
            "growth without end",
            "(loop (drop (memory.grow (i32.const 1))) (br 0)) (unreachable)",
            Fails::Memory,
        ),
        running("growth by all there is", "(memory.grow (i32.const 65535))", Fails::Memory),
        running(
            "growth that doubles",
            "(loop (drop (memory.grow (memory.size))) (br 0)) (unreachable)",
            Fails::Memory,
        ),
        running(
            "growth beyond the host's budget",
            "(loop (drop (memory.grow (i32.const 64))) (br 0)) (unreachable)",
            Fails::MemoryBudget,
        )
        .with_resources(WIDE),
        Case::answering(
            "growth by more than there are pages",
            &Guest::running(&format!(
                "(if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then unreachable)) {ECHO}"
            )),
            "{}",
        ),
        Case::answering(
            "growth by nothing, often",
            &Guest::running(&format!(
                "(local $n i32) (loop (drop (memory.grow (i32.const 0))) (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100000)))) {ECHO}"
            )),
            "{}",
        ),
        Case::answering(
            "growth beyond the module's own maximum, often",
            &Guest {
                memory: "(memory (export \"memory\") 1 2)".into(),
                ..Guest::running(&format!(
                    "(local $n i32) (drop (memory.grow (i32.const 1))) (loop (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10000)))) {ECHO}"
                ))
            },
            "{}",
        ),
    ]
}

fn tables() -> Vec<Case> {
    let tables = |name: &str, tables: &str| {
        Case::starting(name, &Guest::default().with(tables), Fails::Table)
    };
    vec![
        tables("a table of ten million", "(table 10000000 funcref)"),
        tables("a table of four billion", "(table 0xffffffff funcref)"),
        tables(
            "four tables that are too much together",
            "(table 4000 funcref) (table 4000 externref) (table 4000 funcref) (table 0 funcref)",
        ),
        tables("a table of one too many", "(table 10001 externref)"),
    ]
}

fn computing() -> Vec<Case> {
    let fuel = |name: &str, body: &str| Case::calling(name, &Guest::running(body), Fails::Fuel);
    let mut locals = String::from("(func $heavy (local");
    locals.push_str(&" i64".repeat(4_000));
    locals.push_str("))");
    vec![
        fuel("a loop", "(loop (br 0)) (unreachable)"),
        fuel("a loop of fills", "(loop (memory.fill (i32.const 4096) (i32.const 7) (i32.const 60000)) (br 0)) (unreachable)"),
        fuel("a loop of copies", "(loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 65535)) (br 0)) (unreachable)"),
        fuel("a loop of branches through a table", "(loop $a (loop $b (br_table $a $b $a $b (global.get $next)))) (unreachable)"),
        Case::calling("a loop of calls that clear 4,000 locals", &Guest::running("(loop (call $heavy) (br 0)) (unreachable)").with(&locals), Fails::Fuel).with_resources(LEAST_FUEL),
        Case::calling("a loop of table fills", &Guest::running("(loop (table.fill $t (i32.const 0) (ref.null func) (i32.const 10000)) (br 0)) (unreachable)").with("(table $t 10000 funcref)"), Fails::Fuel),
        Case::calling("two functions that call each other in turn", &Guest::running("(loop (call $ping) (br 0)) (unreachable)").with("(func $ping (call $pong)) (func $pong)"), Fails::Fuel),
        Case::calling("a second of computing", &Guest::running("(loop (br 0)) (unreachable)"), Fails::Time).with_resources(r#"{"max_fuel":10000000000,"max_execution_seconds":1}"#),
    ]
}

fn calling() -> Vec<Case> {
    let looping = |name: &str, call: &str, fails| {
        let guest = Guest::running(&format!("(loop {call} (br 0)) (unreachable)"));
        Case::calling(name, &guest.importing(LOG), fails)
    };
    let wide = Guest {
        memory: "(memory (export \"memory\") 128)".into(),
        ..Guest::running(
            "(loop (call $log (i32.const 2) (i32.const 65536) (i32.const 8000000)) (br 0)) (unreachable)",
        )
    };
    vec![
        looping(
            "a flood of log messages",
            "(call $log (i32.const 2) (i32.const 64) (i32.const 1))",
            Fails::HostCalls,
        ),
        looping(
            "a flood of empty log messages",
            "(call $log (i32.const 2) (i32.const 64) (i32.const 0))",
            Fails::HostCalls,
        ),
        looping(
            "more host calls than the manifest allows",
            "(call $log (i32.const 0) (i32.const 64) (i32.const 3))",
            Fails::HostCalls,
        )
        .with_resources(r#"{"max_host_calls":3}"#),
        looping(
            "a host call where none is allowed",
            "(call $log (i32.const 1) (i32.const 64) (i32.const 3))",
            Fails::HostCalls,
        )
        .with_resources(r#"{"max_host_calls":0}"#),
        Case::calling("a flood of long log messages", &wide.importing(LOG), Fails::Output),
    ]
}
