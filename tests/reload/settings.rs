//! Settings of plugins while the program runs: a change loads the plugin again, and nothing else.

use std::sync::Arc;

use serde_json::{Value, json};
#[cfg(feature = "mcp")]
use weft_lite::command::ProgressNotes;
#[cfg(feature = "mcp")]
use weft_lite::errors::LoadError;
#[cfg(feature = "mcp")]
use weft_lite::pipeline::{MessageState, Pipeline};

use crate::guest::Guest;
use crate::world::{Live, Watching, World};

const CONFIG: &str = "home/config.yaml";
const FIRST: &str = "limits: {module_kb: 500}\nplugins: {reader: {units: metric}}\n";

/// A plugin that answers with its settings.
fn reader() -> Vec<u8> {
    let body =
        "(i32.store8 (i32.const 16) (i32.const 0)) (call $get (i32.const 20)) (i32.const 16)";
    let import = r#"(import "weft:host/settings@0.1.0" "get" (func $get (param i32)))"#;
    Guest::running(body).importing(import).wasm()
}

fn world() -> World {
    let world = World::new();
    for id in ["reader", "other"] {
        world.put(&format!("home/plugins/{id}/plugin.wasm"), reader());
        let units = json!({ "type": "string", "enum": ["metric", "imperial"] });
        let schema = json!({ "type": "object", "properties": { "units": units } });
        let manifest = json!({
            "id": id, "name": id, "version": "1.0.0", "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "settings_schema": schema,
        });
        world.put(&format!("home/plugins/{id}/weft.plugin.json"), manifest.to_string());
    }
    world.put(CONFIG, FIRST);
    world
}

/// Runs the test with the configuration of `home`.
fn run<T>(world: &World, watching: Watching, test: impl AsyncFnOnce(Live) -> T) -> T {
    let (builder, parsed) = world.builder().configure(&world.path("home")).unwrap();
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    World::run(builder, watching, test)
}

async fn settings(live: &Live<'_>, id: &str) -> String {
    live.call(&format!("{id}__run"), "{}").await.unwrap()
}

