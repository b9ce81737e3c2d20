//! Each way by which a path can lead to a place, on the built program.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::program::{Machine, Running, skip};
use crate::world::AUTHORITY;

#[test]
fn way_link() {
    let machine = Machine::new();
    machine.write("home/.weft/secrets/API.json", "hush");
    machine.write("home/dotfiles/config.yaml", "limits: {}\n");
    machine.write("home/dotfiles/keys/me.pub", "");
    symlink("../.weft", machine.path("home/work/folder")).unwrap();
    symlink("../.weft/secrets/API.json", machine.path("home/work/file")).unwrap();
    // Places that are links themselves, one of them to what is not there yet.
    for (place, to) in [
        ("config.yaml", "../dotfiles/config.yaml"),
        ("trusted-keys", "../dotfiles/keys"),
        ("store", "../dotfiles/store"),
        ("approvals.json", "../dotfiles/none/approvals.json"),
    ] {
        symlink(to, machine.path("home/.weft").join(place)).unwrap();
    }
    let mut running = machine.granting(&json!(["~"]));
    for path in [
        "work/folder/secrets/API.json",
        "work/folder/none",
        "work/file",
        "dotfiles/config.yaml",
        "dotfiles/keys/me.pub",
        "dotfiles/keys/new.pub",
        "dotfiles/store/memory.kv",
        "dotfiles/none/approvals.json",
    ] {
        running.denied(path);
    }
    assert_eq!(running.write("dotfiles/ordinary", ""), Ok(()));
    running.end();
}

#[test]
fn way_hard_link() {
    let machine = Machine::new();
    let secret = machine.write("home/.weft/secrets/API.json", "hush");
    let mut running = machine.granting(&json!(["$WORKSPACE"]));
    fs::hard_link(secret, machine.path("home/work/innocent.txt")).unwrap();
    running.denied("innocent.txt");
    running.end();
}

/// What is of another project counts only there: a file of it with a name outside can be read, and
/// writing gives that name to another file.
#[test]
fn way_hard_link_from_another_projects_folder() {
    let machine = Machine::new();
    let other = machine.write("home/work/other/.weft/config.yaml", "env: {never: [CITY]}\n");
    fs::hard_link(other, machine.path("home/work/innocent.yaml")).unwrap();
    let mut running = machine.granting(&json!(["$WORKSPACE"]));
    running.denied("other/.weft/config.yaml");
    assert_eq!(running.write("innocent.yaml", "forged"), Ok(()));
    assert_eq!(machine.text("home/work/other/.weft/config.yaml"), "env: {never: [CITY]}\n");
    running.end();
}

/// The program in mounts of its own, where `from` is mounted on `to`.
fn mounted(machine: &Machine, mounts: &[(&str, &str)]) -> Option<Running> {
    let line = |(from, to): &(&str, &str)| {
        format!("mount --bind {} {}", machine.path(from).display(), machine.path(to).display())
    };
    let first: Vec<String> = mounts.iter().map(line).collect();
    let plugins = machine.path("plugins");
    let run = ["run", "--json", "--plugins", plugins.to_str().unwrap()];
    machine.command_after(&first.join("\n"), &run).map(Running::of)
}

#[test]
fn way_bind_mount() {
    let machine = Machine::new();
    machine.write("home/.weft/secrets/API.json", "hush");
    machine.write("home/.weft/approvals.json", "{\"plugins\":{}}");
    fs::create_dir_all(machine.path("home/work/way/in")).unwrap();
    machine.write("home/work/file", "");
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["$WORKSPACE"] }));
    let mounts = [
        ("home/.weft/secrets", "home/work/way/in"),
        ("home/.weft/approvals.json", "home/work/file"),
    ];
    let Some(mut running) = mounted(&machine, &mounts) else { skip!("nobody may mount here") };
    for path in ["way/in/API.json", "way/in/new.json", "file"] {
        running.denied(path);
    }
    running.end();
}

