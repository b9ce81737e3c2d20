//! Guests as text: a plugin that works, of which a test replaces one part.

use std::sync::Arc;

use weft_lite::errors::CallError;
use weft_lite::sandbox::{PluginIdentity, Sandbox, SandboxOptions};
use weft_lite::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget};
use weft_lite::{PluginPermissions, PluginResourceConfig};

/// The parts of a guest in WebAssembly's text format.
#[derive(Clone)]
pub(crate) struct Guest {
    pub(crate) imports: String,
    pub(crate) memory: String,
    pub(crate) realloc: String,
    pub(crate) init: String,
    pub(crate) describe: String,
    pub(crate) execute: String,
    /// Further functions, exports and segments.
    pub(crate) more: String,
}

pub(crate) const DESCRIPTION: &str =
    r#"{"name":"test","version":"0.1.0","tools":[{"name":"run"},{"name":"walk"}]}"#;

/// Answers with the parameters; the result area is at 16.
pub(crate) const ECHO: &str = "
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (local.get 2))
    (i32.store (i32.const 24) (local.get 3))
    (i32.const 16)";

impl Default for Guest {
    fn default() -> Self {
        let escaped = DESCRIPTION.replace('"', "\\\"");
        Self {
            imports: String::new(),
            memory: "(memory (export \"memory\") 1)".into(),
            realloc: "
                (local $at i32)
                (local.set $at
                    (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
                    (then (drop (memory.grow (i32.const 16)))))
                (local.get $at)"
                .into(),
            init: "(i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)".into(),
            describe: format!(
                "(i32.store (i32.const 16) (i32.const 64))
                 (i32.store (i32.const 20) (i32.const {}))
                 (i32.const 16)",
                DESCRIPTION.len()
            ),
            execute: ECHO.into(),
            more: format!("(data (i32.const 64) \"{escaped}\")"),
        }
    }
}

impl Guest {
    /// A guest whose tool runs `body`.
    pub(crate) fn running(body: &str) -> Self {
        Self { execute: body.into(), ..Self::default() }
    }

    /// The same with these imports.
    pub(crate) fn importing(mut self, imports: &str) -> Self {
        self.imports = imports.into();
        self
    }

    /// The same with further definitions.
    pub(crate) fn with(mut self, more: &str) -> Self {
        self.more.push_str(more);
        self
    }

    pub(crate) fn text(&self) -> String {
        let Self { imports, memory, realloc, init, describe, execute, more } = self;
        format!(
            "(module {imports} {memory}
                (global $next (mut i32) (i32.const 4096))
                (func $realloc (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32)
                    {realloc})
                (func (export \"plugin#init\") (result i32) {init})
                (func (export \"plugin#describe\") (result i32) {describe})
                (func $execute (export \"plugin#execute-tool\")
                    (param i32 i32 i32 i32) (result i32) {execute})
                {more})"
        )
    }

    pub(crate) fn wasm(&self) -> Vec<u8> {
        wat::parse_str(self.text()).expect("the test's text format is valid")
    }

    #[track_caller]
    pub(crate) fn compile(&self) -> Arc<CompiledModule> {
        CompiledModule::new(&self.wasm()).expect("the guest can be loaded")
    }
}

pub(crate) fn sandbox(options: &SandboxOptions, permissions: &PluginPermissions) -> Arc<Sandbox> {
    let identity = PluginIdentity { id: "test".into(), version: "0.1.0".into() };
    let resources = PluginResourceConfig::default();
    Arc::new(Sandbox::new(identity, None, permissions, &resources, options).0)
}

/// A sandbox that permits nothing but the log.
pub(crate) fn closed_sandbox() -> Arc<Sandbox> {
    sandbox(&SandboxOptions::new("/nowhere"), &PluginPermissions::default())
}

pub(crate) fn start(
    module: &Arc<CompiledModule>,
    resources: &PluginResourceConfig,
) -> Result<Instance, CallError> {
    let memory = MemoryBudget::new(64 << 20);
    let mut budget = CallBudget::new(resources);
    smol::block_on(Instance::start(module, closed_sandbox(), resources, memory, &mut budget))
}

/// Starts a fresh instance and calls its tool once.
pub(crate) fn call_with(
    guest: &Guest,
    params: &str,
    resources: &PluginResourceConfig,
) -> Result<String, CallError> {
    let mut instance = start(&guest.compile(), resources)?;
    let mut budget = CallBudget::new(resources);
    let result = smol::block_on(instance.execute_tool("run", params, &mut budget));
    let good = matches!(result, Ok(_) | Err(CallError::Guest { .. } | CallError::Denied { .. }));
    assert_eq!(
        instance.is_usable(),
        good,
        "an instance is thrown away after a fault, and only then"
    );
    result
}

pub(crate) fn call(guest: &Guest, params: &str) -> Result<String, CallError> {
    call_with(guest, params, &PluginResourceConfig::default())
}

/// The parts of a trap.
#[track_caller]
pub(crate) fn trap<T: std::fmt::Debug>(result: Result<T, CallError>) -> (String, &'static str) {
    match result {
        Err(CallError::Trap { name, during }) => (name, during),
        other => panic!("expected a trap, got {other:?}"),
    }
}
