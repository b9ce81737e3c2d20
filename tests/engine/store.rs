//! The door `store`, through guests.

use std::num::NonZeroUsize;
use std::sync::Arc;

use smol::block_on;
use weft_lite::errors::{ActionableError, CallError};
use weft_lite::sandbox::{AuditOutcome, MemoryAudit, PluginIdentity, Sandbox, SandboxOptions};
use weft_lite::store::{KeyValueLimits, MemoryKeyValueStore, MemoryStores};
use weft_lite::wasm::{CallBudget, Instance, MemoryBudget};
use weft_lite::{Capability, KeyValueStore, PluginPermissions, PluginResourceConfig, StoreSource};

use crate::guest::Guest;

/// Gives the error of a door's function with its result area at 128.
const UNLESS_FAILED: &str = "
    (if (i32.load8_u (i32.const 128)) (then
        (i32.store8 (i32.const 16) (i32.const 1))
        (i32.store (i32.const 20) (i32.load (i32.const 132)))
        (i32.store (i32.const 24) (i32.load (i32.const 136)))
        (return (i32.const 16))))
    (i32.store8 (i32.const 16) (i32.const 0))";

/// A guest whose tool calls one function of the door and shows what it gave.
fn guest(function: &str) -> Guest {
    let (parameters, body) = match function {
        // The value, or `none`.
        "get" => (
            "i32 i32 i32",
            format!(
                "
            (call $f (local.get 2) (local.get 3) (i32.const 128))
            {UNLESS_FAILED}
            (i32.store (i32.const 20) (i32.const 256))
            (i32.store (i32.const 24) (i32.const 4))
            (if (i32.load8_u (i32.const 132)) (then
                (i32.store (i32.const 20) (i32.load (i32.const 136)))
                (i32.store (i32.const 24) (i32.load (i32.const 140)))))
            (i32.const 16)"
            ),
        ),
        // The parameters are `KEY=VALUE`.
        "set" => (
            "i32 i32 i32 i32 i32",
            format!(
                "
            (local $at i32)
            (loop $next
                (if (i32.ne (i32.load8_u (i32.add (local.get 2) (local.get $at))) (i32.const 61))
                    (then (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $next))))
            (call $f (local.get 2) (local.get $at)
                (i32.add (i32.add (local.get 2) (local.get $at)) (i32.const 1))
                (i32.sub (i32.sub (local.get 3) (local.get $at)) (i32.const 1))
                (i32.const 128))
            {UNLESS_FAILED}
            (i32.store (i32.const 24) (i32.const 0))
            (i32.const 16)"
            ),
        ),
        // `1` or `0`.
        "delete" => (
            "i32 i32 i32",
            format!(
                "
            (call $f (local.get 2) (local.get 3) (i32.const 128))
            {UNLESS_FAILED}
            (i32.store8 (i32.const 260) (i32.add (i32.load8_u (i32.const 132)) (i32.const 48)))
            (i32.store (i32.const 20) (i32.const 260))
            (i32.store (i32.const 24) (i32.const 1))
            (i32.const 16)"
            ),
        ),
        // The keys, with a `,` behind each.
        _ => (
            "i32 i32 i32",
            format!(
                "
            (local $left i32) (local $from i32) (local $to i32) (local $length i32)
            (call $f (local.get 2) (local.get 3) (i32.const 128))
            {UNLESS_FAILED}
            (local.set $from (i32.load (i32.const 132)))
            (local.set $left (i32.load (i32.const 136)))
            (local.set $to (i32.const 1024))
            (block $done (loop $next
                (br_if $done (i32.eqz (local.get $left)))
                (local.set $length (i32.load offset=4 (local.get $from)))
                (memory.copy (local.get $to) (i32.load (local.get $from)) (local.get $length))
                (local.set $to (i32.add (local.get $to) (local.get $length)))
                (i32.store8 (local.get $to) (i32.const 44))
                (local.set $to (i32.add (local.get $to) (i32.const 1)))
                (local.set $from (i32.add (local.get $from) (i32.const 8)))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br $next)))
            (i32.store (i32.const 20) (i32.const 1024))
            (i32.store (i32.const 24) (i32.sub (local.get $to) (i32.const 1024)))
            (i32.const 16)"
            ),
        ),
    };
    let import =
        format!("(import \"weft:host/store@0.1.0\" \"{function}\" (func $f (param {parameters})))");
    Guest::running(&body).importing(&import).with("(data (i32.const 256) \"none\")")
}