#[test]
fn way_bind_mount_of_grant_into_place() {
    let machine = Machine::new();
    machine.plugin("mine", "home/work/mine", "0.2.0", &json!({}));
    machine.write("home/work/skill/SKILL.md", "words");
    machine.write("home/work/config.yaml", "");
    machine.write("home/.weft/config.yaml", "");
    for place in ["plugins/mine", "skills/skill"] {
        fs::create_dir_all(machine.path("home/.weft").join(place)).unwrap();
    }
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["$WORKSPACE"] }));
    let mounts = [
        ("home/work/mine", "home/.weft/plugins/mine"),
        ("home/work/skill", "home/.weft/skills/skill"),
        ("home/work/config.yaml", "home/.weft/config.yaml"),
    ];
    let Some(mut running) = mounted(&machine, &mounts) else { skip!("nobody may mount here") };
    for path in ["mine/weft.plugin.json", "mine/new", "skill/SKILL.md", "config.yaml"] {
        running.denied(path);
    }
    running.end();
}

/// What is mounted while it runs is closed from the first access on.
#[test]
fn way_bind_mount_made_later() {
    let machine = Machine::new();
    machine.write("home/.weft/secrets/API.json", "hush");
    machine.write("home/.weft/approvals.json", "{\"plugins\":{}}");
    machine.write("home/work/vault/API.json", "hush");
    machine.write("home/work/way/in/note.txt", "mine");
    machine.write("home/work/file", "mine");
    machine.write("home/work/all/note.txt", "mine");
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["$WORKSPACE"] }));
    let Some(mut running) = mounted(&machine, &[]) else { skip!("nobody may mount here") };
    for path in ["way/in/note.txt", "file", "all/note.txt"] {
        assert_eq!(running.read(path), Ok("mine".into()), "{path}");
    }
    let mounts = [
        ("home/.weft/secrets", "home/work/way/in"),
        ("home/.weft/approvals.json", "home/work/file"),
        ("home", "home/work/all"),
    ];
    for (from, to) in mounts {
        if !running.mounts(&machine.path(from), &machine.path(to)) {
            skip!("nobody may mount into the running program here");
        }
    }
    for path in ["way/in/API.json", "way/in/new.json", "file", "all/.weft/secrets/API.json"] {
        running.denied(path);
    }
    assert_eq!(running.read("vault/API.json"), Ok("hush".into()));
    let secrets = machine.path("home/.weft/secrets");
    assert!(running.mounts(&machine.path("home/work/vault"), &secrets));
    running.denied("vault/API.json");
    running.denied("vault/new.json");
    running.end();
}

/// The same with a link, which needs nobody's leave.
#[test]
fn way_link_made_later_replaces_a_folder() {
    let machine = Machine::new();
    machine.write("home/.weft/secrets/API.json", "hush");
    let mut running = machine.granting(&json!(["$WORKSPACE"]));
    for name in ["secrets", "skills", "plugins", "trusted-keys"] {
        let moved = format!("home/work/{name}");
        match name {
            "secrets" => {
                fs::rename(machine.path("home/.weft/secrets"), machine.path(&moved)).unwrap();
            }
            _ => drop(machine.write(&format!("{moved}/API.json"), "hush")),
        }
        let place = machine.path("home/.weft").join(name);
        let _ = fs::remove_dir_all(&place);
        symlink(machine.path(&moved), place).unwrap();
        running.denied(format!("{name}/API.json"));
        running.denied(format!("{name}/new"));
    }
    running.end();
}

#[test]
fn way_dots() {
    let machine = Machine::new();
    machine.write("home/work/.weft/config.yaml", "");
    let mut running = machine.granting(&json!(["$WORKSPACE"]));
    for path in
        ["a/../.weft/config.yaml", "./.weft/./x/../config.yaml", ".weft/skills/../config.yaml"]
    {
        running.denied(path);
    }
    for path in ["../.weft/secrets/API.json", "a/../../.weft/approvals.json"] {
        assert!(running.read(path).unwrap_err().ends_with("path outside sandbox"));
        assert!(running.write(path, "").unwrap_err().ends_with("path outside sandbox"));
    }
    running.end();
}

#[test]
fn way_case() {
    let machine = Machine::new();
    machine.write("home/work/.weft/config.yaml", "limits: {}\n");
    let mut running = machine.granting(&json!(["~"]));
    // Where the file system tells them apart these are other names, and closed all the same.
    for path in [
        "work/.WEFT/config.yaml",
        "work/.Weft/skills/x/SKILL.md",
        "work/Soul.MD",
        "work/.we\u{200c}ft/config.yaml",
        "work/WEFT~1/config.yaml",
        ".Weft/approvals.json",
    ] {
        running.denied(path);
    }
    running.end();
}

