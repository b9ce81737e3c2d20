//! The ways by which a path can lead to a place.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::json;

use crate::world::{AUTHORITY, World};

#[test]
fn links_lead_nowhere() {
    let world = World::new();
    world.write("home/.weft/secrets/API.json", "hush");
    world.write("home/real/config.yaml", "limits: {}");
    symlink(".weft", world.path("home/folder")).unwrap();
    symlink("folder/secrets/API.json", world.path("home/file")).unwrap();
    symlink(".weft/none", world.path("home/dangling")).unwrap();
    symlink("../real", world.path("home/sub")).unwrap();
    // A place that is itself a link: what it leads to is the place.
    symlink("../home/real", world.path("work/.weft")).unwrap();
    let loaded = world.load(&json!(["~"]));
    for path in
        ["folder/secrets/API.json", "folder/none/none", "file", "dangling", "real/config.yaml"]
    {
        loaded.denied(path, AUTHORITY);
    }
    assert_eq!(world.text("home/real/config.yaml"), "limits: {}");
}

#[test]
fn a_linked_skill_or_plugin_closes_its_target() {
    let world = World::new();
    world.write("work/mine/SKILL.md", "words");
    fs::create_dir_all(world.path("home/.weft/skills")).unwrap();
    symlink(world.path("work/mine"), world.path("home/.weft/skills/mine")).unwrap();
    let loaded = world.load(&json!(["$WORKSPACE"]));
    loaded.denied("mine/SKILL.md", AUTHORITY);
}

#[test]
fn another_name_of_the_same_file_leads_nowhere() {
    let world = World::new();
    let secret = world.write("home/.weft/secrets/API.json", "hush");
    fs::hard_link(secret, world.path("work/innocent.txt")).unwrap();
    let note = world.write("work/note.txt", "mine");
    fs::hard_link(note, world.path("work/same.txt")).unwrap();
    let loaded = world.load(&json!(["$WORKSPACE"]));
    loaded.denied("innocent.txt", AUTHORITY);
    assert_eq!(loaded.read("same.txt"), Ok("mine".into()));
    assert_eq!(loaded.write("same.txt", "new"), Ok(()));
}

#[test]
fn dots_and_other_spellings_lead_nowhere() {
    let world = World::new();
    world.write("work/.weft/config.yaml", "limits: {}");
    let loaded = world.load(&json!(["$WORKSPACE"]));
    for path in [
        "a/../.weft/config.yaml",
        "./.weft/./config.yaml",
        ".WEFT/config.yaml",
        ".Weft/new/file",
        ".weft./config.yaml",
        ".we\u{200c}ft/config.yaml",
        "WEFT~1/config.yaml",
        ".agent\u{17f}/skills/x/SKILL.md",
        "soul.MD",
        "\u{17f}oul.md",
    ] {
        loaded.denied(path, AUTHORITY);
    }
    assert_eq!(loaded.write("souls.md", "ordinary"), Ok(()));
    assert_eq!(fs::read_dir(world.path("work")).unwrap().count(), 2);
}

#[test]
fn a_folder_moved_into_a_place_is_closed() {
    let world = World::new();
    world.write("work/shared/note.txt", "mine");
    let loaded = world.load(&json!(["$WORKSPACE/shared"]));
    assert_eq!(loaded.read("note.txt"), Ok("mine".into()));
    fs::create_dir(world.path("home/.weft")).unwrap();
    fs::rename(world.path("work/shared"), world.path("home/.weft/secrets")).unwrap();
    loaded.denied("note.txt", AUTHORITY);
    loaded.denied("new.txt", AUTHORITY);
}

#[test]
fn a_place_that_is_made_later_is_closed() {
    let world = World::new();
    let loaded = world.load(&json!(["$WORKSPACE", "~"]));
    world.write("home/.weft/secrets/API.json", "hush");
    world.write("work/linked/SOUL.md", "words");
    loaded.denied(world.path("home/.weft/secrets/API.json"), AUTHORITY);
    loaded.denied("linked/SOUL.md", AUTHORITY);
    fs::rename(world.path("home/.weft"), world.path("home/aside")).unwrap();
    symlink("aside", world.path("home/.weft")).unwrap();
    world.write("home/aside/approvals.json", "{}");
    loaded.denied(world.path("home/aside/approvals.json"), AUTHORITY);
}

#[test]
fn a_mount_of_a_place_leads_nowhere() {
    let world = World::new();
    world.write("home/.weft/secrets/API.json", "hush");
    world.write("home/.weft/approvals.json", "{}");
    fs::create_dir_all(world.path("work/way/in")).unwrap();
    world.write("work/file", "");
    let mounts =
        [("home/.weft/secrets", "work/way/in"), ("home/.weft/approvals.json", "work/file")];
    let mounted = mounts.map(|(from, to)| {
        let mount =
            Command::new("mount").arg("--bind").arg(world.path(from)).arg(world.path(to)).output();
        mount.is_ok_and(|mount| mount.status.success()).then(|| Mounted(world.path(to)))
    });
    if mounted.iter().any(Option::is_none) {
        println!("skipped: nobody may mount here");
        return;
    }
    let loaded = world.load(&json!(["$WORKSPACE", "$WORKSPACE/way/in"]));
    assert_eq!(loaded.warnings().len(), 1, "{:?}", loaded.warnings());
    for path in ["way/in/API.json", "way/in/new.json", "file"] {
        loaded.denied(path, AUTHORITY);
    }
}

struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn leftovers_of_a_killed_write_are_removed() {
    let world = World::new();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7_200);
    let left = ["work/.weft-4711-0.tmp", "work/below/.weft-4711-1.tmp"];
    for name in left.into_iter().chain(["work/.weft-mine.tmp"]) {
        let file = fs::File::create(world.write(name, "")).unwrap();
        file.set_modified(old).unwrap();
    }
    // Another process may be at it right now.
    world.write("work/.weft-4712-0.tmp", "");
    world.load(&json!(["$WORKSPACE"]));
    assert_eq!(left.map(|name| world.path(name).exists()), [false, false]);
    assert!(world.path("work/.weft-mine.tmp").exists());
    assert!(world.path("work/.weft-4712-0.tmp").exists());
}

#[test]
fn one_write_makes_few_folders() {
    let world = World::new();
    let loaded = world.load(&json!(["$WORKSPACE"]));
    assert_eq!(loaded.write("a/".repeat(32) + "file", ""), Ok(()));
    loaded.not_written(
        "b/".repeat(33) + "file",
        "filesystem access denied: more than 32 new folders",
    );
    assert!(!world.path("work/b").exists());
}
