//! Files that are not the module they should be, and modules that are too much.

use std::fmt::Write;

use crate::binary::{
    COMPONENT, CORE, append, changed, component, core, custom, guest_and, importing, joined, name,
    number, section, sections, vector, with_body,
};
use crate::case::{Case, Expected, Fails};
use crate::guest::{ECHO, Guest};

/// The type section with `() -> ()`.
fn unit_type() -> Vec<u8> {
    section(1, &vector(&[b"\x60\x00\x00"]))
}

/// A guest with these definitions, of which only its refusal is of interest.
fn with(more: &str) -> Vec<u8> {
    Guest::default().with(more).wasm()
}

pub(crate) fn cases() -> Vec<Case> {
    [bytes(), names(), features(), amounts(), components(), oddities(), segments()]
        .into_iter()
        .flatten()
        .collect()
}

fn bytes() -> Vec<Case> {
    let refused = |name: &str, module: Vec<u8>, words| Case::refused(name, module, words);
    let mut seven_segments = sections();
    let code = seven_segments.iter().position(|(id, _)| *id == 10).unwrap();
    seven_segments.insert(code, (12, vec![7]));
    let mut data_before_code = sections();
    data_before_code.swap(code, code + 1);
    let mut early_end = Guest::default().wasm();
    early_end.truncate(early_end.len() / 2);
    vec![
        refused("an empty file", b"".to_vec(), "not a WebAssembly file"),
        refused("a text file", b"#!/bin/sh\nreboot\n".to_vec(), "not a WebAssembly file"),
        refused("half a header", b"\0asm\x01\0".to_vec(), "not a WebAssembly file"),
        refused("another version", b"\0asm\x02\0\0\0".to_vec(), "not a WebAssembly file"),
        refused("a header alone", CORE.to_vec(), "does not export `plugin#init`"),
        refused("half a module", early_end, "not a valid module"),
        refused(
            "a section longer than the file",
            core(&[b"\x01\xff\xff\xff\x7f".to_vec()]),
            "not a valid module",
        ),
        refused(
            "a section length that overflows",
            core(&[b"\x01\xff\xff\xff\xff\xff\x01".to_vec()]),
            "not a valid module",
        ),
        refused(
            "four billion types",
            core(&[section(1, b"\xff\xff\xff\xff\x0f")]),
            "has 4294967295 types",
        ),
        refused(
            "four billion functions",
            core(&[unit_type(), section(3, b"\xff\xff\xff\xff\x0f")]),
            "not a valid module",
        ),
        refused(
            "a function without code",
            changed(3, |functions| append(functions, &[0])),
            "not a valid module",
        ),
        refused(
            "code without a function",
            changed(10, |code| append(code, b"\x02\x00\x0b")),
            "not a valid module",
        ),
        refused("sections out of order", joined(&data_before_code), "not a valid module"),
        refused("a section twice", guest_and(&unit_type()), "not a valid module"),
        refused("an unknown section", guest_and(&section(99, b"?")), "not a valid module"),
        refused("bytes behind the end", guest_and(b"\x0b"), "not a valid module"),
        refused("a data count that is not met", joined(&seven_segments), "not a valid module"),
        refused(
            "a function type that does not exist",
            changed(3, |functions| *functions.last_mut().unwrap() = 99),
            "exports `plugin#execute-tool` with type func",
        ),
        refused(
            "an export of a function that does not exist",
            changed(7, |exports| append(exports, &[name(b"x"), vec![0, 99]].concat())),
            "not a valid module",
        ),
        refused(
            "a module of two megabytes",
            Guest::default().with(&format!("(data \"{}\")", "x".repeat(2 << 20))).wasm(),
            " 2097472 bytes, o",
        ),
    ]
}

