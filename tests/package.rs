//! Packages read from folders: what is found, what is refused, and that nothing leads outside.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use weft_lite::PluginPackage;
use weft_lite::errors::{ActionableError, PackageErrorKind};
use weft_lite::package::{PackageOrigin, ReadLimits, discover};

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn manifest(id: &str) -> String {
    format!(
        r#"{{"id": "{id}", "name": "Test", "version": "1.0.0", "capabilities": ["tool"], "wasm_module": "plugin.wasm"}}"#
    )
}

/// A package in `folder`, made if need be.
fn write_package(folder: &Path, id: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("weft.plugin.json"), manifest(id)).unwrap();
    fs::write(folder.join("plugin.wasm"), MODULE).unwrap();
}

fn package(id: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_package(folder.path(), id);
    folder
}

/// Why the package in `folder` is refused. The message and the next step must be there too.
#[track_caller]
fn refused(folder: &Path) -> PackageErrorKind {
    let error = PluginPackage::read(folder, ReadLimits::default()).expect_err("it was read");
    assert_eq!(error.path, folder);
    assert!(error.to_string().contains(&*folder.to_string_lossy()), "{error}");
    assert!(!error.next_step().is_empty());
    error.kind.clone()
}

#[test]
fn a_folder_gives_manifest_and_module() {
    let folder = package("clock");
    let read = PluginPackage::read(folder.path(), ReadLimits::default()).unwrap();
    assert_eq!(read.manifest.id, "clock");
    assert_eq!(&*read.module, MODULE);
    assert_eq!(read.origin, PackageOrigin::Folder(folder.path().to_owned()));
    assert_eq!(read.origin.to_string(), folder.path().display().to_string());
}

#[test]
fn manifest_names_have_an_order() {
    let folder = package("first");
    let yaml =
        "id: second\nname: Test\nversion: 1.0.0\ncapabilities: [tool]\nwasm_module: plugin.wasm\n";
    fs::write(folder.path().join("clawft.plugin.yaml"), yaml).unwrap();
    let id = || PluginPackage::read(folder.path(), ReadLimits::default()).unwrap().manifest.id;
    assert_eq!(id(), "first");
    fs::remove_file(folder.path().join("weft.plugin.json")).unwrap();
    assert_eq!(id(), "second");
}

#[test]
fn what_is_missing_is_named() {
    let folder = package("clock");
    fs::remove_file(folder.path().join("plugin.wasm")).unwrap();
    let missing = PackageErrorKind::ModuleMissing { file: "plugin.wasm".to_owned() };
    assert_eq!(refused(folder.path()), missing);
    fs::remove_file(folder.path().join("weft.plugin.json")).unwrap();
    assert!(matches!(refused(folder.path()), PackageErrorKind::NoManifest { .. }));
    let nowhere = folder.path().join("nowhere");
    assert!(matches!(refused(&nowhere), PackageErrorKind::Unreadable { .. }));
}

#[test]
fn faulty_manifests_are_refused() {
    let folder = package("clock");
    let file = folder.path().join("weft.plugin.json");
    fs::write(&file, "{}").unwrap();
    match refused(folder.path()) {
        PackageErrorKind::Manifest(error) => assert_eq!(error.faults.len(), 5),
        other => panic!("{other:?}"),
    }
    fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(matches!(refused(folder.path()), PackageErrorKind::Unreadable { .. }));
    fs::write(&file, " ".repeat(64 * 1024 + 1)).unwrap();
    assert!(matches!(refused(folder.path()), PackageErrorKind::ManifestTooLarge { .. }));
}

#[test]
fn modules_over_the_limit_are_refused() {
    let folder = package("clock");
    let limit = 300 * 1024;
    let module_kb = || {
        let package = PluginPackage::read(folder.path(), ReadLimits::default()).unwrap();
        package.manifest.permissions.module_kb.map(std::num::NonZeroU32::get)
    };
    fs::write(folder.path().join("plugin.wasm"), vec![0; limit]).unwrap();
    assert_eq!(module_kb(), None);
    fs::write(folder.path().join("plugin.wasm"), vec![0; limit + 5]).unwrap();
    assert_eq!(module_kb(), Some(301), "it waits for a yes");
    let limit = 2048 * 1024;
    fs::write(folder.path().join("plugin.wasm"), vec![0; limit + 5]).unwrap();
    let bytes = limit as u64 + 5;
    assert_eq!(refused(folder.path()), PackageErrorKind::ModuleTooLarge { bytes, limit });
    let raised = ReadLimits { module_bytes: limit + 5, ..ReadLimits::default() };
    assert!(PluginPackage::read(folder.path(), raised).is_ok());
}

