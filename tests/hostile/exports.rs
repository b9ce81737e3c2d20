//! Exports that are missing, of another type, or answer with areas that are not theirs.

use crate::case::{Case, Expected, Fails};
use crate::guest::{ECHO, Guest};

pub(crate) fn cases() -> Vec<Case> {
    [missing(), types(), init(), results(), post_return()].into_iter().flatten().collect()
}

/// A guest without one of its exports, or with it changed.
fn replacing(old: &str, new: &str) -> Vec<u8> {
    let text = Guest::default().text();
    assert!(text.contains(old), "{old}");
    wat::parse_str(text.replacen(old, new, 1)).unwrap()
}

fn missing() -> Vec<Case> {
    let without = |name: &str, export: &str, words: &'static str| {
        Case::refused(name, replacing(&format!("(export \"{export}\")"), ""), words)
    };
    vec![
        without("no init", "plugin#init", "does not export `plugin#init`"),
        without("no describe", "plugin#describe", "does not export `plugin#describe`"),
        without("no execute-tool", "plugin#execute-tool", "does not export `plugin#execute-tool`"),
        without("no realloc", "cabi_realloc", "does not export `cabi_realloc`"),
        without("no memory", "memory", "does not export `memory`"),
    ]
}

fn types() -> Vec<Case> {
    let with = |name: &str, more: &str, words: &'static str| {
        Case::refused(name, Guest::default().with(more).wasm(), words)
    };
    let another = |name: &str, export: &str, item: &str, words: &'static str| {
        let text = Guest::default().text().replacen(&format!("(export \"{export}\")"), "", 1);
        let text = text.strip_suffix(')').unwrap();
        Case::refused(name, wat::parse_str(format!("{text} {item})")).unwrap(), words)
    };
    vec![
        another(
            "a memory that is a global",
            "memory",
            "(global (export \"memory\") i32 (i32.const 0))",
            "exports `memory` with type global",
        ),
        another(
            "a realloc that is a table",
            "cabi_realloc",
            "(table (export \"cabi_realloc\") 1 funcref)",
            "with type table",
        ),
        another(
            "a realloc of two parameters",
            "cabi_realloc",
            "(func (export \"cabi_realloc\") (param i32 i32) (result i32) (i32.const 0))",
            "with type (i32, i32) -> (i32)",
        ),
        another(
            "an execute-tool of 64 bits",
            "plugin#execute-tool",
            "(func (export \"plugin#execute-tool\") (param i64 i64 i64 i64) (result i64) (i64.const 0))",
            "with type (i64, i64, i64, i64) -> (i64)",
        ),
        another(
            "an init of two results",
            "plugin#init",
            "(func (export \"plugin#init\") (result i32 i32) (i32.const 16) (i32.const 16))",
            "with type () -> (i32, i32)",
        ),
        another(
            "a describe that is the memory",
            "plugin#describe",
            "(export \"plugin#describe\" (memory 0))",
            "with type memory",
        ),
        with(
            "an _initialize with parameters",
            "(func (export \"_initialize\") (param i32))",
            "exports `_initialize`",
        ),
        with(
            "a post-return with a result",
            "(func (export \"cabi_post_plugin#init\") (param i32) (result i32) (i32.const 0))",
            "exports `cabi_post_plugin#init`",
        ),
        with(
            "a second realloc of another type",
            "(func (export \"cabi_realloc_wit_bindgen_0_61\") (param f64))",
            "exports `cabi_realloc_wit_bindgen_0_61`",
        ),
        Case::refused(
            "a post-return that is an import handed through",
            Guest::default()
                .importing(
                    "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))",
                )
                .with("(export \"cabi_post_plugin#describe\" (func $exit))")
                .wasm(),
            "an import handed through",
        ),
    ]
}

