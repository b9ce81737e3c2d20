//! Entry points that take any bytes: what must hold for them holds for every guest, manifest and
//! path. The fuzz targets drive them without end, `tests/hostile` for a moment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use tempfile::TempDir;
use weft_lite::errors::{ActionableError, CallError};
use weft_lite::sandbox::{HostCall, HostReply, PluginIdentity, Sandbox, SandboxOptions};
use weft_lite::wasm::{
    CallBudget, CompiledModule, GuestCall, GuestValue, Instance, MemoryBudget, ModuleSummary,
};
use weft_lite::{
    Audio, PluginDescription, PluginManifest, PluginPermissions, PluginResourceConfig, limits,
};

/// Memory that one guest may hold here.
const BUDGET_BYTES: usize = 1 << 20;

fn resources() -> PluginResourceConfig {
    PluginResourceConfig {
        max_fuel: limits::FUEL.minimum,
        max_memory_mb: 1,
        max_table_elements: 1_000,
        max_execution_seconds: 1,
        max_host_calls: 200,
        ..PluginResourceConfig::default()
    }
}

fn sandbox(workspace: &Path, permissions: &PluginPermissions) -> Arc<Sandbox> {
    let identity = PluginIdentity { id: "fuzzed".into(), version: "0.1.0".into() };
    let environment = BTreeMap::from([("A".to_owned(), "value".to_owned())]);
    let options = SandboxOptions {
        environment: Arc::new(environment),
        weft_home: Some(workspace.join("own")),
        ..SandboxOptions::new(workspace)
    };
    Arc::new(Sandbox::new(identity, None, permissions, &resources(), &options).0)
}

/// Starts a module, has it describe itself and calls a tool; whatever it does, it stays within its
/// limits and gives everything back.
fn run(module: &Arc<CompiledModule>) {
    let permissions = PluginPermissions { env_vars: vec!["A".into()], ..Default::default() };
    let sandbox = sandbox(Path::new("/nowhere"), &permissions);
    let memory = MemoryBudget::new(BUDGET_BYTES);
    let budget = || CallBudget::new(&resources());
    smol::block_on(async {
        let shared = Arc::clone(&memory);
        let started = Instance::start(module, sandbox, &resources(), shared, &mut budget()).await;
        let Ok(mut instance) = started else { return };
        if let Ok(text) = instance.describe(&mut budget()).await {
            let _ = PluginDescription::parse(&text, "fuzzed");
        }
        if instance.is_usable() {
            let result = instance.execute_tool("run", "{\"a\":[1]}", &mut budget()).await;
            match result {
                Ok(text) => assert!(text.len() <= limits::RESULT_BYTES),
                Err(CallError::Panicked { message }) => panic!("{message}"),
                Err(_) => {}
            }
        }
        assert!(memory.held() <= BUDGET_BYTES && memory.held() == instance.memory_bytes());
    });
    assert_eq!(memory.held(), 0);
}

/// Calls every function of the kinds that a module is of, each on an instance of its own.
fn run_kinds(module: &Arc<CompiledModule>) {
    let sandbox = sandbox(Path::new("/nowhere"), &PluginPermissions::default());
    let memory = MemoryBudget::new(BUDGET_BYTES);
    let resources = resources();
    for call in calls().iter().filter(|call| module.summary().exports(call.export())) {
        let budget = &mut CallBudget::new(&resources);
        let (sandbox, shared) = (Arc::clone(&sandbox), Arc::clone(&memory));
        let answer = smol::block_on(async {
            let started = Instance::start(module, sandbox, &resources, shared, budget).await;
            started?.run(call, budget).await
        });
        let bytes = match answer {
            Ok(GuestValue::Text(text)) => text.len(),
            Ok(GuestValue::Hits(hits)) => {
                hits.iter().map(|hit| hit.key.len() + hit.value.len()).sum()
            }
            Ok(GuestValue::Pairs(pairs)) => {
                pairs.iter().map(|pair| pair.0.len() + pair.1.len()).sum()
            }
            Ok(GuestValue::Inbound(messages)) => {
                messages.iter().map(|message| message.payload_json.len() + message.chat.len()).sum()
            }
            Ok(GuestValue::Audio(audio)) => audio.bytes.len() + audio.mime.len(),
            Err(CallError::Panicked { message }) => panic!("{message}"),
            _ => 0,
        };
        assert!(bytes <= limits::RESULT_BYTES);
        assert_eq!(memory.held(), 0);
    }
}

/// One call of each function of the kinds beside tools.
fn calls() -> [GuestCall; 13] {
    let text = || "text".to_owned();
    [
        GuestCall::Poll,
        GuestCall::Send { target: text(), payload_json: text() },
        GuestCall::Acknowledge { message_id: text() },
        GuestCall::StageType,
        GuestCall::Process { state_json: text() },
        GuestCall::Instructions,
        GuestCall::Variables,
        GuestCall::Store {
            key: text(),
            value: text(),
            namespace: Some(text()),
            ttl: None,
            tags: vec![text(), text()],
        },
        GuestCall::Retrieve { key: text(), namespace: None },
        GuestCall::Search { query: text(), namespace: Some(text()), limit: 3 },
        GuestCall::Delete { key: text(), namespace: None },
        GuestCall::ProcessAudio(Audio { bytes: vec![0; 9], mime: text() }),
        GuestCall::Synthesize { text: text() },
    ]
}

