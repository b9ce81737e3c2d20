//! The bundled plugin `memory`, through the host: what it keeps, for whom, and for how long.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use weft_lite::errors::CallError;
use weft_lite::store::{KeyValueLimits, MemoryKeyValueStore};
use weft_lite::{Approval, BoxFuture, KeyValueStore, Requester, Runtime, StoreSource};

/// A runtime with the plugin, and the folders that outlast it.
struct World {
    runtime: Runtime,
    home: TempDir,
}

/// What a world is made of beside the plugin.
#[derive(Default)]
struct Setup {
    settings: Map<String, Value>,
    /// KB that the plugin may store, where it is not what its manifest says.
    storage_kb: Option<usize>,
    /// Where it stores, if not in the home folder.
    stores: Option<Arc<dyn StoreSource>>,
}

impl World {
    fn new() -> Self {
        Self::with(Setup::default(), tempfile::tempdir().unwrap())
    }

    fn with(setup: Setup, home: TempDir) -> Self {
        let source = Path::new("skills/memory");
        let mut folder = source.to_owned();
        if let Some(storage_kb) = setup.storage_kb {
            folder = home.path().join("changed");
            fs::create_dir(&folder).unwrap();
            let manifest = fs::read_to_string(source.join("weft.plugin.json")).unwrap();
            let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
            manifest["permissions"]["storage"]["max_kb"] = storage_kb.into();
            fs::write(folder.join("weft.plugin.json"), manifest.to_string()).unwrap();
            fs::copy(source.join("plugin.wasm"), folder.join("plugin.wasm")).unwrap();
        }
        let mut builder = Runtime::builder()
            .without_bundled()
            .approve(Approval::ALL)
            .weft_home(home.path())
            .plugins(folder)
            .plugin_settings("memory", setup.settings);
        if let Some(stores) = setup.stores {
            builder = builder.stores(stores);
        }
        let runtime = builder.build();
        runtime.block_on(runtime.load()).unwrap();
        let registry = runtime.host().registry();
        assert!(registry.refused().is_empty(), "{:?}", registry.refused());
        assert!(registry.plugin("memory").unwrap().warnings.is_empty());
        Self { runtime, home }
    }

    /// The same home after the program was started again.
    fn started_again(self) -> Self {
        drop(self.runtime);
        Self::with(Setup::default(), self.home)
    }

    /// Calls a tool for nobody who can be named.
    fn call(&self, tool: &str, params: &Value) -> Result<Value, CallError> {
        let tool = format!("memory__{tool}");
        let call = self.runtime.host().call(&tool, params.to_string());
        result(self.runtime.block_on(call))
    }

    /// Calls a tool for a person in a chat.
    #[track_caller]
    fn call_for(&self, person: Person, tool: &str, params: &Value) -> Value {
        let (tool, params) = (format!("memory__{tool}"), params.to_string());
        let call = self.runtime.host().call_for(&tool, params, Arc::new(person));
        result(self.runtime.block_on(call)).unwrap()
    }
}

fn result(outcome: weft_lite::CallOutcome) -> Result<Value, CallError> {
    outcome.result.map(|text| serde_json::from_str(&text).unwrap())
}

