//! Code that goes wrong while it runs: every kind of trap there is.

use crate::case::Case;
use crate::guest::Guest;

pub(crate) fn cases() -> Vec<Case> {
    let huge = format!("(func $huge (local {}) (call $huge))", "i64 ".repeat(4_000));
    let trap = |name: &str, body: &str, words: &'static str| {
        let guest = Guest::running(&format!("{body} (i32.const 16)")).with(
            "(table $t 4 funcref) (elem $e (i32.const 1) $execute) (elem $p func $execute)
             (data $d \"abc\") (func $deep (call $deep))
             (func $wide (param i64 i64 i64 i64 i64 i64 i64 i64) (local i64 i64 i64 i64 i64 i64)
                (call $wide (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)
                    (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)))",
        );
        let guest = guest.with(&huge);
        Case::trapping(name, &guest, words)
    };
    let memory = "out of bounds memory access";
    let table = "out of bounds table access";
    vec![
        trap("unreachable", "unreachable", "unreachable"),
        trap(
            "a division by zero",
            "(drop (i64.rem_u (i64.const 1) (i64.const 0)))",
            "integer divide by zero",
        ),
        trap(
            "a division that overflows",
            "(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))",
            "integer overflow",
        ),
        trap("an infinity as an integer", "(drop (i64.trunc_f64_u (f64.const inf)))", "overflow"),
        trap(
            "not a number as an integer",
            "(drop (i32.trunc_f32_s (f32.const nan:0x200000)))",
            "invalid conversion to integer",
        ),
        trap(
            "a load whose offset wraps",
            "(drop (i64.load offset=0xffffffff (i32.const -1)))",
            memory,
        ),
        trap("a load that sticks out", "(drop (i64.load (i32.const 65529)))", memory),
        trap("a store before the beginning", "(i32.store (i32.const -4) (i32.const 0))", memory),
        trap(
            "a fill that wraps",
            "(memory.fill (i32.const 1) (i32.const 0) (i32.const -1))",
            memory,
        ),
        trap(
            "a copy from outside",
            "(memory.copy (i32.const 0) (i32.const 65530) (i32.const 10))",
            memory,
        ),
        trap(
            "a copy to outside",
            "(memory.copy (i32.const -10) (i32.const 0) (i32.const 10))",
            memory,
        ),
        trap(
            "a segment read beyond its end",
            "(memory.init $d (i32.const 0) (i32.const 2) (i32.const 2))",
            memory,
        ),
        trap(
            "a dropped segment",
            "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))",
            memory,
        ),
        trap(
            "an active segment after start",
            "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))",
            table,
        ),
        trap(
            "elements beyond the table",
            "(table.init $t $p (i32.const 4) (i32.const 0) (i32.const 1))",
            table,
        ),
        trap(
            "dropped elements",
            "(elem.drop $p) (table.init $t $p (i32.const 0) (i32.const 0) (i32.const 1))",
            table,
        ),
        trap(
            "a table copied to outside",
            "(table.copy $t $t (i32.const 3) (i32.const 0) (i32.const 2))",
            table,
        ),
        trap(
            "a table filled to outside",
            "(table.fill $t (i32.const 2) (ref.null func) (i32.const 3))",
            table,
        ),
        trap("a table read outside", "(drop (table.get $t (i32.const -1)))", table),
        trap("a call through nothing", "(call_indirect $t (i32.const 0))", "uninitialized element"),
        trap(
            "a call through another type",
            "(call_indirect $t (i32.const 1))",
            "indirect call type mismatch",
        ),
        trap("a call through an index outside", "(call_indirect $t (i32.const 0x7fffffff))", table),
        trap("recursion without end", "(call $deep)", "call stack exhausted"),
        trap(
            "recursion with wide frames",
            "(call $wide (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8))",
            "call stack exhausted",
        ),
        trap(
            "recursion into the export itself",
            "(drop (call $execute (local.get 0) (local.get 1) (local.get 2) (local.get 3)))",
            "call stack exhausted",
        ),
        trap("recursion with 4,000 locals", "(call $huge)", "call stack exhausted"),
    ]
}