/// A host for guests with storage, and its audit log.
struct Host {
    options: SandboxOptions,
    audit: Arc<MemoryAudit>,
}

impl Host {
    fn new(stores: Arc<dyn StoreSource>) -> Self {
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(64).unwrap()));
        let options = SandboxOptions {
            audit: Arc::clone(&audit) as _,
            stores: Some(stores),
            ..SandboxOptions::new("/nowhere")
        };
        Self { options, audit }
    }

    fn in_memory() -> Self {
        Self::new(Arc::new(MemoryStores::default()))
    }

    /// Calls a function of the door as the plugin `id`, which may keep so many KB.
    fn call_as(
        &self,
        id: &str,
        max_kb: u32,
        function: &str,
        params: &str,
    ) -> Result<String, CallError> {
        let permissions = match max_kb {
            0 => PluginPermissions::default(),
            _ => serde_json::from_value(serde_json::json!({ "storage": { "max_kb": max_kb } }))
                .unwrap(),
        };
        let identity = PluginIdentity { id: id.into(), version: "0.1.0".into() };
        let resources = PluginResourceConfig::default();
        let (sandbox, _) = Sandbox::new(identity, None, &permissions, &resources, &self.options);
        block_on(async {
            let module = guest(function).compile();
            let memory = MemoryBudget::new(64 << 20);
            let mut budget = CallBudget::new(&resources);
            let mut instance =
                Instance::start(&module, Arc::new(sandbox), &resources, memory, &mut budget)
                    .await
                    .unwrap();
            let mut budget = CallBudget::new(&resources);
            instance.execute_tool("run", params, &mut budget).await
        })
    }

    fn call(&self, function: &str, params: &str) -> Result<String, CallError> {
        self.call_as("test", 16, function, params)
    }

    /// What the guest learns of a call that fails.
    #[track_caller]
    fn failure(&self, function: &str, params: &str) -> String {
        match self.call(function, params) {
            Err(CallError::Guest { message }) => message,
            other => panic!("expected a failure, got {other:?}"),
        }
    }

    /// The function, the target, the outcome and the rule of the last record.
    #[track_caller]
    fn record(&self) -> (String, String, AuditOutcome, Option<String>) {
        let record = self.audit.records().pop().unwrap();
        (record.function.to_owned(), record.summary, record.outcome, record.rule)
    }
}

#[test]
fn values_last_from_call_to_call() {
    let host = Host::in_memory();
    assert_eq!(host.call("get", "color"), Ok("none".into()));
    assert_eq!(host.call("set", "color=green"), Ok(String::new()));
    assert_eq!(host.call("set", "shape="), Ok(String::new()));
    assert_eq!(host.call("get", "color"), Ok("green".into()));
    assert_eq!(host.call("get", "shape"), Ok(String::new()));
    assert_eq!(host.call("set", "color=blue"), Ok(String::new()));
    assert_eq!(host.call("get", "color"), Ok("blue".into()));
    assert_eq!(host.call("list-keys", ""), Ok("color,shape,".into()));
    assert_eq!(host.call("list-keys", "s"), Ok("shape,".into()));
    assert_eq!(host.call("list-keys", "x"), Ok(String::new()));
    assert_eq!(host.call("delete", "shape"), Ok("1".into()));
    assert_eq!(host.call("delete", "shape"), Ok("0".into()));
    assert_eq!(host.call("list-keys", ""), Ok("color,".into()));
}

#[test]
fn each_call_leaves_one_record() {
    let host = Host::in_memory();
    for (function, params, target, bytes) in [
        ("set", "color=green", "color", 10),
        ("get", "color", "color", 5),
        ("list-keys", "co", "co", 13),
        ("delete", "color", "color", 5),
    ] {
        host.call(function, params).unwrap();
        let record = host.audit.records().pop().unwrap();
        assert_eq!(record.function, format!("store.{function}"));
        assert_eq!(record.summary, target, "{function}");
        assert_eq!((record.outcome, record.rule), (AuditOutcome::Ok, None));
        assert_eq!(record.bytes, bytes, "{function}");
    }
    assert_eq!(host.audit.records().len(), 4);
}

