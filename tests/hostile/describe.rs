//! What a guest says about itself, where that can't be used.

use crate::case::{Case, Expected, Fails};
use crate::guest::Guest;

/// A guest that describes itself with this text.
fn describing(text: &str) -> Guest {
    let pages = text.len() / 65_536 + 2;
    let escaped: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    Guest {
        memory: format!("(memory (export \"memory\") {pages})"),
        describe: area(8_192, text.len() as i64),
        ..Guest::default()
    }
    .with(&format!("(data (i32.const 8192) \"{escaped}\")"))
}

fn area(pointer: i64, length: i64) -> String {
    format!(
        "(i32.store (i32.const 16) (i32.const {pointer}))
         (i32.store (i32.const 20) (i32.const {length})) (i32.const 16)"
    )
}

fn tools(tools: &str) -> String {
    format!(r#"{{"name":"x","version":"1.0.0","tools":[{tools}]}}"#)
}

pub(crate) fn cases() -> Vec<Case> {
    [texts(), calls()].into_iter().flatten().collect()
}

fn texts() -> Vec<Case> {
    let refused = |name: &str, text: &str, words: &'static str| {
        Case::new(name, describing(text).wasm(), Expected::Description(words))
    };
    let open = format!(r#"{{"tools":[{{"name":"run","input_schema":{}"#, "[".repeat(100_000));
    let objects = "{\"a\":".repeat(50_000);
    let schema = format!(
        r#"{{"name":"run","input_schema":{{"a":{}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let named = |number| format!(r#"{{"name":"t{number}","command":"c{number}"}}"#);
    let many = (0..257).map(named).collect::<Vec<_>>().join(",");
    let amplified =
        format!(r#"{{"name":"run","input_schema":{{"a":[{}]}}}}"#, vec!["0"; 100_000].join(","));
    vec![
        refused("a description of nothing", "", "EOF"),
        refused("a description that is no JSON", "\u{1b}[2J", "expected value"),
        refused("a description that is cut", r#"{"name":"x","tools":[{"name":"ru"#, "EOF"),
        refused(
            "a description and something else",
            &format!("{} true", tools("")),
            "trailing characters",
        ),
        refused("a description that is a list", "[3]", "invalid type"),
        refused("a description that is a number", "1e400", "number out of range"),
        refused("100,000 lists in each other", &open, "recursion limit exceeded"),
        refused("50,000 objects in each other, in a key that nobody reads", &objects, "EOF"),
        refused("a schema 200 deep", &tools(&schema), "recursion limit exceeded"),
        refused("tools that are a number", r#"{"tools":7}"#, "invalid type"),
        refused("a tool without a name", &tools("{}"), "missing field `name`"),
        refused("a tool named nothing", &tools(r#"{"name":""}"#), "is not made of"),
        refused(
            "a tool named with escape sequences",
            &tools(r#"{"name":"\u001b[2J"}"#),
            r#""\u{1b}[2J" is not made of"#,
        ),
        refused("a tool named like a path", &tools(r#"{"name":"../run"}"#), "is not made of"),
        refused("a tool named with look-alikes", &tools(r#"{"name":"гun"}"#), "is not made of"),
        refused("a tool named with half a character", &tools(r#"{"name":"\ud800"}"#), "hex escape"),
        refused(
            "a tool named too long",
            &tools(&format!(r#"{{"name":"{}"}}"#, "x".repeat(100_000))),
            "over 64 characters",
        ),
        refused("a tool too many", &tools(&many), "257 tools, and a plugin has at most 256"),
        refused(
            "a schema that is a text",
            &tools(r#"{"name":"run","input_schema":"\u001b"}"#),
            "`input_schema` of tool `run` is not an object",
        ),
        refused(
            "a result schema that is a list",
            &tools(r#"{"name":"run","output_schema":[]}"#),
            "`output_schema` of tool `run` is not an object",
        ),
        refused(
            "a name twice in one tool",
            &tools(r#"{"name":"run","name":"walk"}"#),
            "duplicate field",
        ),
        Case::new(
            "a schema of 100,000 numbers",
            describing(&tools(&amplified)).wasm(),
            Expected::Answer("{}"),
        ),
    ]
}

fn calls() -> Vec<Case> {
    let starting = |name: &str, describe: &str, fails| {
        Case::starting(name, &Guest { describe: describe.into(), ..Guest::default() }, fails)
    };
    let trap = |words| Fails::Trap(words, "plugin#describe");
    let long = Guest {
        memory: "(memory (export \"memory\") 20)".into(),
        describe: area(8_192, 300_000),
        ..Guest::default()
    };
    let outside = "outside linear memory";
    vec![
        starting("describe traps", "unreachable", trap("unreachable")),
        starting("describe loops", "(loop (br 0)) (unreachable)", Fails::Fuel),
        starting("describe takes all memory", "(memory.grow (i32.const 4000))", Fails::Memory),
        starting("describe gives an odd pointer", "(i32.const 19)", trap("not aligned")),
        starting("describe gives an area that sticks out", "(i32.const 65532)", trap(outside)),
        starting("describe gives a text outside", &area(65_530, 8), trap(outside)),
        starting("describe gives a text that wraps", &area(-1, 2), trap(outside)),
        Case::starting(
            "describe gives 300 KB, many times that once it is read",
            &long,
            Fails::Output,
        ),
        starting("describe gives 64 MB", &area(0, 64 << 20), Fails::Output),
        starting("describe gives four gigabytes", &area(0, -1), Fails::Output),
        starting(
            "describe gives what is not UTF-8",
            &format!("(i32.store (i32.const 600) (i32.const -1)) {}", area(600, 4)),
            trap("not valid UTF-8"),
        ),
    ]
}