fn names() -> Vec<Case> {
    let wild = "\u{1b}[2J\r\n\u{202e}fdp`; rm -rf".as_bytes();
    let function = b"\x00\x00";
    let long = vec![b'x'; 90_000];
    let twice = [name(wild), vec![0, 0]].concat();
    let exported_twice = changed(7, |exports| {
        append(exports, &twice);
        append(exports, &twice);
    });
    vec![
        Case::refused(
            "an import with escape sequences in its names",
            importing(wild, wild, function),
            "imports `\\u{1b}[2J",
        ),
        Case::refused(
            "an import whose name is not UTF-8",
            importing(b"host", b"\xff\xfe", function),
            "not a valid module",
        ),
        Case::refused(
            "an import whose name is 90,000 bytes",
            importing(&long, &long, function),
            "xxx...` from",
        ),
        Case::refused(
            "an import without a name",
            importing(b"", b"", function),
            "imports `` from ``",
        ),
        Case::refused(
            "an import with a NUL after a known name",
            importing(b"host", b"log\0", function),
            "imports `log\\0`",
        ),
        Case::refused(
            "an export with escape sequences, twice",
            exported_twice,
            "duplicate export name",
        ),
        Case::refused(
            "an export of a known name with escapes after it",
            with("(func (export \"cabi_realloc\\1b[31m\"))"),
            "exports `cabi_realloc\\u{1b}[31m`",
        ),
        Case::answering(
            "an export with escape sequences",
            &Guest::default().with("(func (export \"\\1b[2J\"))"),
            "{}",
        ),
        Case::new(
            "a name section of junk",
            guest_and(&custom("name", b"\x01\xff\xff\xff\xff\xff\xff")),
            Expected::Answer("{}"),
        ),
        Case::new(
            "a custom section of 200 KB",
            guest_and(&custom("\u{1b}]0;", &vec![0xff; 200 << 10])),
            Expected::Answer("{}"),
        ),
    ]
}

fn features() -> Vec<Case> {
    let malformed = |name: &str, more: &str| Case::refused(name, with(more), "not a valid module");
    let body = |name: &str, code: &[u8]| Case::refused(name, with_body(code), "not a valid module");
    let memory = |name: &str, memory: &str| {
        let guest = Guest { memory: memory.into(), ..Guest::default() };
        Case::refused(name, guest.wasm(), "not a valid module")
    };
    vec![
        Case::refused(
            "a start function that loops",
            with("(func $s (loop (br 0))) (start $s)"),
            "start section",
        ),
        Case::refused(
            "table.grow",
            with(
                "(table $t 1 funcref) (func (drop (table.grow $t (ref.null func) (i32.const 1))))",
            ),
            "`table.grow`",
        ),
        malformed("vector instructions", "(func (drop (v128.const i64x2 0 0)))"),
        malformed("tail calls", "(func $f (return_call $f))"),
        malformed("exceptions", "(tag $e)"),
        malformed("atomics", "(func (drop (i32.atomic.load (i32.const 0))))"),
        malformed("structures of the garbage collector", "(type $s (struct (field i32)))"),
        Case::refused("a second memory", with("(memory 1)"), "the limit of 1 memories"),
        memory("a memory of 64 bits", "(memory (export \"memory\") i64 1)"),
        memory("a shared memory", "(memory (export \"memory\") 1 2 shared)"),
        memory("a memory of more than 4 GB", "(memory (export \"memory\") 65537)"),
        memory("a memory that is larger than its maximum", "(memory (export \"memory\") 2 1)"),
        memory("pages of one byte", "(memory (export \"memory\") 1 (pagesize 1))"),
        body("a body that does not end", b"\x00\x02\x40"),
        body("a body that ends twice", b"\x00\x41\x00\x0b\x0b"),
        body("a branch to nowhere", b"\x00\x0c\xff\xff\xff\xff\x0f\x0b"),
        body("a value that nobody takes", b"\x00\x41\x00\x41\x00\x0b"),
        body("an operation without operands", b"\x00\x6a\x0b"),
        body("an instruction that does not exist", b"\x00\xff\x0b"),
        body("a local that does not exist", b"\x00\x20\x07\x1a\x0b"),
        body("a call of a function that does not exist", b"\x00\x10\x64\x0b"),
        Case::refused(
            "four billion locals",
            with_body(b"\x01\xff\xff\xff\xff\x0f\x7f\x0b"),
            "has 4294967295 locals in one function",
        ),
        Case::refused(
            "locals whose number overflows",
            with_body(b"\x03\xff\xff\xff\xff\x0f\x7f\xff\xff\xff\xff\x0f\x7f\x02\x7f\x0b"),
            "has 4294967295 locals in one function",
        ),
        body("a table of four billion branches", b"\x00\x41\x00\x0e\xff\xff\xff\xff\x0f\x00\x0b"),
    ]
}

