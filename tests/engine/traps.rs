//! Guests that fail: each ends in its own typed error, and the instance is thrown away.

use weft_lite::errors::CallError;

use crate::guest::{Guest, call, trap};

#[test]
fn a_trap_is_named_as_in_the_specification() {
    for (body, name) in [
        ("(unreachable)", "unreachable"),
        ("(i32.div_s (i32.const 1) (i32.const 0))", "integer divide by zero"),
        ("(i32.div_s (i32.const 0x80000000) (i32.const -1))", "integer overflow"),
        ("(i32.trunc_f32_s (f32.const nan))", "invalid conversion to integer"),
        ("(i32.load (i32.const -4))", "out of bounds memory access"),
        ("(call_indirect $t (param i32) (i32.const 0) (i32.const 9)) (i32.const 0)", "undefined"),
        (
            "(call_indirect $t (param i32) (i32.const 0) (i32.const 0)) (i32.const 0)",
            "uninitialized element",
        ),
        (
            "(call_indirect $t (param i32) (i32.const 0) (i32.const 1)) (i32.const 0)",
            "indirect call type mismatch",
        ),
    ] {
        let guest = Guest::running(body).with("(table $t 2 funcref) (elem (i32.const 1) $execute)");
        let (found, during) = trap(call(&guest, "{}"));
        assert!(
            found.contains(name) || name == "undefined" && found.contains("out of bounds table"),
            "{body}: {found}"
        );
        assert_eq!(during, "plugin#execute-tool");
    }
}

#[test]
fn deep_recursion_is_a_trap() {
    let guest = Guest::running("(call $deeper) (i32.const 0)")
        .with("(func $deeper (call $deeper) (call $deeper))");
    assert_eq!(trap(call(&guest, "{}")).0, "call stack exhausted");
}

#[test]
fn a_tool_error_keeps_the_instance_usable() {
    let guest = Guest::running(
        "(i32.store8 (i32.const 16) (i32.const 1))
         (i32.store (i32.const 20) (local.get 2)) (i32.store (i32.const 24) (local.get 3))
         (i32.const 16)",
    );
    assert_eq!(call(&guest, "sorry"), Err(CallError::Guest { message: "sorry".into() }));
}

#[test]
fn init_may_refuse() {
    let guest = Guest {
        init: "(i32.store8 (i32.const 16) (i32.const 1))
               (i32.store (i32.const 20) (i32.const 66)) (i32.store (i32.const 24) (i32.const 4))
               (i32.const 16)"
            .into(),
        ..Guest::default()
    };
    assert_eq!(call(&guest, "{}"), Err(CallError::Guest { message: "init: name".into() }));
}

#[test]
fn result_areas_are_claims_that_are_checked() {
    for (body, problem) in [
        ("(i32.const 18)", "not aligned"),
        ("(i32.const -4)", "outside linear memory"),
        ("(i32.const 65532)", "outside linear memory"),
        ("(i32.store8 (i32.const 16) (i32.const 2)) (i32.const 16)", "unknown tag 2"),
        (
            "(i32.store (i32.const 20) (i32.const -1)) (i32.store (i32.const 24) (i32.const 1)) (i32.const 16)",
            "outside linear memory",
        ),
        (
            "(i32.store (i32.const 20) (i32.const 1)) (i32.store (i32.const 24) (i32.const 65536)) (i32.const 16)",
            "outside linear memory",
        ),
        (
            "(i32.store (i32.const 100) (i32.const 0xfffefdfc)) (i32.store (i32.const 20) (i32.const 100)) (i32.store (i32.const 24) (i32.const 4)) (i32.const 16)",
            "not valid UTF-8",
        ),
    ] {
        let (name, during) = trap(call(&Guest::running(body), "{}"));
        assert!(name.contains(problem), "{body}: {name}");
        assert_eq!(during, "plugin#execute-tool");
    }
}

#[test]
fn realloc_may_not_lie() {
    for (body, problem) in [
        ("(i32.const -1)", "outside linear memory"),
        ("(i32.const 65535)", "outside linear memory"),
        ("(unreachable)", "unreachable"),
    ] {
        let guest = Guest { realloc: body.into(), ..Guest::default() };
        let (name, during) = trap(call(&guest, "{}"));
        assert!(name.contains(problem), "{body}: {name}");
        assert_eq!(during, "cabi_realloc");
    }
}

