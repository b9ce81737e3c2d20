//! The places of authority and the kernel's windows, each with the grant that led there.

use std::fs;

use serde_json::json;
use weft_lite::package::{PackageKind, uninstall};

use crate::world::{AUTHORITY, KERNEL, OWN, World};

#[test]
fn a_workspace_plugin_cannot_rewrite_itself() {
    let world = World::with_plugin_in("work/plugins/probe");
    let loaded = world.load(&json!(["$WORKSPACE"]));
    assert_eq!(loaded.warnings(), [""; 0]);
    assert_eq!(loaded.write("notes.txt", "mine"), Ok(()));
    let manifest = world.text("work/plugins/probe/weft.plugin.json");
    loaded.not_written("plugins/probe/weft.plugin.json", OWN);
    loaded.not_written("plugins/probe/new/file", OWN);
    for path in ["plugins/other/weft.plugin.json", "plugins/weft.plugin.json", "plugins/probe2"] {
        loaded.denied(path, AUTHORITY);
    }
    assert_eq!(world.text("work/plugins/probe/weft.plugin.json"), manifest);
    assert_eq!(fs::read_dir(world.path("work/plugins")).unwrap().count(), 1);
    assert!(loaded.read("plugins/probe/weft.plugin.json").unwrap().contains("probe"));
}

#[test]
fn an_installed_plugin_writes_only_its_own_data() {
    let world = World::with_plugin_in("home/.weft/plugins/probe");
    let grants = json!(["$PLUGIN_DIR", "$PLUGIN_DATA", "~"]);
    let loaded = world.load(&grants);
    assert_eq!(loaded.warnings(), [""; 0]);
    for file in ["weft.plugin.json", "plugin.wasm", "install.json"] {
        loaded.not_written(file, OWN);
        loaded.not_written(world.path("home/.weft/plugins/probe").join(file), OWN);
        loaded.not_written(format!(".weft/plugins/probe/{file}"), AUTHORITY);
    }
    assert!(loaded.read("weft.plugin.json").unwrap().contains("probe"));
    let state = world.path("home/.weft/data/plugins/probe/state/a.txt");
    assert_eq!(loaded.write(&state, "kept"), Ok(()));
    assert_eq!(loaded.read(&state), Ok("kept".into()));
    for path in ["data/plugins/other/a.txt", "data/plugins/a.txt", "approvals.json"] {
        loaded.denied(world.path("home/.weft").join(path), AUTHORITY);
    }
    // It goes with the plugin.
    let removed = uninstall(&world.path("home/.weft"), PackageKind::Plugin, "probe").unwrap();
    assert!(removed && !state.exists());
}

#[test]
fn no_two_places_share_data() {
    let world = World::new();
    let home = world.path("home/.weft");
    let installed = world.write("home/.weft/data/plugins/probe/a.txt", "of the installed one");
    let loaded = world.load(&json!(["$PLUGIN_DATA", "~"]));
    assert!(loaded.read("a.txt").unwrap_err().starts_with("file not found"));
    assert_eq!(loaded.write("a.txt", "of the folder"), Ok(()));
    loaded.denied(&installed, AUTHORITY);
    assert_eq!(fs::read_dir(home.join("data/folders")).unwrap().count(), 1);
}

#[test]
fn without_a_home_there_is_no_data() {
    let world = World::new();
    let plugins = world.path("plugins");
    let loaded = world.load_with(&json!(["$PLUGIN_DATA"]), |builder| builder.plugins(plugins));
    assert!(
        loaded.warnings()[0].ends_with("set `WEFT_HOME` to a folder"),
        "{:?}",
        loaded.warnings()
    );
}

#[test]
fn the_workspaces_settings_skills_and_prompts_are_closed() {
    let world = World::new();
    world.write("work/.weft/config.yaml", "env: { never: [SECRET] }");
    let loaded = world.load(&json!(["$WORKSPACE"]));
    for path in [
        ".weft/config.yaml",
        ".weft/skills/x/SKILL.md",
        ".clawft/skills/x/SKILL.md",
        ".agents/skills/x/SKILL.md",
        ".agents",
        "SOUL.md",
        "below/.weft/config.yaml",
        "below/SOUL.md",
    ] {
        loaded.denied(path, AUTHORITY);
    }
    assert_eq!(world.text("work/.weft/config.yaml"), "env: { never: [SECRET] }");
    assert_eq!(fs::read_dir(world.path("work")).unwrap().count(), 1);
    assert_eq!(loaded.write("skills/x/SKILL.md", "ordinary"), Ok(()));
}