#[test]
fn changed_settings_load_their_plugin_again() {
    let world = world();
    run(&world, Watching::Is, async |mut live| {
        assert_eq!(settings(&live, "reader").await, r#"{"units":"metric"}"#);
        assert_eq!(settings(&live, "other").await, "{}");
        let of = |live: &Live<'_>, id: &str| {
            Arc::as_ptr(live.host.registry().plugin(id).unwrap()) as usize
        };
        let (reader, other) = (of(&live, "reader"), of(&live, "other"));
        let generation = live.host.snapshot().generation;
        world.put(CONFIG, FIRST.replace("metric", "imperial"));
        live.until("a change", |snapshot| snapshot.generation > generation).await;
        assert_eq!(settings(&live, "reader").await, r#"{"units":"imperial"}"#);
        assert!(of(&live, "reader") != reader && of(&live, "other") == other);

        world.remove(CONFIG);
        let generation = live.host.snapshot().generation;
        live.until("no settings", |snapshot| snapshot.generation > generation).await;
        assert_eq!(settings(&live, "reader").await, "{}");
    });
}

#[test]
#[cfg(feature = "mcp")]
fn faulty_settings_end_the_old_ones() {
    let world = world();
    run(&world, Watching::Not, async |live| {
        world.put(CONFIG, FIRST.replace("metric", "miles"));
        live.reload().await;
        assert!(live.call("reader__run", "{}").await.is_err());
        let registry = live.host.registry();
        let [refused] = registry.refused() else { panic!("{:?}", live.refusals()) };
        assert!(matches!(&refused.error, LoadError::Settings { .. }), "{:?}", refused.error);
        let text = refused.error.to_string();
        assert!(text.contains("units") && text.contains("metric"), "{text}");
        assert_eq!(settings(&live, "other").await, "{}");

        // So do settings without which it can't be.
        world.put(CONFIG, FIRST);
        live.reload().await;
        assert_eq!(settings(&live, "reader").await, r#"{"units":"metric"}"#);
        let path = "home/plugins/reader/weft.plugin.json";
        let manifest = std::fs::read_to_string(world.path(path)).unwrap();
        let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
        manifest["settings_schema"]["required"] = json!(["units"]);
        world.put(path, manifest.to_string());
        live.reload().await;
        assert_eq!(settings(&live, "reader").await, r#"{"units":"metric"}"#);
        world.put(CONFIG, "plugins: {}\n");
        live.reload().await;
        assert!(live.call("reader__run", "{}").await.is_err());
    });
}

#[test]
#[cfg(feature = "mcp")]
fn an_update_that_wants_other_settings_waits() {
    let world = world();
    run(&world, Watching::Not, async |live| {
        let path = "home/plugins/reader/weft.plugin.json";
        let manifest = std::fs::read_to_string(world.path(path)).unwrap();
        for (schema, words) in [
            (json!({ "required": ["size"] }), "its settings are wrong: "),
            (
                json!({ "properties": { "units": { "type": 3 } } }),
                "`settings_schema` can't be used",
            ),
        ] {
            let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
            manifest["settings_schema"] = schema;
            world.put(path, manifest.to_string());
            live.reload().await;
            let registry = live.host.registry();
            let [refused] = registry.refused() else { panic!("{:?}", live.refusals()) };
            let text = refused.error.to_string();
            assert!(text.contains(words) && text.contains("version 1.0.0 stays"), "{text}");
            assert_eq!(settings(&live, "reader").await, r#"{"units":"metric"}"#);
        }
    });
}

#[test]
#[cfg(feature = "mcp")]
fn wrong_settings_are_shown_to_no_caller() {
    let world = world();
    world.put(CONFIG, "plugins: {reader: {units: a-secret-by-mistake}}\n");
    run(&world, Watching::Not, async |live| {
        live.reload().await;
        let registry = live.host.registry();
        assert!(registry.refused()[0].error.to_string().contains("a-secret-by-mistake"));
        let error = live.call("reader__run", "{}").await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains("a-secret"), "{error}");
        assert!(error.to_string().contains("the operator's settings for it are wrong"), "{error}");
        let pipeline = Pipeline::new(live.runtime.commands(), None);
        for command in ["/plugins", "/status", "/skills"] {
            for is_owner in [false, true] {
                let text = command.to_owned();
                let state = MessageState { text, is_owner, ..MessageState::default() };
                let outcome = pipeline.run(state, &Arc::default(), &ProgressNotes::default()).await;
                let text = outcome.state.answer.unwrap().text;
                let shown = is_owner && command != "/skills";
                assert_eq!(text.contains("a-secret"), shown, "{text}");
            }
        }
    });
}

#[test]
fn a_faulty_configuration_replaces_nothing() {
    let world = world();
    run(&world, Watching::Not, async |live| {
        let metric = r#"{"units":"metric"}"#;
        for broken in ["plugins: {reader: [", "plugins: {reader: 3}", "plugins: {Reader: {}}"] {
            world.put(CONFIG, broken);
            live.reload().await;
            assert_eq!(settings(&live, "reader").await, metric, "{broken}");
        }
        world.put(CONFIG, FIRST.replace("metric", "imperial"));
        live.reload().await;
        assert_eq!(settings(&live, "reader").await, r#"{"units":"imperial"}"#);
        assert!(live.refusals().is_empty(), "{:?}", live.refusals());
    });
}

#[test]
fn comments_and_other_keys_reload_no_plugin() {
    let world = world();
    run(&world, Watching::Not, async |live| {
        let generation = live.host.snapshot().generation;
        for text in ["limits: {module_kb: 501}\n", "# new\nlimits: {module_kb: 500}\n"] {
            world.put(CONFIG, format!("{text}plugins:\n  reader:\n    units: metric\n"));
            live.reload().await;
            assert_eq!(live.host.snapshot().generation, generation, "{text}");
        }
    });
}

#[test]
fn a_workspace_sets_no_plugin() {
    let world = world();
    run(&world, Watching::Not, async |live| {
        world.put("work/.weft/config.yaml", "plugins: {reader: {units: imperial}}\n");
        live.reload().await;
        assert_eq!(settings(&live, "reader").await, r#"{"units":"metric"}"#);
    });
    // It is a configuration from the start, and its settings are ignored then too.
    let (builder, parsed) = world.builder().configure(&world.path("home")).unwrap();
    assert_eq!(parsed.loosening, ["plugins.reader"]);
    World::run(builder, Watching::Not, async |live| {
        world.put("work/.weft/config.yaml", "plugins: {reader: {}, other: {units: metric}}\n");
        live.reload().await;
        assert_eq!(settings(&live, "reader").await, r#"{"units":"metric"}"#);
        assert_eq!(settings(&live, "other").await, "{}");
    });
}

#[test]
fn settings_of_an_embedder_stay() {
    let world = world();
    let (builder, _) = world.builder().configure(&world.path("home")).unwrap();
    let metric = json!({ "units": "metric" }).as_object().unwrap().clone();
    World::run(builder.plugin_settings("other", metric), Watching::Not, async |live| {
        world.put(CONFIG, FIRST.replace("metric", "imperial"));
        live.reload().await;
        assert_eq!(settings(&live, "reader").await, r#"{"units":"imperial"}"#);
        assert_eq!(settings(&live, "other").await, r#"{"units":"metric"}"#);
    });
}

#[cfg(feature = "bundled")]
#[test]
fn bundled_plugins_come_and_go_with_settings() {
    let world = World::new();
    let home = world.path("home");
    let builder = weft_lite::Runtime::builder().weft_home(&home).workspace(world.path("work"));
    let (builder, _) = builder.configure(&home).unwrap();
    World::run(builder, Watching::Not, async |live| {
        for (text, is_there) in [("", false), ("plugins: {memory: {}}\n", true), ("", false)] {
            world.put(CONFIG, text);
            live.reload().await;
            let state = if is_there { "active" } else { "gone" };
            let has_plugin = live.host.registry().plugin("memory").is_some();
            assert_eq!((has_plugin, live.state("memory")), (is_there, state), "{text}");
        }
    });
}

#[test]
fn a_workspaces_skill_gets_no_settings() {
    let world = world();
    // It has the id of an installed plugin, which the operator has set up, and its schema.
    let work = "work/.weft/skills/reader";
    let manifest = std::fs::read_to_string(world.path("home/plugins/reader/weft.plugin.json"));
    let mut manifest: Value = serde_json::from_str(&manifest.unwrap()).unwrap();
    let place = |manifest: &Value| {
        world.skill(work, "Read.");
        world.put(&format!("{work}/plugin.wasm"), reader());
        world.put(&format!("{work}/weft.plugin.json"), manifest.to_string());
    };
    manifest["settings_schema"]["properties"]["size"] = json!({ "default": 3 });
    place(&manifest);
    run(&world, Watching::Not, async |live| {
        assert_eq!(settings(&live, "reader").await, r#"{"size":3}"#);
        let registry = live.host.registry();
        let warnings = &registry.plugin("reader").unwrap().warnings;
        assert!(
            warnings.iter().any(|it| it.contains("does not get `plugins.reader`")),
            "{warnings:?}"
        );

        manifest["settings_schema"]["required"] = json!(["units"]);
        place(&manifest);
        world.put(CONFIG, FIRST.replace("metric", "imperial"));
        live.reload().await;
        assert!(!settings(&live, "reader").await.contains("imperial"));
    });
    // The same folder gets them when the operator names it.
    let (builder, _) = world.builder().configure(&world.path("home")).unwrap();
    World::run(builder.plugins(world.path(work)), Watching::Not, async |live| {
        assert_eq!(settings(&live, "reader").await, r#"{"units":"imperial","size":3}"#);
    });
}
