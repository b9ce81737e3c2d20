//! Installs that are killed, and installs at the same time.

use std::cell::Cell;
use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;
use weft_lite::errors::{InstallError, PackError};
use weft_lite::package::{InstallSource, InstallStep, Installer, PackageKind, recover_home};

use crate::home::{Home, check_module, content};

/// What the child process is told: the home, the package, its kind, and before which step it dies.
const TOLD: [&str; 4] =
    ["WEFT_TEST_HOME", "WEFT_TEST_PACKAGE", "WEFT_TEST_KIND", "WEFT_TEST_STEPS"];

/// Not a test of its own: the child process of the others.
#[test]
#[ignore = "the child process of other tests"]
fn child() {
    let [Ok(home), Ok(package), Ok(kind), Ok(steps)] = TOLD.map(env::var) else { return };
    let kind = if kind == "skill" { PackageKind::Skill } else { PackageKind::Plugin };
    let left = Cell::new(steps.parse::<usize>().unwrap());
    let observer = |_: InstallStep| {
        left.set(left.get().saturating_sub(1));
        if left.get() == 0 {
            // Nothing is dropped, nothing is flushed.
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    };
    let installer = Installer::new(home, &check_module).kind(kind).observe(&observer);
    installer.install(&InstallSource::Folder(package.into())).unwrap();
}

fn spawn(home: &Path, package: &Path, kind: PackageKind, steps: usize) -> Child {
    let steps = steps.to_string();
    let told = [home.as_os_str(), package.as_os_str(), kind.as_str().as_ref(), steps.as_ref()]
        .map(ToOwned::to_owned);
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "interrupted::child", "--ignored", "--test-threads=1"])
        .envs(TOLD.into_iter().zip(told))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Dies at each step in turn until an install comes through, and checks what a fresh start finds.
fn killed_at_every_step(kind: PackageKind, update: bool) {
    let home = Home::new();
    let [old, new] = ["1.0.0", "2.0.0"].map(|version| package(&home, kind, version));
    let packages = home.weft().join(format!("{kind}s"));
    let place = packages.join("probe");
    let (mut kept, mut arrived) = (0, 0);
    for steps in 1.. {
        assert!(steps < 50, "it never comes through");
        let _ = fs::remove_dir_all(home.weft());
        if update {
            home.install_as(kind, &InstallSource::Folder(old.clone())).unwrap();
        }
        let status = spawn(&home.weft(), &new, kind, steps).wait().unwrap();
        assert!(status.success() || status.signal() == Some(9), "{status}");
        recover_home(&home.weft()).unwrap();
        for folder in [".staging", ".old"] {
            let left = fs::read_dir(packages.join(folder));
            assert_eq!(left.map_or(0, Iterator::count), 0, "{folder} after {steps}");
        }
        if place.exists() {
            let found = content(&place);
            if found == content(&new) {
                arrived += 1;
            } else {
                assert!(update && found == content(&old), "a mixture after {steps}");
                kept += 1;
            }
            assert!(place.join("install.json").exists());
            assert_eq!(home.echo().unwrap(), "[1]", "after {steps}");
        } else {
            assert!(!update, "the old version is gone after {steps}");
            kept += 1;
        }
        if status.success() {
            break;
        }
    }
    // Locked, three files, verified, recorded, approved and, for an update, the old one moved aside.
    assert_eq!(kept, if update { 8 } else { 7 });
    // In place, done, and the one that was not killed.
    assert_eq!(arrived, 3);
}

/// A package of three files with the probe in it.
fn package(home: &Home, kind: PackageKind, version: &str) -> PathBuf {
    match kind {
        PackageKind::Plugin => home.probe(version, &json!({})),
        PackageKind::Skill => home.skill_with_probe(version),
    }
}

#[test]
fn a_first_install_is_there_or_not() {
    killed_at_every_step(PackageKind::Plugin, false);
}

#[test]
fn an_update_is_atomic() {
    killed_at_every_step(PackageKind::Plugin, true);
}

#[test]
fn a_first_skill_install_is_atomic() {
    killed_at_every_step(PackageKind::Skill, false);
}

#[test]
fn a_skill_update_is_atomic() {
    killed_at_every_step(PackageKind::Skill, true);
}

