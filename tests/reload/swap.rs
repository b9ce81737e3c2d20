//! A plugin is replaced while it is called: nothing fails, and what can't be used replaces nothing.

use std::fs;

use futures_lite::future::{yield_now, zip};
use serde_json::json;
use weft_lite::PluginPermissions;
use weft_lite::actor::RegistryChange;
use weft_lite::errors::{ActionableError, CallError, LoadError};

use crate::world::{World, manifest, module, patiently, varied};

const PLUGIN: &str = "home/plugins/probe";

fn world() -> World {
    let world = World::new();
    world.plugin(PLUGIN, "1.0.0", &module("probe"), &json!({}));
    world
}

#[test]
fn calls_in_flight_keep_the_old_version() {
    let world = world();
    world.load(async |live| {
        let host = &live.host;
        live.warm().await;
        let old = std::sync::Arc::downgrade(host.registry().plugin("probe").unwrap());
        // The guest counts its own calls, so that its answers tell the instances apart.
        let slow = host.call("probe__spin", "{}".into());
        let swap = async {
            yield_now().await;
            world.plugin(PLUGIN, "2.0.0", &varied(&module("probe"), 1), &json!({}));
            live.reload().await;
            let version = host.registry().plugin("probe").unwrap().manifest.version.to_string();
            assert_eq!(version, "2.0.0");
            assert!(old.upgrade().is_none(), "no snapshot names it any more");
            host.call("probe__echo", "\"new\"".into()).await.result
        };
        let (slow, new) = patiently("both calls", zip(slow, swap)).await;
        assert!(
            matches!(slow.result, Err(CallError::Exhausted(_))),
            "it ran to the end of its fuel: {:?}",
            slow.result
        );
        assert_eq!(new.unwrap(), "\"new\"");
    });
}

#[test]
fn no_call_fails_across_many_swaps() {
    let world = world();
    world.load(async |live| {
        live.warm().await;
        let mut calls = 0;
        let mut swapping = Box::pin(async {
            for number in 0..40 {
                world.write(&format!("{PLUGIN}/plugin.wasm"), varied(&module("probe"), number));
                live.reload().await;
            }
        });
        loop {
            let call = live.host.call("probe__echo", "1".into());
            let (outcome, done) = zip(call, futures_lite::future::poll_once(&mut swapping)).await;
            assert_eq!(outcome.result.unwrap(), "1");
            calls += 1;
            if done.is_some() {
                break;
            }
        }
        assert!(calls > 40, "{calls}");
        assert!(live.host.snapshot().generation >= 40);
    });
}

#[test]
fn a_failing_module_keeps_the_old_one() {
    let world = world();
    let probe = module("probe");
    let broken: [&[u8]; 2] = [b"not a module", &probe[..probe.len() / 2]];
    for module in &broken {
        world.load(async |live| {
            live.warm().await;
            world.write(&format!("{PLUGIN}/plugin.wasm"), module);
            live.reload().await;
            assert_eq!(live.call("probe__echo", "1").await.unwrap(), "1");
            let refusals = live.refusals();
            assert_eq!(refusals.len(), 1, "{refusals:?}");
            assert!(refusals[0].contains("version 1.0.0 stays in service"), "{refusals:?}");
            assert!(matches!(live.host.registry().refused()[0].error, LoadError::Kept { .. }));

            world.write(&format!("{PLUGIN}/plugin.wasm"), crate::world::module("probe"));
            live.reload().await;
            assert!(live.refusals().is_empty(), "it is what runs");
        });
    }
}

#[test]
fn an_unreadable_manifest_keeps_the_old_plugin() {
    let world = world();
    world.load(async |live| {
        world.write(&format!("{PLUGIN}/weft.plugin.json"), "{ half");
        live.reload().await;
        assert_eq!(live.call("probe__echo", "1").await.unwrap(), "1");
        assert!(live.refusals()[0].contains("stays in service"));
        world.remove(&format!("{PLUGIN}/plugin.wasm"));
        world.write(&format!("{PLUGIN}/weft.plugin.json"), manifest("probe", "2.0.0", &json!({})));
        live.reload().await;
        assert_eq!(live.call("probe__echo", "1").await.unwrap(), "1");
        assert!(live.refusals()[0].contains("stays in service"), "a build is under way");
        world.write(&format!("{PLUGIN}/plugin.wasm"), module("probe"));
        live.reload().await;
        assert_eq!(
            live.host.registry().plugin("probe").unwrap().manifest.version.to_string(),
            "2.0.0"
        );
    });
}

