//! What is found beneath a root, and what is left alone and said.

use std::fs;
use std::os::unix::fs::symlink;

use crate::world::{World, module, skill};

/// The first diagnostic's rule of a skill.
fn code(live: &crate::world::Live<'_>, name: &str) -> &'static str {
    live.skill(name).diagnostics.first().map_or("", |diagnostic| diagnostic.code)
}

#[test]
fn skills_are_found_in_any_spelling_and_collection() {
    let world = World::new();
    world.skill("home/skills/upper", "1");
    world.write("home/skills/lower/skill.md", skill("lower", "2"));
    world.write("home/skills/mixed/Skill.md", skill("mixed", "3"));
    world.skill("home/skills/collection/deep/inner", "4");
    world.load(async |live| {
        for (name, text) in [("upper", "1"), ("lower", "2"), ("mixed", "3"), ("inner", "4")] {
            assert_eq!((live.state(name), live.text(name).as_str()), ("active", text), "{name}");
        }
    });
}

#[test]
fn what_lies_inside_a_skill_is_its_content() {
    let world = World::new();
    world.skill("home/skills/alpha", "outer");
    world.skill("home/skills/alpha/fixtures/zeta", "never meant");
    world.skill("home/skills/zeta", "meant");
    world.skill("home/skills/collection/inner", "an inner one");
    world.load(async |live| {
        assert_eq!(live.text("zeta"), "meant");
        assert_eq!(live.host.snapshot().skills.all("zeta").len(), 1);
        // A change inside it is none of a skill, and new ones there are none.
        let more = world.skill("home/skills/alpha/fixtures/more", "none");
        let again = world.skill("home/skills/alpha/fixtures/zeta", "again");
        live.runtime.loader().refresh_paths([more, again].into()).await.unwrap();
        assert_eq!((live.state("more"), live.text("zeta").as_str()), ("gone", "meant"));
        // What was a collection becomes a skill, and is a collection again.
        let file = world.skill("home/skills/collection", "one skill");
        live.runtime.loader().refresh_paths([file.clone()].into()).await.unwrap();
        assert_eq!((live.state("collection"), live.state("inner")), ("active", "gone"));
        world.remove("home/skills/collection/SKILL.md");
        live.runtime.loader().refresh_paths([file].into()).await.unwrap();
        assert_eq!((live.state("collection"), live.state("inner")), ("gone", "active"));
    });
}

#[test]
fn hidden_and_deep_folders_are_ignored() {
    let world = World::new();
    world.skill("home/skills/.hidden", "no");
    world.skill("home/skills/.git/hooked", "no");
    world.skill("home/skills/app/node_modules/dependency", "no");
    world.skill("home/skills/1/2/3/4/5/6/7/8/deepest", "no");
    world.skill("home/skills/1/2/3/4/5/6/7/deep", "yes");
    world.load(async |live| {
        let names: Vec<_> =
            live.host.snapshot().skills.entries().map(|entry| entry.name.to_string()).collect();
        assert_eq!(names, ["deep"]);
    });
}

#[test]
fn links_are_followed_only_inside_the_root() {
    let world = World::new();
    world.skill("elsewhere/stranger", "never read");
    world.skill("home/skills/.store/kept", "by a link");
    world.skill("home/skills/real", "itself");
    let at = |name: &str| world.path(&format!("home/skills/{name}"));
    symlink(at(".store/kept"), at("kept")).unwrap();
    symlink(at("real"), at("again")).unwrap();
    symlink(world.path("elsewhere/stranger"), at("stranger")).unwrap();
    symlink(world.path("nowhere"), at("broken")).unwrap();
    symlink("..", at("real/circle")).unwrap();
    fs::create_dir(at("file")).unwrap();
    symlink(world.path("elsewhere/stranger/SKILL.md"), at("file/SKILL.md")).unwrap();
    fs::create_dir(at("shared")).unwrap();
    symlink("../.store/kept/SKILL.md", at("shared/SKILL.md")).unwrap();
    world.load(async |live| {
        assert_eq!(live.text("kept"), "by a link");
        assert_eq!(live.host.snapshot().skills.all("real").len(), 1, "a link to it is no other");
        for (name, rule) in
            [("stranger", "link-outside"), ("broken", "broken-link"), ("file", "link-outside")]
        {
            assert_eq!((live.state(name), code(&live, name)), ("invalid", rule), "{name}");
        }
        // The same file under another folder's name is the same skill twice.
        assert_eq!(live.host.snapshot().skills.all("kept").len(), 2);
    });
}

#[test]
fn names_differing_in_case_only_are_reported() {
    let world = World::new();
    world.write("home/skills/Deploy/SKILL.md", skill("Deploy", "first"));
    world.write("home/skills/deploy/SKILL.md", skill("deploy", "second"));
    world.load(async |live| {
        assert_eq!(live.text("deploy"), "first");
        let snapshot = live.host.snapshot();
        let other = &snapshot.skills.all("deploy")[1];
        assert_eq!(other.state.as_str(), "shadowed");
        assert!(other.diagnostics.iter().any(|diagnostic| diagnostic.code == "same-name"));
    });
}

#[test]
fn a_file_without_content_is_invalid_with_reason() {
    let world = World::new();
    world.write("home/skills/empty/SKILL.md", "");
    world.write("home/skills/huge/SKILL.md", "x".repeat(300 << 10));
    fs::create_dir_all(world.path("home/skills/folder/SKILL.md")).unwrap();
    world.load(async |live| {
        for name in ["empty", "huge"] {
            let entry = live.skill(name);
            assert_eq!((entry.state.as_str(), entry.document.is_none()), ("invalid", true));
            assert!(!entry.diagnostics.is_empty());
        }
        assert_eq!(live.state("folder"), "gone", "a folder of that name is none");
        assert_eq!(live.host.snapshot().skills.active().count(), 0);
    });
}

#[test]
fn a_skills_module_provides_tools_without_permissions() {
    for name in ["plugin.wasm", "module.wasm"] {
        let world = World::new();
        world.skill("home/skills/helper", "call `helper__echo`");
        world.write(&format!("home/skills/helper/{name}"), module("probe"));
        world.load(async |live| {
            assert_eq!(live.state("helper"), "active");
            assert_eq!(live.skill("helper").provider.as_deref(), Some("helper"));
            assert_eq!(live.call("helper__echo", "7").await.unwrap(), "7");
            let registry = live.host.registry();
            assert!(registry.plugin("helper").unwrap().manifest.permissions.is_empty());
        });
    }
}

#[test]
fn a_skill_with_a_broken_module_is_unavailable() {
    let world = World::new();
    world.skill("home/skills/helper", "text");
    world.write("home/skills/helper/plugin.wasm", "not a module");
    world.skill("home/skills/data", "has a file that is no code of its own");
    world.write("home/skills/data/example.wasm", "anything");
    world.load(async |live| {
        assert_eq!(live.state("helper"), "unavailable");
        assert_eq!(live.refusals().len(), 1);
        assert_eq!((live.state("data"), live.skill("data").provider), ("active", None));
    });
}

#[cfg(feature = "bundled")]
#[test]
fn the_program_explains_itself() {
    let world = World::new();
    let runtime = weft_lite::Runtime::builder().build();
    drop(world);
    runtime.block_on(async {
        runtime.load().await.unwrap();
        let snapshot = runtime.host().snapshot();
        for name in ["using-weft-lite", "writing-a-plugin", "writing-a-skill", "text-stats"] {
            let entry = snapshot.skills.get(name).unwrap();
            assert_eq!((entry.state.as_str(), entry.path.is_none()), ("active", true), "{name}");
            assert!(entry.diagnostics.is_empty(), "{:?}", entry.diagnostics);
        }
        let with_code = snapshot.skills.get("text-stats").unwrap();
        assert_eq!(with_code.provider.as_deref(), Some("text-stats"));
    });
}