#[test]
fn without_the_permission_every_call_is_refused() {
    let host = Host::in_memory();
    for (function, params) in [("get", "k"), ("set", "k=v"), ("delete", "k"), ("list-keys", "k")] {
        let error = host.call_as("test", 0, function, params).unwrap_err();
        let next_step = error.next_step();
        let CallError::Denied { denied, message } = error else { panic!("{error}") };
        assert_eq!((denied.capability, &*denied.target), (Capability::Storage, "k"));
        assert_eq!((&*denied.rule, &*message), ("storage not permitted", "storage not permitted"));
        assert!(next_step.contains("extend `permissions` (storage)"), "{next_step}");
        let rule = Some("storage not permitted".into());
        let function = format!("store.{function}");
        assert_eq!(host.record(), (function, "k".into(), AuditOutcome::Denied, rule));
    }
    assert_eq!(host.call("list-keys", ""), Ok(String::new()));
}

#[test]
fn no_plugin_reaches_what_another_keeps() {
    let host = Host::in_memory();
    host.call_as("one", 16, "set", "key=of one").unwrap();
    assert_eq!(host.call_as("other", 16, "get", "key"), Ok("none".into()));
    assert_eq!(host.call_as("other", 16, "list-keys", ""), Ok(String::new()));
    assert_eq!(host.call_as("other", 16, "delete", "key"), Ok("0".into()));
    host.call_as("other", 16, "set", "key=of other").unwrap();
    assert_eq!(host.call_as("one", 16, "get", "key"), Ok("of one".into()));
}

#[test]
fn more_than_the_quota_is_refused() {
    let host = Host::in_memory();
    let fill = |bytes: usize| format!("key={}", "x".repeat(bytes));
    host.call_as("test", 1, "set", &fill(1021)).unwrap();
    let error = host.call_as("test", 1, "set", &fill(1022)).unwrap_err();
    let CallError::Guest { message } = error else { panic!("{error}") };
    assert!(message.starts_with("the store is full: "), "{message}");
    assert!(
        message.contains("; delete what is not needed, or raise `permissions.storage.max_kb`"),
        "{message}"
    );
    let (function, target, outcome, rule) = host.record();
    assert_eq!((&*function, &*target, outcome), ("store.set", "key", AuditOutcome::Error));
    assert!(rule.unwrap().starts_with("the store is full: "));
    assert_eq!(host.call_as("test", 1, "get", "key").map(|it| it.len()), Ok(1021));
    // What frees room is not refused.
    assert_eq!(host.call_as("test", 1, "set", &fill(5)), Ok(String::new()));
    assert_eq!(host.call_as("test", 1, "set", "more=1"), Ok(String::new()));
}

/// A source of one store with one entry.
struct OneEntry(Arc<dyn KeyValueStore>);

impl StoreSource for OneEntry {
    fn namespace(&self, _: &str, _: usize) -> Arc<dyn KeyValueStore> {
        Arc::clone(&self.0)
    }
}

#[test]
fn too_many_entries_have_their_own_step() {
    let limits = KeyValueLimits { entries: 1, bytes: 100 };
    let host = Host::new(Arc::new(OneEntry(Arc::new(MemoryKeyValueStore::new(limits)))));
    host.call("set", "a=1").unwrap();
    let failure = host.failure("set", "b=1");
    assert!(
        failure.ends_with("1 entries; delete what is not needed, or store several values as one")
    );
}