/// Any bytes as a module: inspected, compiled if they may be, and run.
pub(crate) fn module(data: &[u8]) {
    let summary = ModuleSummary::read(data);
    for fault in &summary.faults {
        assert!(!fault.to_string().chars().any(char::is_control), "{fault:?}");
        assert!(!fault.next_step().is_empty());
    }
    match CompiledModule::new(data) {
        Ok(module) => {
            assert_eq!(summary.faults, [], "what is inspected as faulty is not compiled");
            run(&module);
            run_kinds(&module);
        }
        Err(error) => assert!(!error.faults.is_empty()),
    }
}

/// Any text as a manifest, in both languages. What is taken can be written and read again.
pub(crate) fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for parsed in [PluginManifest::from_json(text), PluginManifest::from_yaml(text)] {
        match parsed {
            Ok(parsed) => {
                let written = serde_json::to_string(&parsed.manifest).expect("it is plain data");
                let read = PluginManifest::from_json(&written).expect("its JSON is a manifest");
                assert_eq!(read.manifest, parsed.manifest);
            }
            Err(error) => assert!(!error.faults.is_empty() && !error.to_string().is_empty()),
        }
    }
}

/// Where the script of [`SCRIPTED`] lies in its module: a data segment of this one byte.
const SCRIPT: [u8; 4_096] = [0xa5; 4_096];

/// A guest that does what its memory says: which host function it calls, with which pointers and
/// lengths, where its results are, and when its allocator lies.
const SCRIPTED: &str = r#"(module
    (import "host" "log" (func $log (param i32 i32 i32)))
    (import "host" "read-file" (func $read (param i32 i32 i32)))
    (import "host" "write-file" (func $write (param i32 i32 i32 i32 i32)))
    (import "host" "get-env" (func $env (param i32 i32 i32)))
    (import "host" "http-request"
        (func $http (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $print (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $clock (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1 12)
    (global $at (mut i32) (i32.const 0))
    (global $next (mut i32) (i32.const 8192))
    ;; The next word of the script, and the same as a number that is mostly within memory.
    (func $word (result i32)
        (i32.load (i32.and (global.get $at) (i32.const 4092)))
        (global.set $at (i32.add (global.get $at) (i32.const 4))))
    (func $near (result i32) (local $word i32)
        (local.set $word (call $word))
        (if (result i32) (i32.lt_s (local.get $word) (i32.const 0))
            (then (local.get $word))
            (else (i32.and (local.get $word) (i32.const 0x1fff)))))
    (func $step
        (block $grow (block $store (block $clock (block $random (block $print (block $http
        (block $env (block $write (block $read (block $log
            (br_table $log $read $write $env $http $print $random $clock $store $grow
                (i32.rem_u (call $word) (i32.const 10))))
        (call $log (call $word) (call $near) (call $near)) (return))
        (call $read (call $near) (call $near) (call $near)) (return))
        (call $write (call $near) (call $near) (call $near) (call $near) (call $near)) (return))
        (call $env (call $near) (call $near) (call $near)) (return))
        (call $http (call $near) (call $near) (call $near) (call $near) (call $near)
            (call $near) (i32.and (call $word) (i32.const 1)) (call $near) (call $near)
            (call $near)) (return))
        (drop (call $print (i32.and (call $word) (i32.const 3)) (call $near) (call $near)
            (call $near))) (return))
        (drop (call $random (call $near) (call $near))) (return))
        (drop (call $clock (call $word) (i64.const 1) (call $near))) (return))
        (i32.store (i32.and (call $near) (i32.const 0xfffc)) (call $near)) (return))
        (drop (memory.grow (i32.and (call $word) (i32.const 7)))))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (if (i32.eqz (i32.and (call $word) (i32.const 7))) (then (return (call $near))))
        (if (i32.eqz (i32.and (call $word) (i32.const 15))) (then (call $step)))
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (local.get 3))))
    (func (export "channel#poll") (export "stage#stage-type") (export "skill#instructions")
        (export "skill#variables") (result i32) (call $near))
    (func (export "receipts#acknowledge") (export "stage#process") (export "voice#synthesize")
        (param i32 i32) (result i32) (call $near))
    (func (export "channel#send") (export "voice#process-audio")
        (param i32 i32 i32 i32) (result i32) (call $near))
    (func (export "memory#retrieve") (export "memory#delete")
        (param i32 i32 i32 i32 i32) (result i32) (call $near))
    (func (export "memory#search") (param i32 i32 i32 i32 i32 i32) (result i32) (call $near))
    (func (export "memory#store")
        (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32) (result i32) (call $near))
    (func (export "cabi_post_channel#poll") (export "cabi_post_memory#search") (param i32)
        (if (i32.eqz (i32.and (call $word) (i32.const 15))) (then (call $step))))
    (func (export "plugin#init") (result i32) (i32.const 8188))
    (func (export "plugin#describe") (result i32) (call $near))
    (func (export "cabi_post_plugin#execute-tool") (param i32)
        (if (i32.eqz (i32.and (call $word) (i32.const 15))) (then (call $step))))
    (func (export "plugin#execute-tool") (param i32 i32 i32 i32) (result i32)
        (local $steps i32) (local.set $steps (i32.and (call $word) (i32.const 15)))
        (loop $again
            (if (local.get $steps)
                (then
                    (call $step)
                    (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))
                    (br $again))))
        (call $near)))"#;