/// Six installs of three versions: one of them is there in the end, whole.
fn installs_at_once(kind: PackageKind) {
    let home = Home::new();
    let versions: Vec<PathBuf> =
        ["1.0.0", "2.0.0", "3.0.0"].iter().map(|version| package(&home, kind, version)).collect();
    let children: Vec<Child> =
        (0..6).map(|at| spawn(&home.weft(), &versions[at % 3], kind, usize::MAX)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let packages = home.weft().join(format!("{kind}s"));
    assert!(versions.iter().any(|version| content(version) == content(&packages.join("probe"))));
    assert_eq!(fs::read_dir(packages.join(".staging")).unwrap().count(), 0);
    // An older one that came after a newer one waits for a yes to that.
    match home.echo() {
        Ok(echo) => assert_eq!(echo, "[1]"),
        Err(error) => {
            assert!(error.to_string().contains("older than what was approved"), "{error}");
        }
    }
}

#[test]
fn installs_at_once_wait_for_each_other() {
    installs_at_once(PackageKind::Plugin);
}

#[test]
fn concurrent_skill_installs_take_turns() {
    installs_at_once(PackageKind::Skill);
}

#[test]
fn concurrent_plugin_and_skill_installs_take_turns() {
    let home = Home::new();
    let plugin = home.probe("1.0.0", &json!({}));
    let skill = home.skill("deploy", "1.0.0", "");
    let children: Vec<Child> = (0..6)
        .map(|at| match at % 2 {
            0 => spawn(&home.weft(), &plugin, PackageKind::Plugin, usize::MAX),
            _ => spawn(&home.weft(), &skill, PackageKind::Skill, usize::MAX),
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(content(&home.weft().join("plugins/probe")), content(&plugin));
    assert_eq!(content(&home.weft().join("skills/deploy")), content(&skill));
}

#[test]
fn a_failed_update_leaves_the_old_version() {
    let home = Home::new();
    let old = home.probe("1.0.0", &json!({}));
    home.install(&old).unwrap();
    let broken = home.package("probe", "2.0.0", &json!({}), b"not wasm");
    let error = home.install(&broken).unwrap_err();
    assert!(error.to_string().contains("the module"), "{error}");
    assert_eq!(content(&home.weft().join("plugins/probe")), content(&old));
    assert_eq!(fs::read_dir(home.weft().join("plugins/.staging")).unwrap().count(), 0);
}

/// Each of the faults hides those that are checked after it.
#[test]
fn the_checks_of_an_install_have_an_order() {
    let home = Home::new();
    home.key("author");
    home.trust("author");
    let folder = home.probe("1.0.0", &json!({}));
    home.publish(&folder, "author");
    let index = home.path("registry/index.json");
    let found = || {
        let bytes = weft_lite::package::pack_folder(&folder);
        // Packing keeps the limits too; the size is the first thing that it looks at.
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return error.into(),
        };
        let text = fs::read_to_string(&index).unwrap();
        let mut content: serde_json::Value = serde_json::from_str(&text).unwrap();
        content["plugins"]["probe"][0]["sha256"] = weft_lite::package::sha256_hex(&bytes).into();
        fs::write(home.path("registry/probe-1.0.0.tar.gz"), bytes).unwrap();
        fs::write(&index, content.to_string()).unwrap();
        home.install_hub("hub:probe").unwrap_err()
    };
    let manifest = fs::read(folder.join("weft.plugin.json")).unwrap();
    let module = fs::read(folder.join("plugin.wasm")).unwrap();
    fs::write(folder.join("large"), vec![0; 11 << 20]).unwrap();
    fs::write(folder.join("weft.plugin.json"), "{}").unwrap();
    fs::write(folder.join("plugin.wasm"), "not wasm").unwrap();
    fs::write(folder.join("added"), "").unwrap();
    assert!(matches!(found(), InstallError::Pack(PackError::TooLarge { .. })));
    fs::remove_file(folder.join("large")).unwrap();
    let error = found();
    assert!(error.to_string().contains("invalid manifest"), "{error}");
    fs::write(folder.join("weft.plugin.json"), manifest).unwrap();
    assert!(matches!(found(), InstallError::Module { .. }));
    fs::write(folder.join("plugin.wasm"), module).unwrap();
    assert!(matches!(found(), InstallError::Signature(_)));
}

#[test]
fn a_partial_file_is_removed_at_restart() {
    let home = Home::new();
    let left = [".approvals.json.new", "secrets/.API.json.new", "trusted-keys/.me.pub.new"];
    let kept = ["new", "notes.new", "secrets/.API.json"];
    for name in left.iter().chain(&kept) {
        let path = home.weft().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "half").unwrap();
    }
    drop(home.runtime());
    let there = |name: &&str| home.weft().join(name).exists();
    assert!(!left.iter().any(&there), "{left:?}");
    assert!(kept.iter().all(there), "{kept:?}");
}