#[test]
fn realloc_and_post_return_cannot_call_the_host() {
    let log = "(import \"host\" \"log\" (func $log (param i32 i32 i32)))";
    let call_log = "(call $log (i32.const 2) (i32.const 64) (i32.const 1))";
    let guest = Guest { realloc: format!("{call_log} (i32.const 4096)"), ..Guest::default() };
    let (name, during) = trap(call(&guest.importing(log), "{}"));
    assert_eq!((name.as_str(), during), ("host call not allowed here", "cabi_realloc"));

    let post = format!("(func (export \"cabi_post_plugin#execute-tool\") (param i32) {call_log})");
    let (name, during) = trap(call(&Guest::default().with(&post).importing(log), "{}"));
    assert_eq!((name.as_str(), during), ("host call not allowed here", "post-return"));
}

#[test]
fn a_trap_in_post_return_fails_the_call() {
    let post = "(func (export \"cabi_post_plugin#execute-tool\") (param i32) unreachable)";
    assert_eq!(
        trap(call(&Guest::default().with(post), "{}")),
        ("unreachable".into(), "post-return")
    );
}

#[test]
fn post_return_gets_the_result_area() {
    // The second call fails unless post-return was given 16 after the first.
    let guest = Guest::running(&format!(
        "(if (global.get $calls) (then (if (i32.ne (global.get $freed) (i32.const 16)) (then unreachable))))
         (global.set $calls (i32.const 1)) {}",
        crate::guest::ECHO
    ))
    .with(
        "(global $calls (mut i32) (i32.const 0)) (global $freed (mut i32) (i32.const 0))
         (func (export \"cabi_post_plugin#execute-tool\") (param i32)
            (global.set $freed (local.get 0)))",
    );
    let resources = weft_lite::PluginResourceConfig::default();
    let mut instance = crate::guest::start(&guest.compile(), &resources).unwrap();
    for _ in 0..2 {
        let mut budget = weft_lite::wasm::CallBudget::new(&resources);
        let result = smol::block_on(instance.execute_tool("run", "1", &mut budget));
        assert_eq!(result, Ok("1".into()));
    }
}

#[test]
fn host_call_arguments_are_checked() {
    let imports = "
        (import \"host\" \"log\" (func $log (param i32 i32 i32)))
        (import \"host\" \"read-file\" (func $read (param i32 i32 i32)))
        (import \"host\" \"http-request\"
            (func $http (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))";
    let http = |headers: &str, count: &str, tag: &str| {
        format!(
            "(call $http (i32.const 64) (i32.const 1) (i32.const 64) (i32.const 1)
                (i32.const {headers}) (i32.const {count}) (i32.const {tag})
                (i32.const 64) (i32.const 1) (i32.const 32))"
        )
    };
    for (body, problem) in [
        ("(call $log (i32.const 0) (i32.const -8) (i32.const 16))".to_owned(), "outside linear memory"),
        ("(call $log (i32.const 0) (i32.const 0) (i32.const -1))".to_owned(), "outside linear memory"),
        ("(i32.store8 (i32.const 0) (i32.const 0xff)) (call $log (i32.const 0) (i32.const 0) (i32.const 1))".to_owned(), "not valid UTF-8"),
        ("(call $read (i32.const 64) (i32.const 1) (i32.const 33))".to_owned(), "not aligned"),
        ("(call $read (i32.const 64) (i32.const 1) (i32.const 65532))".to_owned(), "outside linear memory"),
        (http("66", "1", "0"), "not aligned"),
        (http("64", "0x0fffffff", "0"), "outside linear memory"),
        (http("64", "-1", "0"), "outside linear memory"),
        (http("64", "0", "7"), "unknown tag 7"),
    ] {
        let guest = Guest::running(&format!("{body} (i32.const 16)")).importing(imports);
        let (name, during) = trap(call(&guest, "{}"));
        assert!(name.contains(problem), "{body}: {name}");
        assert_eq!(during, "plugin#execute-tool");
    }
}