fn amounts() -> Vec<Case> {
    let params = |count: usize| format!("(func (param {}))", "i32 ".repeat(count));
    let results = |count: usize| format!("(func (result {}) (unreachable))", "i64 ".repeat(count));
    let many_imports = {
        let import = [name(b"x"), name(b"y"), vec![0, 0]].concat();
        core(&[unit_type(), section(2, &vector(&vec![import; 40_000]))])
    };
    // Each of the exports would be described with its 40 parameters.
    let many_exports = {
        let ty = [&[0x60][..], &number(40), &[0x7f; 40], &[0]].concat();
        let exports: Vec<_> = (0..20_000_u32)
            .map(|it| [name(format!("{it}").as_bytes()), vec![0, 0]].concat())
            .collect();
        core(&[
            section(1, &vector(&[ty])),
            section(3, b"\x01\x00"),
            section(7, &vector(&exports)),
            section(10, b"\x01\x02\x00\x0b"),
        ])
    };
    let mut many_growing = String::from("(table $t 1 funcref)");
    for _ in 0..5_000 {
        many_growing.push_str("(func (drop (table.grow $t (ref.null func) (i32.const 1))))");
    }
    vec![
        Case::refused(
            "a function of 1,000 parameters",
            with(&params(1_000)),
            "is refused by the interpreter",
        ),
        Case::refused(
            "a function of 33 parameters",
            with(&params(33)),
            "is refused by the interpreter",
        ),
        Case::refused(
            "a function of 1,000 results",
            with(&results(1_000)),
            "is refused by the interpreter",
        ),
        Case::refused("a function of 1,001 parameters", with(&params(1_001)), "not a valid module"),
        Case::refused(
            "50,000 locals",
            with(&format!("(func (local {}))", "i32 ".repeat(50_000))),
            "has 50000 locals in one function, of at most 4000",
        ),
        Case::refused(
            "1,001 globals",
            with(&"(global i32 (i32.const 0))".repeat(1_001)),
            "is refused by the interpreter",
        ),
        Case::refused(
            "20,000 functions",
            with(&"(func)".repeat(20_000)),
            "is refused by the interpreter",
        ),
        Case::refused(
            "1,001 data segments",
            with(&"(data \"x\")".repeat(1_001)),
            "is refused by the interpreter",
        ),
        Case::refused(
            "1,001 element segments",
            with(&"(elem func $execute)".repeat(1_001)),
            "is refused by the interpreter",
        ),
        Case::refused(
            "five tables",
            with(&"(table 1 funcref)".repeat(5)),
            "has 5 tables, of at most 4",
        ),
        Case::refused("40,000 imports", many_imports, "has 40000 imports, of at most 1000"),
        Case::refused(
            "20,000 exports of a type that takes long to write",
            many_exports,
            "has 20000 exports, of at most 10000",
        ),
        Case::refused("5,000 functions with a fault each", with(&many_growing), "and 4992 more"),
    ]
}