fn init() -> Vec<Case> {
    let init = |name: &str, body: &str, fails: Fails| {
        Case::starting(name, &Guest { init: body.into(), ..Guest::default() }, fails)
    };
    let trap = |words| Fails::Trap(words, "plugin#init");
    let initialize = |name: &str, body: &str, fails: Fails| {
        let more = format!("(func $initialize (export \"_initialize\") {body})");
        Case::starting(name, &Guest::default().with(&more), fails)
    };
    let refusal =
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 600))
        (i32.store (i32.const 24) (i32.const 9)) (i32.const 16)";
    let refusing = Guest { init: refusal.into(), ..Guest::default() };
    vec![
        init("init traps", "unreachable", trap("unreachable")),
        init("init loops", "(loop (br 0)) (unreachable)", Fails::Fuel),
        Case::starting(
            "init recurses",
            &Guest { init: "(call $deep)".into(), ..Guest::default() }
                .with("(func $deep (result i32) (call $deep))"),
            trap("call stack exhausted"),
        ),
        init(
            "init gives null",
            "(i32.store8 (i32.const 0) (i32.const 9)) (i32.const 0)",
            trap("unknown tag 9"),
        ),
        init("init gives an odd pointer", "(i32.const 17)", trap("not aligned to 4")),
        init("init gives the last byte", "(i32.const -4)", trap("outside linear memory")),
        init(
            "init gives an area that sticks out",
            "(i32.const 65528)",
            trap("outside linear memory"),
        ),
        init(
            "init refuses with an empty error far outside",
            "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const -1)) (i32.store (i32.const 24) (i32.const 0)) (i32.const 16)",
            trap("outside linear memory"),
        ),
        init(
            "init refuses with four gigabytes",
            "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 0)) (i32.store (i32.const 24) (i32.const -1)) (i32.const 16)",
            trap("outside linear memory"),
        ),
        init(
            "init takes all memory",
            "(loop (drop (memory.grow (i32.const 16))) (br 0)) (unreachable)",
            Fails::Memory,
        ),
        Case::starting(
            "init refuses with escape sequences",
            &refusing.clone().with("(data (i32.const 600) \"\\1b[2J\\0d\\0aFAKE\")"),
            Fails::Guest("init: \u{1b}[2J"),
        ),
        Case::starting(
            "init refuses with what is not UTF-8",
            &refusing.with("(data (i32.const 600) \"\\ff\\fe\\fd\")"),
            trap("not valid UTF-8"),
        ),
        initialize("_initialize traps", "unreachable", Fails::Trap("unreachable", "_initialize")),
        initialize("_initialize loops", "(loop (br 0))", Fails::Fuel),
        initialize(
            "_initialize calls itself",
            "(call $initialize)",
            Fails::Trap("call stack exhausted", "_initialize"),
        ),
        initialize(
            "_initialize takes all memory",
            "(drop (memory.grow (i32.const 65535)))",
            Fails::Memory,
        ),
    ]
}

