//! Each attack that broke the sandbox once, on the built program.

use std::fs;

use serde_json::json;

use crate::program::{Machine, Running, skip};
use crate::world::{KERNEL, OWN};

#[test]
fn line_1_a_workspace_plugin_cannot_rewrite_its_manifest() {
    let machine = Machine::new();
    machine.probe("home/work/plugins/probe", "0.1.0", &json!({ "filesystem": ["$WORKSPACE"] }));
    let manifest = machine.text("home/work/plugins/probe/weft.plugin.json");
    let mut running = machine.start("home/work/plugins", &[]);
    assert_eq!(running.write("notes.txt", "mine"), Ok(()));
    running.not_written("plugins/probe/weft.plugin.json", OWN);
    running.not_written("plugins/probe/plugin.wasm", OWN);
    running.denied("plugins/another/weft.plugin.json");
    running.types("/reload").unwrap();
    assert!(running.read("/etc/passwd").unwrap_err().ends_with("path outside sandbox"));
    assert_eq!(machine.text("home/work/plugins/probe/weft.plugin.json"), manifest);
    running.end();
}

#[test]
fn line_2_a_signed_plugin_cannot_rewrite_its_package() {
    let machine = Machine::new();
    let folder = machine.probe("source", "0.1.0", &json!({ "filesystem": ["$PLUGIN_DIR"] }));
    let folder = folder.to_str().unwrap();
    machine.done(&["key", "new", "--out", "my.key"]);
    machine.done(&["key", "trust", "my.key.pub", "--name", "me"]);
    machine.done(&["plugin", "sign", folder, "--key", "my.key"]);
    machine.done(&["plugin", "pack", folder, "--registry", "stick"]);
    machine.done(&["plugin", "install", "hub:probe", "--registry", "stick", "--yes"]);
    let place = "home/.weft/plugins/probe";
    fs::create_dir(machine.path("none")).unwrap();
    let mut running = machine.start("none", &[]);
    for file in ["weft.plugin.json", "plugin.wasm", "install.json", "weft.signature.json", "new"] {
        running.not_written(file, OWN);
        running.not_written(machine.path(place).join(file), OWN);
    }
    assert!(running.read("weft.plugin.json").unwrap().contains("0.1.0"));
    // Whoever changes it otherwise changes what the signature says.
    let manifest = machine.text(&format!("{place}/weft.plugin.json")).replace("0.1.0", "9.9.9");
    machine.write(&format!("{place}/weft.plugin.json"), manifest);
    running.types("/reload").unwrap();
    let error = running.types("probe__echo 1").unwrap_err();
    assert!(error.contains("`weft.plugin.json` was changed after"), "{error}");
    running.end();
    let rows = machine.json(&["plugin", "list", "--json"]);
    assert_eq!(rows[0]["state"], "pending", "{rows}");
}

#[test]
fn line_3_a_workspace_configuration_is_closed_and_never_loosens() {
    let machine = Machine::new();
    machine.write("home/.weft/config.yaml", "env: {never: [CITY]}\n");
    machine.probe(
        "plugins/probe",
        "0.1.0",
        &json!({ "filesystem": ["$WORKSPACE"], "env_vars": ["CITY"], "network": ["127.0.0.1"] }),
    );
    let start = || machine.start("plugins", &["--trust", "--approve", "env", "--env", "CITY=Ulm"]);
    let mut running = start();
    for path in [".weft/config.yaml", ".weft/config.yml", ".weft"] {
        running.denied(path);
    }
    running.end();
    // What a person writes there tightens alone.
    let text = "network: {allow_private_hosts: [127.0.0.1]}\nenv: {never: []}\n";
    machine.write("home/work/.weft/config.yaml", text);
    let mut running = start();
    assert_eq!(running.types("probe__env {\"name\":\"CITY\"}"), Ok(json!({ "value": null })));
    let error = running.types("probe__http {\"url\":\"http://127.0.0.1:9/\"}").unwrap_err();
    assert!(error.contains("private/reserved IP denied"), "{error}");
    running.end();
}