#[test]
fn a_folder_instead_of_a_file_is_refused() {
    let folder = package("clock");
    fs::remove_file(folder.path().join("plugin.wasm")).unwrap();
    fs::create_dir(folder.path().join("plugin.wasm")).unwrap();
    assert!(matches!(refused(folder.path()), PackageErrorKind::Unreadable { .. }));
}

#[cfg(unix)]
#[test]
fn a_pipe_instead_of_a_file_is_refused() {
    let folder = package("clock");
    let module = folder.path().join("plugin.wasm");
    fs::remove_file(&module).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&module).status().unwrap().success());
    assert!(matches!(refused(folder.path()), PackageErrorKind::Unreadable { .. }));
}

#[cfg(unix)]
#[test]
fn links_that_lead_outside_are_refused() {
    use std::os::unix::fs::symlink;

    let outside = package("outside");
    let folder = package("clock");
    let module = folder.path().join("plugin.wasm");
    let leads_out = |file: &str| PackageErrorKind::Outside { file: file.to_owned() };

    fs::remove_file(&module).unwrap();
    symlink(outside.path().join("plugin.wasm"), &module).unwrap();
    assert_eq!(refused(folder.path()), leads_out("plugin.wasm"));

    fs::remove_file(&module).unwrap();
    let sibling = outside.path().file_name().unwrap();
    symlink(Path::new("..").join(sibling).join("plugin.wasm"), &module).unwrap();
    assert_eq!(refused(folder.path()), leads_out("plugin.wasm"));

    fs::remove_file(&module).unwrap();
    fs::create_dir(folder.path().join("build")).unwrap();
    fs::write(folder.path().join("build/real.wasm"), MODULE).unwrap();
    symlink("build/real.wasm", &module).unwrap();
    assert!(PluginPackage::read(folder.path(), ReadLimits::default()).is_ok());

    let manifest = folder.path().join("weft.plugin.json");
    fs::remove_file(&manifest).unwrap();
    symlink(outside.path().join("weft.plugin.json"), &manifest).unwrap();
    assert_eq!(refused(folder.path()), leads_out("weft.plugin.json"));
}

#[test]
fn discovery_of_a_package_itself() {
    let folder = package("clock");
    write_package(&folder.path().join("inner"), "inner");
    let found = discover(folder.path(), ReadLimits::default());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].as_ref().unwrap().manifest.id, "clock");
}

#[test]
fn discovery_of_children_in_order() {
    let root = tempfile::tempdir().unwrap();
    for name in ["b", "a", ".staging"] {
        write_package(&root.path().join(name), name.trim_start_matches('.'));
    }
    fs::create_dir(root.path().join("notes")).unwrap();
    fs::write(root.path().join("file.wasm"), MODULE).unwrap();
    fs::create_dir(root.path().join("c")).unwrap();
    fs::write(root.path().join("c/plugin.wasm"), MODULE).unwrap();

    let found = discover(root.path(), ReadLimits::default());
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].as_ref().unwrap().manifest.id, "a");
    assert_eq!(found[1].as_ref().unwrap().manifest.id, "b");
    let error = found[2].as_ref().unwrap_err();
    assert_eq!(error.path, root.path().join("c"));
    assert!(matches!(error.kind, PackageErrorKind::NoManifest { .. }));
}

#[test]
fn discovery_in_odd_places() {
    let root = tempfile::tempdir().unwrap();
    assert!(discover(&root.path().join("nowhere"), ReadLimits::default()).is_empty());
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let found = discover(&file, ReadLimits::default());
    assert!(
        matches!(&found[..], [Err(error)] if matches!(error.kind, PackageErrorKind::Unreadable { .. }))
    );
}

#[cfg(feature = "bundled")]
#[test]
fn bundled_plugins_are_sound_and_small() {
    for bundled in weft_lite::package::BUNDLED {
        let package = bundled.package().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(package.origin, PackageOrigin::Bundled);
        assert_eq!(package.warnings, [""; 0], "{}", bundled.name);
        assert!(package.module.len() <= 64_000, "{}", bundled.name);
        assert!(!bundled.skill.is_empty());
        // The build compresses it, and nothing is lost.
        let file = Path::new("skills").join(bundled.name).join("plugin.wasm");
        assert!(package.module == fs::read(file).unwrap(), "{}", bundled.name);
        assert_eq!(bundled.manifest().unwrap(), package.manifest, "{}", bundled.name);
    }
}