#[test]
fn removing_a_folder_removes_its_plugin() {
    let world = world();
    world.load(async |live| {
        fs::rename(world.path(PLUGIN), world.path("aside")).unwrap();
        live.reload().await;
        assert!(live.call("probe__echo", "1").await.is_err());
        assert!(live.host.registry().plugins().next().is_none());
    });
}

#[test]
fn an_emptied_skill_keeps_its_last_version() {
    let world = World::new();
    let file = world.skill("home/skills/notes", "good");
    world.load(async |live| {
        fs::write(&file, "").unwrap();
        live.reload().await;
        let entry = live.skill("notes");
        assert_eq!((entry.state.as_str(), entry.outdated), ("active", true));
        assert_eq!(live.text("notes"), "good");
        assert!(!entry.diagnostics.is_empty(), "the failure is shown");
        world.skill("home/skills/notes", "better");
        live.reload().await;
        assert_eq!((live.text("notes").as_str(), live.skill("notes").outdated), ("better", false));
    });
}

#[test]
fn what_did_not_change_makes_no_generation() {
    let world = world();
    let file = world.skill("home/skills/notes", "text");
    world.load(async |live| {
        let before = live.host.snapshot().generation;
        live.reload().await;
        // Written again with the same content, and with another date.
        let content = fs::read(&file).unwrap();
        fs::write(&file, content).unwrap();
        world.write(&format!("{PLUGIN}/plugin.wasm"), module("probe"));
        live.reload().await;
        assert_eq!(live.host.snapshot().generation, before);
    });
}

#[test]
fn a_change_reports_tools_and_versions() {
    let world = world();
    world.load(async |mut live| {
        world.plugin(PLUGIN, "2.0.0", &module("echo"), &json!({}));
        world.skill("home/skills/new", "text");
        live.reload().await;
        let change: RegistryChange = live.subscription.next().await.unwrap();
        let changed = &change.plugins.changed[0];
        assert_eq!((&*changed.before.version, &*changed.after.version), ("1.0.0", "2.0.0"));
        assert_eq!(&*change.skills.added[0].name, "new");
        let removed: Vec<_> = change.tools.removed.iter().map(|tool| &*tool.name).collect();
        assert!(removed.contains(&"probe__spin"), "{removed:?}");
    });
}

#[test]
fn a_stopped_plugin_stays_out_of_service() {
    let world = world();
    world.load(async |live| {
        world.skill("home/skills/late", "text");
        let (reloaded, ()) = zip(live.runtime.load(), live.runtime.stop()).await;
        assert!(live.host.registry().plugins().next().is_none());
        assert!(live.host.snapshot().skills.is_empty());
        // The first may have come before the end; no later one does.
        drop(reloaded);
        assert!(live.runtime.load().await.is_none());
        assert!(live.host.snapshot().skills.is_empty());
    });
}

#[test]
fn a_new_granted_folder_opens_on_reload() {
    let world = World::new();
    let asked: PluginPermissions =
        serde_json::from_value(json!({ "filesystem": ["$WORKSPACE/notes"] })).unwrap();
    world.plugin(PLUGIN, "1.0.0", &module("probe"), &json!(asked));
    world.approve("probe", PLUGIN, &asked);
    world.load(async |live| {
        let read = async || {
            live.host.call("probe__read", r#"{"path":"a.txt"}"#.into()).await.result
        };
        let error = read().await.unwrap_err();
        assert!(error.to_string().contains("file not found"), "{error}");
        assert!(matches!(&error, CallError::MissingGrant { grant, .. } if grant == "$WORKSPACE/notes"));
        assert_eq!(
            error.next_step(),
            "create `$WORKSPACE/notes`, which the plugin may use and which did not exist when it was \
             loaded; then say `/reload`, or start again"
        );
        world.write("work/notes/a.txt", "Buy milk");
        let watched = live.runtime.loader().refresh().await.unwrap().generation;
        assert!(read().await.is_err(), "nobody asked for it");
        live.reload().await;
        assert_eq!(read().await.unwrap(), r#"{"content":"Buy milk"}"#);
        assert_eq!(live.host.snapshot().generation, watched + 1);
        live.reload().await;
        assert_eq!(live.host.snapshot().generation, watched + 1, "once is enough");
    });
}

#[test]
fn reload_reports_only_what_it_changes() {
    let world = world();
    world.load(async |live| {
        let administration = live.runtime.administration();
        let reload = async || administration.reload().await.unwrap();
        assert_eq!(reload().await, "nothing is different");
        // A change of the host that the loader did not make.
        assert!(live.host.unload("probe").await);
        assert_eq!(reload().await, "nothing is different");
        world.skill("home/skills/first", "text");
        let generation = live.host.snapshot().generation + 1;
        assert_eq!(reload().await, format!("generation {generation}: 0 plugins, 1 skills active"));
    });
}