#[test]
fn a_guest_cannot_create_a_missing_home() {
    let world = World::new();
    let home = world.path("home/config/weft");
    let plugins = world.path("plugins");
    let loaded =
        world.load_with(&json!(["~"]), |builder| builder.weft_home(&home).plugins(plugins));
    for path in ["approvals.json", "trusted-keys/a.json", "secrets/a.json", "plugins/x/plugin.wasm"]
    {
        loaded.denied(format!("config/weft/{path}"), AUTHORITY);
        loaded.not_written(format!("CONFIG/Weft/{path}"), AUTHORITY);
    }
    assert!(!world.path("home/config").exists() && !world.path("home/CONFIG").exists());
    assert_eq!(loaded.write("config/other/file", ""), Ok(()));
    loaded.denied("config/weft/approvals.json", AUTHORITY);
    // And when it is there, under whatever name.
    world.write("home/config/weft/secrets/API.json", "hush");
    loaded.denied("config/weft/secrets/API.json", AUTHORITY);
    fs::rename(&home, world.path("home/elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", &home).unwrap();
    loaded.denied("elsewhere/secrets/API.json", AUTHORITY);
}

#[test]
fn a_folder_around_the_home_gives_no_secret() {
    let world = World::new();
    world.write("home/.weft/secrets/API.json", "hush");
    world.write("home/notes.txt", "readable");
    let loaded = world.load(&json!([world.path(""), "$WORKSPACE"]));
    assert_eq!(loaded.read(world.path("home/notes.txt")), Ok("readable".into()));
    for path in
        ["secrets/API.json", "secrets/none.json", "approvals.json", "store/memory.kv", "none/none"]
    {
        loaded.denied(world.path("home/.weft").join(path), AUTHORITY);
    }
}

#[test]
fn the_kernels_windows_are_closed() {
    let world = World::new();
    let grants = json!([
        "/",
        "/proc",
        "/sys",
        "/dev",
        "/proc/self/environ",
        "/proc/1/cmdline",
        "/proc/uptime"
    ]);
    let loaded = world.load(&grants);
    let warnings = loaded.warnings();
    for (grant, warning) in
        ["/proc", "/sys", "/dev", "/proc/self/environ", "/proc/1/cmdline"].iter().zip(&warnings)
    {
        assert!(warning.contains(&format!("`{grant}` stays closed")), "{warnings:?}");
    }
    assert_eq!(warnings.len(), 5, "{warnings:?}");
    for path in [
        "/proc/self/environ",
        "/proc/self/cmdline",
        "/proc/thread-self/environ",
        "/proc/self/root/etc/passwd",
        "/proc/none",
        "/sys/kernel/none",
        "/dev/null",
        "/dev/shm/none",
    ] {
        loaded.denied(path, KERNEL);
    }
    assert!(loaded.read("/proc/uptime").is_ok(), "it is named");
    assert!(loaded.write("/proc/uptime", "0").is_err());
}

#[test]
fn a_grant_naming_a_place_is_refused() {
    let world = World::new();
    world.write("home/.weft/approvals.json", "{}");
    let grants = json!([
        "~/.weft",
        "~/.weft/approvals.json",
        "~/.weft/none",
        "$WORKSPACE/.weft/skills",
        "$WORKSPACE/SOUL.md",
        "$WORKSPACE/.Agents",
        world.path("plugins"),
        "$WORKSPACE",
    ]);
    let loaded = world.load(&grants);
    let warnings = loaded.warnings();
    assert_eq!(warnings.len(), 7, "{warnings:?}");
    for (grant, warning) in grants.as_array().unwrap().iter().zip(&warnings) {
        let start = format!("the filesystem grant `{}` stays closed: ", grant.as_str().unwrap());
        assert!(warning.starts_with(&start), "{warning}");
        assert!(warning.contains("weft-lite takes authority from it"), "{warning}");
    }
    assert_eq!(loaded.write("ordinary.txt", "open"), Ok(()));
}