#[test]
fn long_keys_and_values_are_refused() {
    let host = Host::in_memory();
    let long = "k".repeat(513);
    let refusal = "the key is over 512 bytes; use a shorter key";
    for function in ["get", "delete", "list-keys"] {
        assert_eq!(host.failure(function, &long), refusal);
    }
    assert_eq!(host.failure("set", &format!("{long}=1")), refusal);
    assert_eq!(host.record().3.as_deref(), Some("the key is over 512 bytes"));
    let large = format!("key={}", "x".repeat((1 << 20) + 1));
    let refusal = "the value is over 1 MB; split it, and store the parts under keys of their own";
    assert_eq!(host.failure("set", &large), refusal);
    let error = host.call_as("large", 2_000, "set", &large[..large.len() - 1]);
    assert_eq!(error, Ok(String::new()));
    assert_eq!(host.call_as("large", 2_000, "get", "key").map(|it| it.len()), Ok(1 << 20));
}

#[test]
fn too_many_keys_need_a_prefix() {
    let stores = Arc::new(MemoryStores::default());
    let store = stores.namespace("bundled:test", 16 << 20);
    for number in 0..8_300 {
        block_on(store.set(&format!("{number:0>500}"), vec![])).unwrap();
    }
    let host = Host::new(stores);
    let refusal = "the keys are over 4 MB; list those of a longer prefix";
    assert_eq!(host.failure("list-keys", ""), refusal);
    assert_eq!(host.record().3.as_deref(), Some("the keys are over 4 MB"));
    let prefix = format!("{}83", "0".repeat(496));
    assert_eq!(host.call("list-keys", &prefix), Ok(String::new()));
    let prefix = format!("{}829", "0".repeat(496));
    assert_eq!(host.call("list-keys", &prefix).map(|it| it.len()), Ok(10 * 501));
}

#[test]
fn a_host_without_stores_says_so() {
    let mut host = Host::in_memory();
    host.options.stores = None;
    let refusal = "this host keeps nothing for plugins; run the plugin with `weft-lite`";
    for (function, params) in [("get", "k"), ("set", "k=v"), ("delete", "k"), ("list-keys", "k")] {
        assert_eq!(host.failure(function, params), refusal);
    }
}

#[test]
fn pointers_outside_of_memory_end_the_call() {
    let host = Host::in_memory();
    for arguments in [
        "(i32.const -1) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 128)",
        "(i32.const 0) (i32.const 4) (i32.const 65530) (i32.const 10) (i32.const 128)",
        "(i32.const 0) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 65530)",
    ] {
        let mut guest = guest("set");
        guest.execute = format!("(call $f {arguments}) (i32.const 16)");
        let permissions =
            serde_json::from_value(serde_json::json!({ "storage": { "max_kb": 1 } })).unwrap();
        let sandbox = crate::guest::sandbox(&host.options, &permissions);
        let resources = PluginResourceConfig::default();
        let result = block_on(async {
            let memory = MemoryBudget::new(64 << 20);
            let mut budget = CallBudget::new(&resources);
            let module = guest.compile();
            let mut instance =
                Instance::start(&module, sandbox, &resources, memory, &mut budget).await.unwrap();
            instance.execute_tool("run", "1", &mut CallBudget::new(&resources)).await
        });
        assert!(matches!(result, Err(CallError::Trap { .. })), "{arguments}: {result:?}");
    }
}

#[cfg(feature = "store")]
#[test]
fn values_outlast_the_host() {
    use weft_lite::store::DurableStore;
    let folder = tempfile::tempdir().unwrap();
    let store = || Arc::new(DurableStore::new(folder.path()));
    let host = Host::new(store());
    assert_eq!(host.call("get", "color"), Ok("none".into()));
    host.call("set", "color=green").unwrap();
    drop(host);
    let host = Host::new(store());
    assert_eq!(host.call("get", "color"), Ok("green".into()));
    assert_eq!(host.call("list-keys", ""), Ok("color,".into()));
    let path = folder.path().join("bundled%3atest.kv");
    // A whole record behind the changed one shows that it was whole, too.
    host.call("set", "shape=round").unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(5).position(|it| it == b"green").unwrap();
    bytes[at] = b'G';
    std::fs::write(&path, bytes).unwrap();
    let failure = host.failure("get", "shape");
    assert_eq!(failure, "the store: its file is damaged; `weft-lite store list` says what to do");
    assert_eq!(host.record().3.as_deref(), Some("the store: its file is damaged"));
}