#[test]
fn line_4_no_skill_or_soul_is_written() {
    let machine = Machine::new();
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["$WORKSPACE"] }));
    let mut running = machine.start("plugins", &["--trust"]);
    for folder in [".weft", ".clawft", ".agents"] {
        running.denied(format!("{folder}/skills/x/SKILL.md"));
    }
    running.denied("SOUL.md");
    running.denied(".weft/SOUL.md");
    running.types("/reload").unwrap();
    let skills = running.types("/skills").unwrap();
    assert!(!skills.to_string().contains("\"x\""), "{skills}");
    running.end();
    assert_eq!(fs::read_dir(machine.path("home/work")).unwrap().count(), 0);
}

#[test]
fn line_5_a_guest_cannot_create_a_home() {
    let machine = Machine::new();
    let mut running = machine.granting(&json!(["~"]));
    let forged =
        ["approvals.json", "trusted-keys/me.pub", "secrets/API.json", "plugins/x/plugin.wasm"];
    for path in forged {
        running.denied(format!(".weft/{path}"));
    }
    running.end();
    assert!(forged.iter().all(|path| !machine.path("home/.weft").join(path).exists()));
    // Nor is one at another place.
    let plugins = machine.path("plugins");
    let mut command = machine.command(&["run", "--json", "--plugins", plugins.to_str().unwrap()]);
    command.env("WEFT_HOME", machine.path("home/config/weft"));
    let mut running = Running::of(command);
    for path in forged {
        running.denied(machine.path("home/config/weft").join(path));
    }
    running.end();
}

/// Everything that no grant opens, with a grant of all around it.
#[track_caller]
fn nothing_is_open(machine: &Machine, mut running: Running) {
    let home = machine.path("home/.weft");
    for path in ["secrets/API.json", "secrets/none.json", "approvals.json", "plugins/x/plugin.wasm"]
    {
        running.denied(home.join(path));
    }
    running.denied(machine.path("home/work/innocent.txt"));
    running.denied(machine.path("home/work/.weft/config.yaml"));
    running.denied(machine.path("plugins/other/plugin.wasm"));
    running.not_written(machine.path("plugins/probe/weft.plugin.json"), OWN);
    for path in ["/proc/self/environ", "/proc/none", "/sys/kernel/none", "/dev/shm/none"] {
        assert_eq!(running.read(path), Err(KERNEL.into()), "{path}");
        running.not_written(path, KERNEL);
    }
    let ordinary = machine.path("home/work/a.txt");
    assert_eq!(running.write(&ordinary, "mine"), Ok(()));
    assert_eq!(running.read(&ordinary), Ok("mine".into()));
    running.end();
    assert_eq!(machine.text("home/.weft/secrets/API.json"), "hush");
}

/// A secret, another name of it in the workspace, and a grant of the whole machine.
fn with_a_grant_of_everything() -> Machine {
    let machine = Machine::new();
    let secret = machine.write("home/.weft/secrets/API.json", "hush");
    fs::hard_link(secret, machine.path("home/work/innocent.txt")).unwrap();
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["/"] }));
    machine
}

#[test]
fn line_6_a_folder_around_home_gives_no_secret() {
    let machine = with_a_grant_of_everything();
    let running = machine.start("plugins", &[]);
    nothing_is_open(&machine, running);
}

#[test]
fn line_6_holds_without_a_mounted_proc() {
    let machine = with_a_grant_of_everything();
    let plugins = machine.path("plugins");
    let run = ["run", "--json", "--plugins", plugins.to_str().unwrap()];
    let first = "mount -t tmpfs none /proc";
    let Some(command) = machine.command_after(first, &run) else {
        skip!("nobody may hide /proc here");
    };
    nothing_is_open(&machine, Running::of(command));
}

#[test]
fn line_7_proc_gives_no_variables_or_arguments() {
    let machine = Machine::new();
    let mut running =
        machine.granting(&json!(["/", "/proc", "/proc/self/environ", "/proc/uptime"]));
    for path in [
        "/proc/self/environ",
        "/proc/self/cmdline",
        "/proc/thread-self/environ",
        "/proc/1/environ",
        "/proc/self/root/etc/passwd",
        "/dev/null",
    ] {
        assert_eq!(running.read(path), Err(KERNEL.into()), "{path}");
        running.not_written(path, KERNEL);
    }
    if cfg!(target_os = "linux") {
        assert!(running.read("/proc/uptime").is_ok(), "it is named");
    }
    running.end();
    let denied = machine.run(&["audit", "--json", "--denied"]).0;
    assert!(denied.lines().all(|line| line.contains(KERNEL)) && denied.lines().count() == 12);
}
