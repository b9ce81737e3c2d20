//! Imports of the right name and another type, and host calls with arguments that are not so.

use crate::case::{Case, Expected, Fails};
use crate::guest::{ECHO, Guest};

const IMPORTS: &str = "
    (import \"host\" \"log\" (func $log (param i32 i32 i32)))
    (import \"host\" \"read-file\" (func $read (param i32 i32 i32)))
    (import \"host\" \"write-file\" (func $write (param i32 i32 i32 i32 i32)))
    (import \"host\" \"get-env\" (func $env (param i32 i32 i32)))
    (import \"host\" \"http-request\"
        (func $http (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import \"weft:host/http@0.1.0\" \"request\"
        (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import \"weft:host/http@0.1.0\" \"open\"
        (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import \"weft:host/http@0.1.0\" \"read\" (func $next (param i32 i32)))
    (import \"weft:host/http@0.1.0\" \"close\" (func $close (param i32)))";

pub(crate) fn cases() -> Vec<Case> {
    let requests = ["http", "fetch", "open"].into_iter().flat_map(requests);
    [types(), arguments(), lists(), overlaps()].into_iter().flatten().chain(requests).collect()
}

fn types() -> Vec<Case> {
    let import = |name: &str, import: &str, words: &'static str| {
        Case::refused(name, Guest::default().importing(import).wasm(), words)
    };
    vec![
        import(
            "log of 64 bits",
            "(import \"host\" \"log\" (func (param i64 i32 i32)))",
            "with type (i64, i32, i32)",
        ),
        import(
            "log with a result",
            "(import \"host\" \"log\" (func (param i32 i32 i32) (result i32)))",
            "-> (i32)",
        ),
        import(
            "log of references",
            "(import \"host\" \"log\" (func (param externref i32 i32)))",
            "externref",
        ),
        import(
            "http-request of nine",
            "(import \"host\" \"http-request\" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))",
            "imports `http-request`",
        ),
        import(
            "read-file without an area",
            "(import \"host\" \"read-file\" (func (param i32 i32)))",
            "imports `read-file`",
        ),
        import(
            "write-file of 30",
            "(import \"host\" \"write-file\" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))",
            "imports `write-file`",
        ),
        import(
            "get-env as a global",
            "(import \"host\" \"get-env\" (global i32))",
            "with type global",
        ),
        import(
            "get-env as a memory",
            "(import \"host\" \"get-env\" (memory 1))",
            "with type memory",
        ),
        import(
            "get-env as a table",
            "(import \"host\" \"get-env\" (table 1 funcref))",
            "with type table",
        ),
        import(
            "the right type and then another",
            "(import \"host\" \"log\" (func (param i32 i32 i32))) (import \"host\" \"log\" (func))",
            "with type () -> ()",
        ),
        import(
            "a function of the host's that is not there",
            "(import \"host\" \"shell\" (func (param i32 i32 i32)))",
            "imports `shell` from `host`",
        ),
        import(
            "a name of another case",
            "(import \"Host\" \"LOG\" (func (param i32 i32 i32)))",
            "imports `LOG` from `Host`",
        ),
        import(
            "WASI of the second preview",
            "(import \"wasi:filesystem/types@0.2.0\" \"open-at\" (func (param i32)))",
            "imports `open-at`",
        ),
        import(
            "WASI's exit without a status",
            "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func))",
            "with type () -> ()",
        ),
        import(
            "WASI of the first preview's predecessor",
            "(import \"wasi_unstable\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))",
            "from `wasi_unstable`",
        ),
    ]
}

fn calling(body: &str) -> Guest {
    Guest::running(&format!("{body} {ECHO}"))
        .importing(IMPORTS)
        .with("(data (i32.const 600) \"\\ff\\fe\") (data (i32.const 700) \"GET http://x/ \")")
}

/// A call with these numbers.
fn call(function: &str, numbers: &[i64]) -> String {
    let numbers: Vec<_> = numbers.iter().map(|number| format!("(i32.const {number})")).collect();
    format!("(call ${function} {})", numbers.join(" "))
}

fn arguments() -> Vec<Case> {
    let outside = "outside linear memory";
    let trap = |name: &str, function: &str, numbers: &[i64], words| {
        Case::trapping(name, &calling(&call(function, numbers)), words)
    };
    vec![
        trap("log at minus one", "log", &[2, -1, 1], outside),
        trap("log of four gigabytes", "log", &[2, 0, -1], outside),
        trap("log that wraps", "log", &[2, -8, 16], outside),
        trap("log of nothing far outside", "log", &[2, -1, 0], outside),
        trap("log of what is not UTF-8", "log", &[2, 600, 2], "message is not valid UTF-8"),
        trap("read-file of a path outside", "read", &[65_535, 2, 32], outside),
        trap(
            "read-file of a path that is not UTF-8",
            "read",
            &[600, 1, 32],
            "path is not valid UTF-8",
        ),
        trap("read-file with an odd area", "read", &[700, 1, 34], "not aligned to 4"),
        trap("read-file with an area that sticks out", "read", &[700, 1, 65_528], outside),
        trap("read-file with an area at minus four", "read", &[700, 1, -4], outside),
        trap("write-file of a path outside", "write", &[-1, -1, 700, 1, 32], outside),
        trap("write-file of content outside", "write", &[700, 1, 60_000, 60_000, 32], outside),
        trap(
            "write-file of content that is not UTF-8",
            "write",
            &[700, 1, 600, 2, 32],
            "content is not valid UTF-8",
        ),
        trap("write-file with an odd area", "write", &[700, 1, 700, 1, 1], "not aligned to 4"),
        trap("get-env of a name outside", "env", &[65_536, 1, 32], outside),
        trap("get-env with an area outside", "env", &[700, 1, 65_536], outside),
        trap("http.read with an odd area", "next", &[1, 33], "not aligned to 4"),
        trap("http.read with an area that sticks out", "next", &[1, 65_524], outside),
        Case::answering("http.read of no stream", &calling(&call("next", &[-1, 32])), "{}"),
        Case::answering("http.close of no stream", &calling(&call("close", &[-1])), "{}"),
        Case::answering(
            "log at a level that does not exist",
            &calling(&call("log", &[-1, 700, 3])),
            "{}",
        ),
        Case::answering(
            "a name of 60,000 bytes",
            &calling(&call("env", &[1_000, 60_000, 32])),
            "{}",
        ),
    ]
}

/// The same for each function that sends a request: they have the same parameters.
fn requests(function: &str) -> Vec<Case> {
    let outside = "outside linear memory";
    let trap = |name: &str, numbers: &[i64], words| {
        Case::trapping(format!("{function} {name}"), &calling(&call(function, numbers)), words)
    };
    vec![
        trap("of a method outside", &[-1, 1, 700, 1, 0, 0, 0, 0, 0, 32], outside),
        trap("of a URL outside", &[700, 3, 704, -1, 0, 0, 0, 0, 0, 32], outside),
        trap(
            "of a URL that is not UTF-8",
            &[700, 3, 600, 2, 0, 0, 0, 0, 0, 32],
            "url is not valid UTF-8",
        ),
        trap("of a body outside", &[700, 3, 704, 9, 0, 0, 1, 65_536, 1, 32], outside),
        trap("with headers outside", &[700, 3, 704, 9, 65_532, 1, 0, 0, 0, 32], outside),
        trap("with tag 2", &[700, 3, 704, 9, 0, 0, 2, 0, 0, 32], "unknown tag 2"),
        trap(
            "with a tag whose low byte is none",
            &[700, 3, 704, 9, 0, 0, 256, 0, 0, 32],
            "unknown tag 256",
        ),
        trap("with an odd area", &[700, 3, 704, 9, 0, 0, 0, 0, 0, 33], "not aligned"),
        trap("with an area outside", &[700, 3, 704, 9, 0, 0, 0, 0, 0, -16], outside),
        Case::answering(
            format!("{function} without a body whose pointer is wild"),
            &calling(&call(function, &[700, 3, 704, 9, 0, 0, 0, -1, -1, 32])),
            "{}",
        ),
    ]
}

fn lists() -> Vec<Case> {
    let outside = "outside linear memory";
    let headers = |pointer: i64, count: i64| {
        calling(&call("http", &[700, 3, 704, 9, pointer, count, 0, 0, 0, 32]))
    };
    let header = |name: (i64, i64), value: (i64, i64)| {
        let words = [name.0, name.1, value.0, value.1];
        let mut body = String::new();
        for (at, word) in (800..).step_by(4).zip(words) {
            body.push_str(&format!("(i32.store (i32.const {at}) (i32.const {word}))"));
        }
        body.push_str(&call("http", &[700, 3, 704, 9, 800, 1, 0, 0, 0, 32]));
        calling(&body)
    };
    // Each name and value is the whole memory, which is valid UTF-8.
    let all_memory = Guest::running(&format!(
        "(local $at i32) (local.set $at (i32.const 20008))
         (loop $again
            (i32.store (local.get $at) (i32.const 65536))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 36000))))
         {} {ECHO}",
        call("http", &[64, 3, 64, 9, 20_004, 1_000, 0, 0, 0, 32])
    ))
    .importing(IMPORTS);
    let large = Guest { memory: "(memory (export \"memory\") 200)".into(), ..headers(0, 700_000) };
    vec![
        Case::trapping("headers at an odd place", &headers(802, 1), "not aligned"),
        Case::trapping("0x0fffffff headers", &headers(800, 0x0fff_ffff), outside),
        Case::trapping("headers whose size is 0 in 32 bits", &headers(800, 0x1000_0000), outside),
        Case::trapping("minus one headers", &headers(800, -1), outside),
        Case::trapping("no headers, far outside", &headers(-4, 0), outside),
        Case::trapping("headers that stick out", &headers(65_524, 1), outside),
        Case::trapping(
            "700,000 headers that share one text",
            &large,
            "700000 headers, of at most 1000",
        ),
        Case::trapping("a header whose name is outside", &header((-1, 1), (0, 0)), outside),
        Case::trapping("a header whose value wraps", &header((700, 1), (-8, 16)), outside),
        Case::trapping(
            "a header whose value is not UTF-8",
            &header((700, 1), (600, 2)),
            "headers is not valid UTF-8",
        ),
        Case::answering("1,000 empty headers", &headers(20_000, 1_000), "{}"),
        // Each is 64 KB, and all of them are the same bytes.
        Case::calling("1,000 headers of all memory", &all_memory, Fails::Output),
    ]
}

/// Arguments and areas that lie over each other are the guest's own business.
fn overlaps() -> Vec<Case> {
    let denied = "(i32.store8 (i32.const 16) (i32.const 1)) (i32.const 16)";
    let giving_up = |function: &str, numbers: &[i64]| {
        Guest::running(&format!(
            "{} (i32.store (i32.const 20) (i32.load (i32.const 36)))
             (i32.store (i32.const 24) (i32.load (i32.const 40))) {denied}",
            call(function, numbers)
        ))
        .importing(IMPORTS)
        .with("(data (i32.const 700) \"GET http://x/ \")")
    };
    vec![
        Case::answering(
            "an area over its own argument",
            &calling(&call("read", &[700, 12, 700])),
            "{}",
        ),
        Case::answering(
            "an area over the list of headers",
            &calling(&call("http", &[700, 3, 704, 9, 1_000, 4, 0, 0, 0, 1_004])),
            "{}",
        ),
        Case::answering(
            "an area over the host's own arguments",
            &calling(&call("env", &[700, 1, 4096])),
            "\0\0",
        ),
        Case::calling(
            "a file that may not be read",
            &giving_up("read", &[700, 1, 32]),
            Fails::Denied("filesystem access not permitted"),
        ),
        Case::calling(
            "a file that may not be written",
            &giving_up("write", &[700, 1, 0, 65_536, 32]),
            Fails::Denied("filesystem access not permitted"),
        ),
        Case::calling(
            "a host that may not be reached",
            &giving_up("http", &[700, 3, 704, 9, 0, 0, 0, 0, 0, 32]),
            Fails::Denied("network access not permitted"),
        ),
        Case::new(
            "a path of all memory",
            calling(&call("read", &[1_000, 64_000, 32])).wasm(),
            Expected::Answer("{}"),
        ),
    ]
}