/// The texts of the notes in a result.
#[track_caller]
fn texts(result: &Value) -> Vec<&str> {
    result["notes"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect()
}

/// The error that the plugin itself gave.
#[track_caller]
fn guest_error(result: Result<Value, CallError>) -> String {
    match result.unwrap_err() {
        CallError::Guest { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

/// Somebody in a chat of the channel `one`.
#[derive(Clone, Copy)]
struct Person {
    name: &'static str,
    chat: &'static str,
}

const ANN: Person = Person { name: "ann", chat: "kitchen" };
const BEA: Person = Person { name: "bea", chat: "kitchen" };

impl Requester for Person {
    fn current(&self) -> Value {
        json!({ "channel": "one", "chat": self.chat, "sender": self.name, "is_owner": false })
    }

    fn say(&self, _: String) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn note(&self, _: &str) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    fn skills(&self) -> Vec<String> {
        Vec::new()
    }

    fn use_skill(&self, _: &str) {}
}

/// One store for whoever asks, to look into and to change.
struct OneStore(Arc<MemoryKeyValueStore>);

impl StoreSource for OneStore {
    fn namespace(&self, _: &str, _: usize) -> Arc<dyn KeyValueStore> {
        Arc::clone(&self.0) as _
    }
}

#[test]
fn notes_outlast_the_program() {
    let world = World::new();
    world.call_for(
        ANN,
        "remember",
        &json!({ "text": "Bea is allergic to nuts", "tags": ["food"] }),
    );
    let world = world.started_again();
    let found = world.call_for(ANN, "recall", &json!({ "query": "Who is allergic?" }));
    assert_eq!(texts(&found), ["Bea is allergic to nuts"]);
    let note = &found["notes"][0];
    assert_eq!(
        (&note["by"], &note["chat"], &note["channel"]),
        (&json!("ann"), &json!("kitchen"), &json!("one"))
    );
    let forgotten = world.call_for(ANN, "forget", &json!({ "id": note["id"] }));
    assert_eq!(forgotten["forgotten"], true);
    let world = world.started_again();
    assert_eq!(texts(&world.call_for(ANN, "list", &json!({}))), [""; 0]);
}

#[test]
fn persons_do_not_find_each_others_notes() {
    let world = World::new();
    let secret = json!({ "text": "the door code is 4711" });
    world.call_for(ANN, "remember", &secret);
    world.call_for(ANN, "remember", &json!({ "text": "we meet at nine", "scope": "chat" }));
    let query = json!({ "query": "door code meet" });
    assert_eq!(texts(&world.call_for(BEA, "recall", &query)), [""; 0]);
    assert_eq!(texts(&world.call_for(BEA, "list", &json!({}))), [""; 0]);
    assert_eq!(texts(&world.call("recall", &query).unwrap()), [""; 0]);
    let chat = json!({ "query": "door code meet", "scope": "chat" });
    let found = world.call_for(BEA, "recall", &chat);
    assert_eq!(texts(&found), ["we meet at nine"]);
    assert_eq!(found["notes"][0]["by"], "ann");
    let cellar = Person { chat: "cellar", ..ANN };
    assert_eq!(texts(&world.call_for(cellar, "recall", &chat)), [""; 0]);
    assert_eq!(texts(&world.call_for(cellar, "recall", &query)), ["the door code is 4711"]);
}

#[test]
fn the_agents_memory_is_apart() {
    let world = World::new();
    world.call("remember", &json!({ "text": "key" })).unwrap();
    let memory = world.runtime.host().memory("memory").unwrap();
    world.runtime.block_on(async {
        for namespace in [None, Some("n"), Some("")] {
            assert_eq!(memory.retrieve("key", namespace).await, Ok(None));
        }
        memory.store("tea", "green", Some("a"), None, &["Drinks".to_owned()]).await.unwrap();
        memory.store("gone", "v", Some("a"), Some(Duration::ZERO), &[]).await.unwrap();
        assert_eq!(memory.retrieve("tea", Some("a")).await.unwrap().as_deref(), Some("green"));
        assert_eq!(memory.retrieve("gone", Some("a")).await, Ok(None));
        let hits = memory.search("drinks", Some("a"), 10).await.unwrap();
        assert_eq!((hits.len(), hits[0].key.as_str(), hits[0].value.as_str()), (1, "tea", "green"));
        assert!(hits[0].score > 0.0);
        assert_eq!(memory.delete("tea", Some("a")).await, Ok(true));
        assert_eq!(memory.delete("tea", Some("a")).await, Ok(false));
    });
    assert_eq!(texts(&world.call("list", &json!({})).unwrap()), ["key"]);
}

#[test]
fn a_full_store_says_what_to_do() {
    let setup = Setup { storage_kb: Some(64), ..Setup::default() };
    let world = World::with(setup, tempfile::tempdir().unwrap());
    let mut kept = 0;
    let error = loop {
        let text = format!("note {kept} {}", "x".repeat(1000));
        match world.call("remember", &json!({ "text": text })) {
            Ok(_) => kept += 1,
            refused => break guest_error(refused),
        }
    };
    assert!(error.contains("forget notes that are no longer needed"), "{error}");
    assert!(kept > 20, "{kept}");
    let list = world.call("list", &json!({})).unwrap();
    assert_eq!(list["total"], kept, "all that were kept are there");
    for id in 0..5 {
        world.call("forget", &json!({ "id": id })).unwrap();
    }
    world.call("remember", &json!({ "text": "there is room again" })).unwrap();
}

#[test]
fn settings_come_from_the_operator() {
    let settings = json!({ "max_entries": 1, "stemming": true, "default_ttl_days": 1 });
    let settings = settings.as_object().unwrap().clone();
    let world = World::with(Setup { settings, ..Setup::default() }, tempfile::tempdir().unwrap());
    let kept = world.call("remember", &json!({ "text": "two meetings" })).unwrap();
    assert!(kept["expires"].is_string(), "{kept}");
    assert_eq!(texts(&world.call("recall", &json!({ "query": "meeting" })).unwrap()).len(), 1);
    let error = guest_error(world.call("remember", &json!({ "text": "one more" })));
    assert!(error.contains("`max_entries`") && error.contains("forget some"), "{error}");
}

#[test]
fn notes_end_with_their_time() {
    let store = Arc::new(MemoryKeyValueStore::new(KeyValueLimits::default()));
    let stores = Some(Arc::new(OneStore(Arc::clone(&store))) as _);
    let world = World::with(Setup { stores, ..Setup::default() }, tempfile::tempdir().unwrap());
    world.call("remember", &json!({ "text": "tea is ready", "ttl_seconds": 3600 })).unwrap();
    let query = json!({ "query": "tea" });
    assert_eq!(texts(&world.call("recall", &query).unwrap()).len(), 1);
    // What the note says counts: an hour later it would be this old.
    let key = "n/e/0000000000";
    let note = world.runtime.block_on(store.get(key)).unwrap().unwrap();
    let mut note: Value = serde_json::from_slice(&note).unwrap();
    note["until"] = (note["until"].as_u64().unwrap() - 3601).into();
    world.runtime.block_on(store.set(key, note.to_string().into_bytes())).unwrap();
    assert_eq!(texts(&world.call("recall", &query).unwrap()), [""; 0]);
    world.call("remember", &json!({ "text": "another" })).unwrap();
    assert_eq!(world.runtime.block_on(store.get(key)).unwrap(), None, "removed in passing");
}

#[test]
fn the_command_shows_a_persons_notes() {
    let world = World::new();
    world.call_for(ANN, "remember", &json!({ "text": "tea" }));
    let params = json!({ "command": "", "commandName": "memories" });
    assert_eq!(texts(&world.call_for(ANN, "export", &params)), ["tea"]);
    assert_eq!(texts(&world.call_for(BEA, "export", &params)), [""; 0]);
}

#[cfg(feature = "bundled")]
#[test]
fn the_bundled_one_waits_for_settings() {
    let loaded = |builder: weft_lite::RuntimeBuilder| {
        let runtime = builder.build();
        runtime.block_on(runtime.load()).unwrap();
        let call = runtime.host().call("memory__list", "{}".to_owned());
        result(runtime.block_on(call)).map(|list| list["total"].clone())
    };
    let unknown = loaded(Runtime::builder()).unwrap_err();
    assert!(matches!(unknown, CallError::UnknownTool { .. }), "{unknown:?}");
    assert_eq!(loaded(Runtime::builder().plugin_settings("memory", Map::new())), Ok(json!(0)));
}

#[cfg(feature = "mcp")]
#[test]
fn over_mcp_nobody_is_named() {
    use weft_lite::mcp::{McpOptions, McpServer};

    let world = World::new();
    world.call_for(ANN, "remember", &json!({ "text": "ann likes tea" }));
    let host = world.runtime.host().clone();
    let server = McpServer::new(host, world.runtime.executor(), McpOptions::default());
    let connection = server.connect();
    let ask = |id: u32, method: &str, mut params: Value| -> Value {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        world.runtime.block_on(connection.send(&message.to_string()));
        let answer = world.runtime.block_on(connection.receive()).unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    let call = |id: u32, tool: &str, arguments: Value| -> Value {
        let name = format!("memory__{tool}");
        let answer = ask(id, "tools/call", json!({ "name": name, "arguments": arguments }));
        let text =
            answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        serde_json::from_str(text).unwrap()
    };
    assert_eq!(texts(&call(1, "recall", json!({ "query": "tea" }))), [""; 0]);
    call(2, "remember", json!({ "text": "somebody drinks tea" }));
    let found = call(3, "recall", json!({ "query": "tea" }));
    assert_eq!(texts(&found), ["somebody drinks tea"]);
    assert_eq!(found["notes"][0]["by"], Value::Null);
    assert_eq!(
        texts(&world.call_for(ANN, "recall", &json!({ "query": "tea" }))),
        ["ann likes tea"]
    );
    let listed = ask(4, "tools/list", json!({}));
    let names: Vec<_> =
        listed["result"]["tools"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert!(names.contains(&json!("memory__remember")), "{names:?}");
    assert!(names.iter().all(|name| !name.as_str().unwrap().contains("export")), "{names:?}");
}