#[test]
fn way_case_on_a_case_folding_file_system() {
    let machine = Machine::new();
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["$WORKSPACE"] }));
    machine.write("folds", "");
    let plugins = machine.path("plugins");
    let run = ["run", "--json", "--plugins", plugins.to_str().unwrap()];
    let work = machine.path("home/work");
    let work = work.display();
    let command = match machine.path("FOLDS").exists() {
        true => Some(machine.command(&run)),
        false => machine.command_after(
            &format!("mount -t tmpfs -o casefold none {work}; chattr +F {work}"),
            &run,
        ),
    };
    let Some(command) = command else { skip!("there is no file system that folds case") };
    let mut running = Running::of(command);
    assert_eq!(running.write("Note.txt", "mine"), Ok(()));
    assert_eq!(running.read("nOTE.TXT"), Ok("mine".into()));
    for path in [".WEFT/config.yaml", ".weFT/x", "SOUL.md", "soul.MD", ".AGENTS/skills/x/SKILL.md"]
    {
        running.denied(path);
    }
    running.end();
}

#[test]
fn way_rename_while_open() {
    let machine = Machine::new();
    machine.write("home/work/shared/note.txt", "mine");
    let mut running = machine.granting(&json!(["$WORKSPACE/shared"]));
    assert_eq!(running.read("note.txt"), Ok("mine".into()));
    fs::create_dir_all(machine.path("home/.weft")).unwrap();
    fs::rename(machine.path("home/work/shared"), machine.path("home/.weft/secrets")).unwrap();
    running.denied("note.txt");
    running.denied("new.txt");
    running.end();
    assert_eq!(machine.text("home/.weft/secrets/note.txt"), "mine");
}

#[test]
fn way_created_later() {
    let machine = Machine::new();
    for name in ["first", "second", "third"] {
        // They wait for approval, so that no plugin is loaded because of them.
        let asks = json!({ "env_vars": ["CITY"] });
        machine.plugin(name, &format!("home/work/{name}"), "0.2.0", &asks);
    }
    let mut running = machine.granting(&json!(["$WORKSPACE", "~"]));
    assert_eq!(running.write("first/README.md", "mine"), Ok(()));
    // Links into the folders of plugins: what they lead to is closed before it is read.
    symlink(machine.path("home/work/first"), machine.path("plugins/first")).unwrap();
    fs::create_dir_all(machine.path("home/.weft/plugins")).unwrap();
    symlink(machine.path("home/work/second"), machine.path("home/.weft/plugins/second")).unwrap();
    running.types("/reload").unwrap();
    for path in ["first/weft.plugin.json", "first/new", "second/weft.plugin.json", "second/new"] {
        running.denied(path);
    }
    // One that leads elsewhere by now.
    fs::remove_file(machine.path("plugins/first")).unwrap();
    symlink(machine.path("home/work/third"), machine.path("plugins/first")).unwrap();
    running.denied("third/weft.plugin.json");
    // Folders, files and other names of them that were not there at the start.
    machine.write("plugins/another/weft.plugin.json", "{}");
    machine.write("home/work/new/.agents/skills/x/SKILL.md", "words");
    let secret = machine.write("home/.weft/secrets/API.json", "hush");
    fs::hard_link(secret, machine.path("home/work/innocent.txt")).unwrap();
    for path in ["new/.agents/skills/x/SKILL.md", "innocent.txt"] {
        running.denied(path);
    }
    running.denied(machine.path("home/.weft/secrets/API.json"));
    running.end();
    let mut running = machine.granting(&json!(["/"]));
    assert_eq!(
        running.read(machine.path("plugins/another/weft.plugin.json")),
        Err(AUTHORITY.into())
    );
    running.end();
}

/// A folder that is moved over what was a place, or becomes one by a link, is closed from then on.
#[test]
fn way_created_later_through_a_link_to_home() {
    let machine = Machine::new();
    machine.write("home/aside/secrets/API.json", "hush");
    let mut running = machine.granting(&json!(["~"]));
    assert_eq!(running.read("aside/secrets/API.json"), Ok("hush".into()));
    // The log of what it did is there by now.
    fs::rename(machine.path("home/.weft"), machine.path("home/before")).unwrap();
    symlink("aside", machine.path("home/.weft")).unwrap();
    running.denied("aside/secrets/API.json");
    running.denied("aside/approvals.json");
    running.end();
}