fn components() -> Vec<Case> {
    let inner = Guest::default().wasm();
    let wasi = Guest::default()
        .importing("(import \"wasi_snapshot_preview1\" \"sock_listen\" (func (result i32)))")
        .wasm();
    let nested = (0..200).fold(inner.clone(), |inner, _| component(&[section(4, &inner)]));
    let mut cut = component(&[section(1, &inner)]);
    cut.truncate(cut.len() - 1);
    let without = "component without a core module";
    vec![
        Case::refused("an empty component", COMPONENT, without),
        Case::refused(
            "a component of nothing but custom sections",
            component(&vec![custom("x", b""); 1_000]),
            without,
        ),
        Case::refused("a component that ends in its module", cut, without),
        Case::refused(
            "a component whose section length overflows",
            component(&[b"\x01\xff\xff\xff\xff\xff\x01".to_vec()]),
            without,
        ),
        Case::refused(
            "a component whose section length has no end",
            component(&[vec![1, 0x80, 0x80]]),
            without,
        ),
        Case::refused("a component whose module is empty", component(&[section(1, b"")]), without),
        Case::refused(
            "a component as the module of a component",
            component(&[section(1, COMPONENT)]),
            without,
        ),
        Case::refused("components 200 deep", nested, without),
        Case::refused(
            "a component whose module is a header",
            component(&[section(1, CORE)]),
            "does not export",
        ),
        Case::refused(
            "a component whose module needs what WASI is not answered with here",
            component(&[section(1, &wasi)]),
            "imports `sock_listen`",
        ),
        Case::refused(
            "a component whose module has a start function",
            component(&[section(1, &with("(func $s) (start $s)"))]),
            "start section",
        ),
        Case::refused(
            "a component whose first module is not the guest",
            component(&[section(1, &core(&[section(1, b"\x01")])), section(1, &inner)]),
            "not a valid module",
        ),
        Case::new(
            "a component with junk behind its module",
            component(&[section(1, &inner), vec![0xff; 64]]),
            Expected::Answer("{}"),
        ),
    ]
}

/// What looks wrong and is not.
fn oddities() -> Vec<Case> {
    let running = |body: &str| Guest::running(&format!("{body} {ECHO}"));
    let mut table = String::from("(block $out (br_table");
    for _ in 0..30_000 {
        table.push_str(" $out");
    }
    table.push_str(" (local.get 3)))");
    let deep = format!("{} {} ", "block ".repeat(20_000), "end ".repeat(20_000));
    let mut logs = String::new();
    for index in 0..1_000 {
        write!(logs, "(import \"host\" \"log\" (func $log{index} (param i32 i32 i32)))").unwrap();
    }
    vec![
        Case::answering("a branch table of 30,000", &running(&table), "{}"),
        Case::answering("blocks 20,000 deep", &running(&deep), "{}"),
        Case::answering(
            "the same import 1,000 times",
            &running("(call $log999 (i32.const 2) (i32.const 64) (i32.const 1))").importing(&logs),
            "{}",
        ),
        Case::answering(
            "an exported global that can change",
            &Guest::default().with("(global (export \"memory2\") (mut i32) (i32.const 0))"),
            "{}",
        ),
        Case::answering(
            "blocks of several values",
            &running("(drop (drop (block (result i32 i64) (i32.const 1) (i64.const 2))))"),
            "{}",
        ),
        Case::answering(
            "a segment that is dropped twice",
            &running("(data.drop $d) (data.drop $d)").with("(data $d \"abc\")"),
            "{}",
        ),
        Case::answering("a table of no elements", &running("").with("(table 0 0 funcref)"), "{}"),
    ]
}

fn segments() -> Vec<Case> {
    let failing = |name: &str, more: &str, fails: Fails| {
        Case::starting(name, &Guest::default().with(more), fails)
    };
    let trap = |words| Fails::Trap(words, "instantiation");
    vec![
        failing(
            "a data segment beyond the memory",
            "(data (i32.const 65535) \"ab\")",
            trap("out of bounds"),
        ),
        failing(
            "a data segment at the far end",
            "(data (i32.const -1) \"ab\")",
            trap("out of bounds"),
        ),
        failing(
            "an empty data segment beyond the memory",
            "(data (i32.const 65537) \"\")",
            trap("out of bounds"),
        ),
        failing(
            "an element segment beyond the table",
            "(table $t 2 funcref) (elem (table $t) (i32.const 1) func $execute $execute)",
            trap("out of bounds"),
        ),
        failing(
            "an element segment at the far end",
            "(table $t 2 funcref) (elem (table $t) (i32.const -1) func $execute)",
            trap("out of bounds"),
        ),
        failing(
            "a data segment whose place is computed to overflow",
            "(data (offset (i32.add (i32.const -1) (i32.const -1))) \"ab\")",
            trap("out of bounds"),
        ),
    ]
}