fn results() -> Vec<Case> {
    let trap = |name: &str, body: &str, words| Case::trapping(name, &Guest::running(body), words);
    let area = |tag: u8, pointer: i64, length: i64| {
        format!(
            "(i32.store8 (i32.const 16) (i32.const {tag}))
             (i32.store (i32.const 20) (i32.const {pointer}))
             (i32.store (i32.const 24) (i32.const {length})) (i32.const 16)"
        )
    };
    let text = |bytes: &str, length: i64| {
        Guest::running(&area(0, 600, length)).with(&format!("(data (i32.const 600) \"{bytes}\")"))
    };
    let wide = Guest {
        memory: "(memory (export \"memory\") 100)".into(),
        ..Guest::running(&area(0, 1, (4 << 20) + 1))
    };
    let sorry =
        Guest::running(&area(1, 600, 12)).with("(data (i32.const 600) \"\\1b]0;owned\\07\\0d!\")");
    vec![
        trap("a result area at an odd place", "(i32.const 18)", "not aligned"),
        trap("a result area beyond the memory", "(i32.const 65536)", "outside linear memory"),
        trap("a result area that sticks out", "(i32.const 65532)", "outside linear memory"),
        trap("a result area at minus one", "(i32.const -1)", "not aligned"),
        trap("a result area that wraps", "(i32.const -8)", "outside linear memory"),
        trap("tag 2", &area(2, 0, 0), "unknown tag 2"),
        trap("tag 255", &area(255, 0, 0), "unknown tag 255"),
        trap("a text that begins outside", &area(0, 65_536, 1), "outside linear memory"),
        trap("a text that ends outside", &area(0, 65_535, 2), "outside linear memory"),
        trap("a text that wraps", &area(0, -1, 2), "outside linear memory"),
        trap("an empty text outside", &area(0, -1, 0), "outside linear memory"),
        trap("an error text that wraps", &area(1, -16, 32), "outside linear memory"),
        Case::calling("a text of four gigabytes", &Guest::running(&area(0, 0, -1)), Fails::Output),
        Case::calling("a text of one byte too many", &wide, Fails::Output),
        Case::trapping("a text cut within a character", &text("\\e2\\82", 2), "not valid UTF-8"),
        Case::trapping("half of a surrogate pair", &text("\\ed\\a0\\80", 3), "not valid UTF-8"),
        Case::trapping("an overlong slash", &text("\\c0\\af", 2), "not valid UTF-8"),
        Case::trapping(
            "a character beyond Unicode",
            &text("\\f4\\90\\80\\80", 4),
            "not valid UTF-8",
        ),
        Case::calling("an error that drives a terminal", &sorry, Fails::Guest("\u{1b}]0;owned")),
        // 12 bytes at 16: the tag 0, whatever lies beside it, pointer 16 and length 12.
        Case::answering(
            "a text that is its own result area",
            &Guest::running(&format!("(drop {}) (i32.const 16)", area(0, 16, 12))),
            "\0\0\0\0\u{10}\0\0\0\u{c}\0\0\0",
        ),
        Case::new("deep JSON as a result", deep_json().wasm(), Expected::Answer(DEEP)),
    ]
}

/// What the host hands on without reading it.
const DEEP: &str = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";

fn deep_json() -> Guest {
    let length = DEEP.len();
    Guest::running(&format!(
        "(memory.fill (i32.const 600) (i32.const 91) (i32.const {length}))
         (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 600))
         (i32.store (i32.const 24) (i32.const {length})) (i32.const 16)"
    ))
}

fn post_return() -> Vec<Case> {
    let after = |export: &str, body: &str| {
        let post =
            format!("(func $post (export \"cabi_post_plugin#{export}\") (param i32) {body})");
        Guest::running(ECHO).with(&post)
    };
    let trap = |words| Fails::Trap(words, "post-return");
    let exit = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))";
    vec![
        Case::calling(
            "post-return traps",
            &after("execute-tool", "unreachable"),
            trap("unreachable"),
        ),
        Case::calling("post-return loops", &after("execute-tool", "(loop (br 0))"), Fails::Fuel),
        Case::calling(
            "post-return calls itself",
            &after("execute-tool", "(call $post (i32.const 0))"),
            trap("call stack exhausted"),
        ),
        Case::calling(
            "post-return takes all memory",
            &after("execute-tool", "(drop (memory.grow (i32.const 4096)))"),
            Fails::Memory,
        ),
        Case::calling(
            "post-return exits",
            &after("execute-tool", "(call $exit (i32.const 0))").importing(exit),
            trap("host call not allowed here"),
        ),
        Case::starting(
            "post-return of init traps",
            &after("init", "unreachable"),
            trap("unreachable"),
        ),
        Case::starting(
            "post-return of describe loops",
            &after("describe", "(loop (br 0))"),
            Fails::Fuel,
        ),
        Case::starting(
            "post-return of describe exits",
            &after("describe", "(call $exit (i32.const 7))").importing(exit),
            trap("host call not allowed here"),
        ),
    ]
}
