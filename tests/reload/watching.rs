//! The watcher sees what people and programs do to files, by the kernel's word and by polling.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use futures_lite::future::{or, poll_once};
use serde_json::json;
use smol::Timer;
use weft_lite::config::WatchConfig;

use crate::world::{Live, Watching, World, module, patiently, skill, varied};

/// Runs the test by the kernel's word and again by polling.
fn both_ways(test: &impl AsyncFn(&World, Live<'_>)) {
    let world = World::new();
    world.watch(async |live| test(&world, live).await);
    let world = World::new();
    world.poll(async |live| test(&world, live).await);
}

#[test]
fn missing_roots_are_waited_for() {
    both_ways(&async |world, mut live| {
        world.skill("home/skills/managed", "1");
        live.until_text("managed", "1").await;
        world.skill("work/.agents/skills/agents", "2");
        live.until_text("agents", "2").await;
        world.plugin("home/plugins/probe", "1.0.0", &module("probe"), &json!({}));
        live.until("the plugin is there", |it| it.plugins.plugin("probe").is_some()).await;
    });
}

#[test]
fn a_folder_filled_later_becomes_a_plugin() {
    both_ways(&async |world, mut live| {
        fs::create_dir_all(world.path("home/plugins/probe")).unwrap();
        world.plugin("home/plugins/echo", "1.0.0", &module("echo"), &json!({}));
        live.until("the other one is there", |it| it.plugins.plugin("echo").is_some()).await;
        world.plugin("home/plugins/probe", "1.0.0", &module("probe"), &json!({}));
        live.until("it is there", |it| it.plugins.plugin("probe").is_some()).await;
    });
}

#[test]
fn a_root_may_go_and_return() {
    both_ways(&async |world, mut live| {
        for round in 0..3 {
            let text = format!("round {round}");
            world.skill("home/skills/a", &text);
            live.until_text("a", &text).await;
            world.remove("home/skills");
            live.until_skill("a", "gone").await;
        }
        // With everything above it, and by renaming, which keeps what it was.
        world.skill("work/.weft/skills/b", "here");
        live.until_text("b", "here").await;
        fs::rename(world.path("work/.weft"), world.path("aside")).unwrap();
        live.until_skill("b", "gone").await;
        fs::rename(world.path("aside"), world.path("work/.weft")).unwrap();
        live.until_text("b", "here").await;
        world.skill("work/.weft/skills/b", "edited");
        live.until_text("b", "edited").await;
    });
}

#[test]
fn a_recreated_root_is_still_watched() {
    both_ways(&async |world, mut live| {
        world.skill("home/skills/a", "1");
        live.until_text("a", "1").await;
        fs::rename(world.path("home/skills"), world.path("aside")).unwrap();
        fs::rename(world.path("aside"), world.path("home/skills")).unwrap();
        world.skill("home/skills/a", "2");
        live.until_text("a", "2").await;
        world.skill("home/skills/a", "3");
        live.until_text("a", "3").await;
    });
}

#[test]
fn editors_that_rename_are_followed() {
    both_ways(&async |world, mut live| {
        let file = world.skill("home/skills/a", "0");
        live.until_text("a", "0").await;
        for number in 1..4 {
            let text = number.to_string();
            // The old file becomes a backup, the new one is written under another name.
            let new = world.write("home/skills/a/.SKILL.md.swp", skill("a", &text));
            fs::rename(&file, world.path("home/skills/a/SKILL.md~")).unwrap();
            fs::rename(new, &file).unwrap();
            live.until_text("a", &text).await;
        }
    });
}

#[test]
fn a_small_change_with_old_date_is_noticed() {
    let world = World::new();
    let file = world.skill("home/skills/a", "1");
    world.watch(async |mut live| {
        let date = fs::metadata(&file).unwrap().modified().unwrap();
        for text in ["2", "3", "4"] {
            fs::write(&file, skill("a", text)).unwrap();
            fs::File::options().write(true).open(&file).unwrap().set_modified(date).unwrap();
            live.until_text("a", text).await;
        }
    });
}

#[test]
fn what_a_link_leads_to_is_followed() {
    both_ways(&async |world, mut live| {
        world.skill("home/skills/.store/a", "1");
        symlink(world.path("home/skills/.store/a"), world.path("home/skills/a")).unwrap();
        live.until_text("a", "1").await;
        world.skill("home/skills/.store/a", "2");
        live.until_text("a", "2").await;
        fs::remove_file(world.path("home/skills/a")).unwrap();
        live.until_skill("a", "gone").await;
    });
}

#[test]
fn links_into_unwatched_folders_are_followed() {
    both_ways(&async |world, mut live| {
        // Folders of this name are not watched otherwise.
        let package =
            |name: &str, text: &str| world.skill(&format!("home/skills/node_modules/{name}"), text);
        fs::create_dir_all(world.path("home/skills/file")).unwrap();
        let at = |name: &str| world.path("home/skills").join(name);
        package("folder", "1");
        package("file", "1");
        symlink(at("node_modules/folder"), at("folder")).unwrap();
        symlink("../node_modules/file/SKILL.md", at("file/SKILL.md")).unwrap();
        // It leads nowhere until a part of its target is there after the other.
        symlink("node_modules/late/inner", at("inner")).unwrap();
        live.until_text("folder", "1").await;
        live.until_text("file", "1").await;
        live.until_skill("inner", "invalid").await;
        package("folder", "2");
        live.until_text("folder", "2").await;
        package("file", "2");
        live.until_text("file", "2").await;
        package("late/inner", "1");
        live.until_text("inner", "1").await;
        package("late/inner", "2");
        live.until_text("inner", "2").await;
        world.remove("home/skills/node_modules/late");
        live.until_skill("inner", "invalid").await;
    });
}

#[test]
fn a_root_may_be_a_link() {
    both_ways(&async |world, mut live| {
        world.skill("dotfiles/skills/a", "1");
        fs::create_dir_all(world.path("home")).unwrap();
        symlink(world.path("dotfiles/skills"), world.path("home/skills")).unwrap();
        live.until_text("a", "1").await;
        world.skill("dotfiles/skills/a", "2");
        live.until_text("a", "2").await;
        world.skill("other/skills/a", "3");
        fs::remove_file(world.path("home/skills")).unwrap();
        symlink(world.path("other/skills"), world.path("home/skills")).unwrap();
        live.until_text("a", "3").await;
    });
}

#[test]
fn a_thousand_skills_are_one_or_two_generations() {
    const SKILLS: usize = 1_000;
    let world = World::new();
    fs::create_dir_all(world.path("home/skills")).unwrap();
    // However busy the machine is, writing them all takes less than the longest wait.
    let config = WatchConfig {
        debounce: Duration::from_millis(300),
        longest_wait: Duration::from_secs(20),
        ..WatchConfig::default()
    };
    World::run(world.builder().watch(config), Watching::Is, async |mut live| {
        let before = live.host.snapshot().generation;
        for number in 0..SKILLS {
            world.skill(&format!("home/skills/skill-{number}"), "text");
        }
        live.until("all are there", |snapshot| snapshot.skills.len() == SKILLS).await;
        let after = live.host.snapshot().generation;
        assert!((1..=2).contains(&(after - before)), "{} generations", after - before);

        world.remove("home/skills");
        live.until("all are gone", |snapshot| snapshot.skills.is_empty()).await;
        let gone = live.host.snapshot().generation;
        assert!((1..=2).contains(&(gone - after)), "{} generations", gone - after);
    });
}

#[test]
fn changes_while_a_reload_runs_are_not_lost() {
    let world = World::new();
    for number in 0..50 {
        world.skill(&format!("home/skills/skill-{number}"), "0");
    }
    let config = WatchConfig {
        debounce: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
        ..WatchConfig::default()
    };
    World::run(world.builder().watch(config), Watching::Is, async |mut live| {
        for round in 1..20 {
            for number in 0..50 {
                world.skill(&format!("home/skills/skill-{number}"), &round.to_string());
                // The loader is at work in between.
                futures_lite::future::yield_now().await;
            }
        }
        for number in 0..50 {
            live.until_text(&format!("skill-{number}"), "19").await;
        }
    });
}

#[test]
fn a_rebuilt_module_is_put_into_service() {
    both_ways(&async |world, mut live| {
        let manifest = json!({
            "id": "built", "name": "Built", "version": "1.0.0", "capabilities": ["tool"],
            "wasm_module": "target/release/built.wasm",
        });
        world.write("home/plugins/built/weft.plugin.json", manifest.to_string());
        world.write("home/plugins/built/target/release/built.wasm", module("echo"));
        live.until("it is there", |it| it.plugins.plugin("built").is_some()).await;
        let tools = |it: &weft_lite::Snapshot| it.plugins.plugin("built").map(|it| it.tools.len());
        let before = tools(&live.host.snapshot());
        world.write("home/plugins/built/target/release/built.wasm", module("probe"));
        live.until("the new one is", |it| tools(it) != before && tools(it).is_some()).await;
    });
}

#[test]
fn only_what_changed_is_read_again() {
    let world = World::new();
    world.skill("home/skills/a", "1");
    world.skill("home/skills/b", "1");
    world.watch(async |mut live| {
        let before = live.skill("b").document.unwrap();
        world.skill("home/skills/a", "2");
        live.until_text("a", "2").await;
        let after = live.skill("b").document.unwrap();
        assert!(std::sync::Arc::ptr_eq(&before, &after));
    });
}

#[test]
fn dropping_the_watcher_stops_it() {
    let world = World::new();
    let runtime = world.builder().build();
    runtime.block_on(async {
        runtime.load().await.unwrap();
        let watcher = runtime.watch();
        patiently("the watcher", watcher.ready()).await;
        let mut subscription = runtime.host().subscribe();
        world.skill("home/skills/a", "1");
        // A file that is written may be told of twice: when it is there, and when it is whole.
        let is_whole = || {
            let snapshot = runtime.host().snapshot();
            snapshot.skills.get("a").is_some_and(|entry| {
                let document = entry.document.as_ref();
                document.is_some_and(|document| document.instructions.trim() == "1")
            })
        };
        while !is_whole() {
            patiently("the change", subscription.next()).await.unwrap();
        }
        drop(watcher);
        // The loader may be at work on what it was told last.
        runtime.load().await.unwrap();
        world.skill("home/skills/b", "1");
        // A tenth of a second is what the watcher would wait; nothing depends on it being exact.
        let told = or(async { Some(subscription.next().await) }, async {
            Timer::after(Duration::from_millis(400)).await;
            None
        });
        assert!(told.await.is_none());
        runtime.load().await.unwrap();
        assert!(poll_once(subscription.next()).await.flatten().is_some(), "and a reload finds it");
    });
}

#[test]
fn many_modules_in_succession_end_with_the_last() {
    both_ways(&async |world, mut live| {
        for number in 0..10 {
            let bytes = varied(&module("probe"), number);
            let version = format!("1.0.{number}");
            world.plugin("home/plugins/probe", &version, &bytes, &json!({}));
        }
        let is_last = |it: &weft_lite::Snapshot| {
            let plugin = it.plugins.plugin("probe");
            plugin.is_some_and(|plugin| plugin.manifest.version.to_string() == "1.0.9")
        };
        live.until("the last version", is_last).await;
    });
}
