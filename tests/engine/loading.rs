//! Which modules load, and what is said of those that don't.

use weft_lite::errors::{ActionableError, ModuleFault};
use weft_lite::wasm::{CompiledModule, ModuleFormat, ModuleSummary};

use crate::guest::{Guest, call};

#[track_caller]
fn faults(text: &str) -> Vec<ModuleFault> {
    let wasm = wat::parse_str(text).unwrap();
    let refused = CompiledModule::new(&wasm).expect_err("the module is refused");
    let found = ModuleSummary::read(&wasm).faults;
    assert!(found.is_empty() || found == refused.faults, "inspecting says the same: {found:?}");
    refused.faults
}

#[track_caller]
fn fault(guest: &Guest) -> ModuleFault {
    let faults = faults(&guest.text());
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.into_iter().next().unwrap()
}

#[test]
fn a_plain_guest_echoes() {
    assert_eq!(call(&Guest::default(), r#"{"a":1}"#), Ok(r#"{"a":1}"#.into()));
    assert_eq!(call(&Guest::default(), ""), Ok(String::new()));
}

#[test]
fn an_unknown_import_is_named() {
    let guest = Guest::default().importing("(import \"mine\" \"fopen\" (func (param i32)))");
    let named = ModuleFault::UnknownImport { module: "mine".into(), name: "fopen".into() };
    assert_eq!(fault(&guest), named);
    assert!(fault(&guest).to_string().contains("`fopen` from `mine`"));
}

#[test]
fn a_mistyped_import_names_both_types() {
    let guest = Guest::default().importing("(import \"host\" \"log\" (func (param i64 i32 i32)))");
    let text = fault(&guest).to_string();
    assert!(text.contains("(i64, i32, i32)") && text.contains("(i32, i32, i32)"), "{text}");
}

#[test]
fn an_imported_memory_is_refused() {
    let guest = Guest::default().importing("(import \"host\" \"log\" (global i32))");
    assert!(matches!(fault(&guest), ModuleFault::ImportType { found, .. } if found == "global"));
}

#[test]
fn a_start_section_is_refused_with_the_remedy() {
    let guest = Guest::default().with("(func $s) (start $s)");
    assert_eq!(fault(&guest), ModuleFault::StartSection);
    assert!(ModuleFault::StartSection.next_step().contains("--exportStart _initialize"));
}

#[test]
fn table_grow_is_refused_and_its_function_named() {
    let guest = Guest::default()
        .with("(table $t 1 funcref) (func (drop (table.grow $t (ref.null func) (i32.const 1))))");
    assert_eq!(fault(&guest), ModuleFault::TableGrow { function: 4 });
}

#[test]
fn all_missing_exports_are_named_at_once() {
    let names: Vec<_> = faults("(module)").iter().map(ToString::to_string).collect();
    let expected =
        ["plugin#init", "plugin#execute-tool", "plugin#describe", "memory", "cabi_realloc"];
    assert_eq!(names, expected.map(|name| format!("does not export `{name}`")));
}

#[test]
fn a_mistyped_export_names_both_types() {
    let text = Guest::default().text().replace(
        "(func (export \"plugin#init\") (result i32)",
        "(func (export \"plugin#init\") (result i64) (drop (call $init)) (i64.const 0)) (func $init (result i32)",
    );
    let found = faults(&text);
    assert!(
        matches!(&found[..], [ModuleFault::ExportType { name, .. }] if name == "plugin#init"),
        "{found:?}"
    );
}

#[test]
fn a_reexported_import_is_refused() {
    let guest = Guest::default().importing(
        "(import \"wasi_snapshot_preview1\" \"fd_write\"
                (func $write (param i32 i32 i32 i32) (result i32)))
             (export \"cabi_realloc_2\" (func $write))",
    );
    assert_eq!(fault(&guest), ModuleFault::ImportedExport { name: "cabi_realloc_2".into() });
}

#[test]
fn features_beyond_the_default_ones_are_refused() {
    for more in [
        "(func (result v128) (v128.const i64x2 0 0))",
        "(memory 1)",
        "(func $f (return_call $f))",
        "(tag (param i32))",
    ] {
        let refused = fault(&Guest::default().with(more));
        let at_load =
            matches!(refused, ModuleFault::Malformed { .. } | ModuleFault::Refused { .. });
        assert!(at_load, "{more}: {refused:?}");
    }
}

#[test]
fn a_long_constant_expression_cannot_exhaust_the_stack() {
    let long = "i32.const 1 i32.add ".repeat(90_000);
    let long = Guest::default().with(&format!("(global i32 i32.const 1 {long})"));
    let wasm = long.wasm();
    assert!(wasm.len() < weft_lite::limits::MODULE_BYTES);
    // Where it is taken, the program ends here.
    let refused = CompiledModule::new(&wasm).unwrap_err().faults;
    let what = "bytes in one constant expression";
    let [ModuleFault::TooMany { what: found, limit: 64, .. }] = refused[..] else {
        panic!("{refused:?}");
    };
    assert_eq!(found, what);
    let places = |long: &str| {
        [
            format!("(global i32 i32.const 1 {long})"),
            format!("(data (offset i32.const 0 {long}) \"x\")"),
            format!("(table 4 funcref) (elem (table 0) (offset i32.const 0 {long}) func)"),
        ]
    };
    for place in places(&"i32.const 0 i32.add ".repeat(21)) {
        let refused = CompiledModule::new(&Guest::default().with(&place).wasm()).unwrap_err();
        assert!(refused.to_string().contains(what), "{place}: {refused}");
    }
    for place in places("i32.const 0 i32.add ") {
        assert!(CompiledModule::new(&Guest::default().with(&place).wasm()).is_ok(), "{place}");
    }
}

#[test]
fn input_that_is_not_wasm_is_reported() {
    for bytes in [&b""[..], b"\0asm", b"#!/bin/sh\n", b"\0asm\x02\0\0\0"] {
        assert_eq!(CompiledModule::new(bytes).unwrap_err().faults, [ModuleFault::NotWasm]);
    }
    let cut = &Guest::default().wasm()[..60];
    let refused = CompiledModule::new(cut).unwrap_err().faults;
    assert!(matches!(&refused[..], [ModuleFault::Malformed { .. }]), "{refused:?}");
}

#[test]
fn an_oversized_module_is_refused_unread() {
    let large = vec![0; 300 * 1024 + 1];
    let refused = CompiledModule::new(&large).unwrap_err().faults;
    assert_eq!(refused, [ModuleFault::TooLarge { bytes: 307_201, limit: 307_200 }]);
    let wasm = Guest::default().wasm();
    let counted = ModuleSummary::read(&wasm).bytes;
    assert!(CompiledModule::with_limit(&wasm, counted).is_ok());
    assert!(CompiledModule::with_limit(&wasm, counted - 1).is_err());
}

#[test]
fn a_component_gives_its_first_core_module() {
    let text = Guest::default().text();
    let core = text.strip_prefix("(module").unwrap();
    let component = wat::parse_str(format!("(component (core module {core})")).unwrap();
    let module = CompiledModule::new(&component).unwrap();
    assert_eq!(module.summary().format, ModuleFormat::Component);
    let empty = wat::parse_str("(component)").unwrap();
    assert_eq!(
        CompiledModule::new(&empty).unwrap_err().faults,
        [ModuleFault::ComponentWithoutModule]
    );
}

#[test]
fn what_only_another_interpreter_takes_is_named() {
    let core = Guest::default().text();
    let inner = core.strip_prefix("(module").unwrap();
    let composed = format!("(component (component (core module {inner}))");
    let refused = CompiledModule::new(&wat::parse_str(composed).unwrap()).unwrap_err().faults;
    let [fault] = &refused[..] else { panic!("{refused:?}") };
    assert!(fault.next_step().contains("composed"), "{}", fault.next_step());
    let fault = fault_of_segments(1_001);
    assert!(fault.to_string().contains("1000 active data segments"), "{fault}");
    assert!(fault.next_step().contains("1,000 data segments"), "{}", fault.next_step());
}

fn fault_of_segments(count: usize) -> ModuleFault {
    fault(&Guest::default().with(&"(data (i32.const 32) \"a\")".repeat(count)))
}

#[test]
fn a_module_of_another_host_is_named() {
    for (module, name, what, next) in [
        ("extism:host/env", "input_length", "a plugin for Extism", "the world `plugin`"),
        ("near:agent/host@0.4.0", "now-millis", "for IronClaw", "the world `plugin`"),
        ("zeroclaw:plugin/logging@0.1.0", "log", "for ZeroClaw", "the world `plugin`"),
        ("wapc", "__guest_request", "for waPC", "the world `plugin`"),
        ("go", "runtime.wasmExit", "a Go program", "write the plugin in Rust"),
        (
            "wasi:http/types@0.2.0",
            "[constructor]fields",
            "tools for Wassette",
            "host::http-request",
        ),
        ("wasi:config/store@0.2.0", "get", "tools for Wassette", "permissions.env_vars"),
        ("wasi:filesystem/types@0.2.3", "filesystem-error-code", "file system", "host::read-file"),
        ("wasi:sockets/tcp@0.2.0", "[method]tcp-socket.listen", "sockets", "host::http-request"),
        ("wasi:cli/stdout@0.3.0", "get-stdout", "a part of WASI", "in version 0.2"),
        ("wasi:io/poll@0.2.", "poll", "a part of WASI", "in version 0.2"),
        ("wasi_unstable", "fd_write", "before its first preview", "wasm32-wasip2"),
        ("__wbindgen_placeholder__", "__wbindgen_throw", "wasm-bindgen", "wasm32-wasip2"),
        ("wbg", "__wbg_now_1", "wasm-bindgen", "wasm32-wasip2"),
        ("env", "abort", "AssemblyScript", "--use abort=index/abort"),
        ("env", "emscripten_resize_heap", "Emscripten", "-nostdlib"),
        ("env", "strlen", "did not find", "link what is missing"),
    ] {
        // Two imports of one host are one fault.
        let import = |name: &str| format!("(import \"{module}\" \"{name}\" (func))");
        let fault = fault(&Guest::default().importing(&(import(name) + &import(name))));
        let text = fault.to_string();
        assert!(text.contains(&format!("`{name}` from `{module}`")), "{text}");
        assert!(text.contains(what), "{text}");
        assert!(fault.next_step().contains(next), "{module}: {}", fault.next_step());
    }
}

#[test]
fn a_foreign_guest_is_not_asked_for_exports() {
    let text = "(module (import \"extism:host/env\" \"length\" (func (param i64) (result i64))))";
    let found = faults(text);
    assert!(matches!(&found[..], [ModuleFault::OtherWorld { .. }]), "{found:?}");
}

#[test]
fn the_adapter_of_a_component_is_left_out() {
    // The adapter follows the author's module; it is not even looked at.
    let guest = Guest::default()
        .importing("(import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32)))");
    let text = guest.text();
    let core = text.strip_prefix("(module").unwrap();
    let adapter = "(core module (import \"env\" \"memory\" (memory 0)) (func $s) (start $s))";
    let component = format!("(component (core module {core} {adapter})");
    let module = CompiledModule::new(&wat::parse_str(component).unwrap()).unwrap();
    let names: Vec<_> = module.summary().imports.iter().map(|import| &*import.name).collect();
    assert_eq!(names, ["sched_yield"]);
    assert!(crate::guest::start(&module, &weft_lite::PluginResourceConfig::default()).is_ok());
}

#[test]
fn a_versioned_realloc_is_taken() {
    let text = Guest::default().text().replace("\"cabi_realloc\"", "\"cabi_realloc_wit_0_61\"");
    let module = CompiledModule::new(&wat::parse_str(text).unwrap()).unwrap();
    assert!(crate::guest::start(&module, &weft_lite::PluginResourceConfig::default()).is_ok());
}

#[test]
fn initialize_runs_before_init() {
    // `init` fails unless `_initialize` has left its mark.
    let guest = Guest {
        init: "(i32.store8 (i32.const 16) (i32.eqz (global.get $ready)))
               (i32.store (i32.const 20) (i32.const 64)) (i32.store (i32.const 24) (i32.const 1))
               (i32.const 16)"
            .into(),
        ..Guest::default()
    };
    let with = |body: &str| {
        guest.clone().with(&format!(
            "(global $ready (mut i32) (i32.const 0)) (func (export \"_initialize\") {body})"
        ))
    };
    assert!(call(&with("(global.set $ready (i32.const 1))"), "1").is_ok());
    assert!(call(&with(""), "1").is_err());
}

#[test]
fn code_that_is_costly_to_translate_is_refused() {
    let many = "i32 ".repeat(32);
    let wide = format!("(type $wide (func (result {many})))");
    let values = "(i32.const 1)".repeat(32);
    let branches = "(br_if 0 (local.get 0))".repeat(20_000);
    let drops = "drop ".repeat(32);
    let guest = |branches: &str, ty: &str| {
        let body =
            format!("(func (param i32) (block {ty} {values} {branches} {drops} {values}) {drops})");
        Guest::default().with(&format!("{wide} {body}")).wasm()
    };
    // Each of these four bytes would copy 32 values.
    let wasm = guest(&branches, "(type $wide)");
    assert!(wasm.len() < 100_000);
    let refused = CompiledModule::new(&wasm).unwrap_err().faults;
    let [ModuleFault::TooMany { what: "steps of translation", count, limit }] = refused[..] else {
        panic!("{refused:?}");
    };
    assert!(count > 20_000 * 32 && limit == 307_200, "{count} {limit}");
    assert!(CompiledModule::with_limit(&wasm, 2 << 20).is_ok(), "where more was approved");
    // As many that copy nothing are no trouble.
    let narrow = "(block (br_if 0 (local.get 0)))".repeat(20_000);
    let narrow = Guest::default().with(&format!("(func (param i32) {narrow})")).wasm();
    assert!(CompiledModule::new(&narrow).is_ok());
    // Nor may a table have more targets than the module may have bytes.
    let table = format!("(block (br_table {} (i32.const 0)))", "0 ".repeat(50_000));
    let table = Guest::default().with(&format!("(func {})", table.repeat(4)));
    let refused = CompiledModule::with_limit(&table.wasm(), 201_000);
    let refused = refused.unwrap_err().faults;
    assert!(matches!(refused[..], [ModuleFault::TooMany { .. }]), "{refused:?}");
}

#[test]
fn elements_that_fit_no_table_are_refused() {
    let with = |count: usize| {
        let half = "$c ".repeat(count / 2);
        let more = format!("(table 4 funcref) (func $c) (elem func {half}) (elem func {half})");
        CompiledModule::new(&Guest::default().with(&more).wasm())
    };
    assert!(with(100_000).is_ok());
    let [ModuleFault::TooMany { what: "table elements", count, limit }] =
        with(100_002).unwrap_err().faults[..]
    else {
        panic!("they are taken");
    };
    assert_eq!((count, limit), (100_002, 100_000));
}