/// Any bytes as a guest's memory, with all the pointers and lengths that it hands to the host.
pub(crate) fn abi(data: &[u8]) {
    static TEMPLATE: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
        let script = "\\a5".repeat(SCRIPT.len());
        let text = SCRIPTED.strip_suffix(')').expect("it ends with a bracket");
        let text = format!("{text} (data (i32.const 0) \"{script}\"))");
        let module = wat::parse_str(text).expect("the text is valid");
        let at = module.windows(SCRIPT.len()).position(|window| window == SCRIPT);
        (module, at.expect("the script is in the module"))
    });
    let (template, at) = &*TEMPLATE;
    let mut module = template.clone();
    for (byte, from) in
        module.iter_mut().skip(*at).zip((0..SCRIPT.len()).map(|index| data.get(index)))
    {
        *byte = from.copied().unwrap_or_default();
    }
    let module = CompiledModule::new(&module).expect("the guest can be loaded");
    run(&module);
    run_kinds(&module);
}

/// A folder that may be reached, beside one that may not, with links between them, and the runtime's
/// own folder inside. What may be read begins with `inside`, and the rest does not.
struct Workspace {
    folder: TempDir,
    sandbox: Arc<Sandbox>,
}

const SECRET: &str = "outside";

impl Workspace {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = |name: &str| folder.path().join(name);
        let made = || -> std::io::Result<()> {
            fs::create_dir_all(path("inside/deep"))?;
            fs::create_dir(path("outside"))?;
            fs::create_dir(path("inside/own"))?;
            fs::write(path("inside/own/secret"), SECRET)?;
            fs::write(path("inside/a"), "inside a")?;
            fs::write(path("inside/deep/b"), "inside b")?;
            fs::write(path("outside/secret"), SECRET)?;
            use std::os::unix::fs::symlink;
            symlink("../outside", path("inside/out"))?;
            symlink("../outside/secret", path("inside/leak"))?;
            symlink("..", path("inside/up"))?;
            symlink("own", path("inside/way"))?;
            symlink("own/secret", path("inside/file"))?;
            symlink("/", path("inside/root"))?;
            symlink("deep", path("inside/down"))?;
            symlink("loop", path("inside/loop"))
        };
        made().expect("the temporary folder can be filled");
        let permissions =
            PluginPermissions { filesystem: vec!["$WORKSPACE".into()], ..Default::default() };
        let sandbox = sandbox(&path("inside"), &permissions);
        Self { folder, sandbox }
    }

    fn reply(&self, call: HostCall) -> HostReply {
        smol::block_on(self.sandbox.serve(call, 0)).reply
    }

    /// Whether nothing that is closed was touched.
    fn is_sealed(&self) -> bool {
        let path = |name: &str| self.folder.path().join(name);
        let names = |folder: &Path| fs::read_dir(folder).map(Iterator::count).unwrap_or_default();
        let is_whole = |folder: &str| {
            let secret = fs::read_to_string(path(folder).join("secret"));
            secret.is_ok_and(|text| text == SECRET) && names(&path(folder)) == 1
        };
        is_whole("outside") && is_whole("inside/own") && names(self.folder.path()) == 2
    }
}

/// Any text as paths, one a line: no file outside is read, written or made.
pub(crate) fn paths(data: &[u8]) {
    static WORKSPACE: LazyLock<Workspace> = LazyLock::new(Workspace::new);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let folder = WORKSPACE.folder.path().to_string_lossy();
    for path in text.split('\n').take(8) {
        // The temporary folder has another name in each run; a corpus needs one that stays.
        let path = path.replace("@", &folder);
        if let HostReply::Text(Ok(text)) =
            WORKSPACE.reply(HostCall::ReadFile { path: path.clone() })
        {
            assert!(text.starts_with("inside"), "{path:?}");
        }
        // Few writes, or the folder would fill up.
        if path.len() < 40 && path.bytes().filter(|byte| *byte == b'/').count() < 4 {
            let content = "inside w".to_owned();
            WORKSPACE.reply(HostCall::WriteFile { path: path.clone(), content });
            assert!(WORKSPACE.is_sealed(), "{path:?}");
        }
    }
}
