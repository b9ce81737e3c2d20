//! Archives as their authors should not make them, and as they should.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tar::{EntryType, Header};
use weft_lite::errors::{ActionableError, InstallError, PackError};
use weft_lite::limits;
use weft_lite::package::{InstallSource, pack_folder};

use crate::home::{Home, content, module};

/// One entry, written as it is: no check of the library that makes archives applies.
struct Entry<'a> {
    path: &'a [u8],
    kind: EntryType,
    link: &'a str,
    content: &'a [u8],
}

fn file<'a>(path: &'a str, content: &'a [u8]) -> Entry<'a> {
    Entry { path: path.as_bytes(), kind: EntryType::Regular, link: "", content }
}

fn write(home: &Home, entries: &[Entry<'_>]) -> PathBuf {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for entry in entries {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..entry.path.len()].copy_from_slice(entry.path);
        header.as_old_mut().linkname[..entry.link.len()].copy_from_slice(entry.link.as_bytes());
        header.set_entry_type(entry.kind);
        header.set_size(entry.content.len() as u64);
        header.set_mode(0o777);
        header.set_cksum();
        archive.append(&header, entry.content).unwrap();
    }
    let path = home.path("evil.tar.gz");
    fs::write(&path, archive.into_inner().unwrap().finish().unwrap()).unwrap();
    path
}

/// Why an archive with a whole package and these entries is refused; nothing is left of it.
#[track_caller]
fn refused(entries: Vec<Entry<'_>>) -> InstallError {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let manifest = fs::read(folder.join("weft.plugin.json")).unwrap();
    let module = module("probe");
    let mut all = vec![file("weft.plugin.json", &manifest), file("plugin.wasm", &module)];
    all.extend(entries);
    let path = write(&home, &all);
    let error = home.install_from(&InstallSource::Archive(path)).expect_err("it was installed");
    assert!(!error.next_step().is_empty());
    assert!(!home.weft().join("plugins/probe").exists());
    assert_eq!(fs::read_dir(home.weft().join("plugins/.staging")).unwrap().count(), 0);
    assert!(!home.path("outside").exists() && !home.weft().join("outside").exists());
    error
}

#[track_caller]
fn refused_entry(entry: Entry<'_>, words: &str) {
    let error = refused(vec![entry]);
    assert!(matches!(error, InstallError::Pack(PackError::Entry { .. })), "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    refused_entry(file("../outside", b"x"), "leads out");
    refused_entry(file("docs/../../../outside", b"x"), "leads out");
    refused_entry(file("/tmp/outside", b"x"), "absolute");
    refused_entry(file("docs\\..\\outside", b"x"), "backslash");
    refused_entry(file("c:outside", b"x"), "colon");
    refused_entry(file("docs/./outside", b"x"), "empty part");
    refused_entry(file("docs//outside", b"x"), "empty part");
    refused_entry(file("bell\x07", b"x"), "control");
    refused_entry(Entry { path: b"\xff", ..file("", b"x") }, "UTF-8");
}

#[test]
fn links_and_devices_are_refused() {
    let special = |kind, link| Entry { kind, link, ..file("special", b"") };
    refused_entry(special(EntryType::Symlink, "/etc/passwd"), "a link");
    refused_entry(special(EntryType::Symlink, "plugin.wasm"), "a link");
    refused_entry(special(EntryType::Link, "plugin.wasm"), "a link");
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo, EntryType::GNUSparse] {
        let error = refused(vec![special(kind, "")]);
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_name_twice_is_refused() {
    refused_entry(file("plugin.wasm", b"x"), "there twice");
    refused_entry(file("Plugin.WASM", b"x"), "only in case");
    refused_entry(file("plugin.wasm/inner", b"x"), "there twice");
    let error = refused(vec![file("docs/a", b"x"), file("Docs/b", b"x")]);
    assert!(error.to_string().contains("only in case"), "{error}");
}

#[test]
fn what_is_huge_is_refused() {
    let half = vec![0; limits::PACKAGE_BYTES as usize / 2];
    let error = refused(vec![file("a", &half), file("b", &half)]);
    assert_eq!(
        error,
        InstallError::Pack(PackError::TooLarge { limit_bytes: limits::PACKAGE_BYTES })
    );
    let names: Vec<String> = (0..limits::PACKAGE_ENTRIES).map(|n| format!("f{n}")).collect();
    let error = refused(names.iter().map(|name| file(name, b"")).collect());
    assert_eq!(
        error,
        InstallError::Pack(PackError::TooManyEntries { limit: limits::PACKAGE_ENTRIES })
    );
    let long = format!("{}/x", "a".repeat(limits::PACKAGE_PATH_BYTES));
    let long = Entry { kind: EntryType::GNULongName, ..file("././@LongLink", long.as_bytes()) };
    let error = refused(vec![long, file("short", b"x")]);
    assert!(error.to_string().contains("longer than"), "{error}");
    // A name that would fill the memory.
    let endless = vec![b'a'; 15 * 1024 * 1024];
    let long = Entry { kind: EntryType::GNULongName, ..file("././@LongLink", &endless) };
    let error = refused(vec![long, file("short", b"x")]);
    assert_eq!(
        error,
        InstallError::Pack(PackError::TooLarge { limit_bytes: limits::PACKAGE_BYTES })
    );
}

#[test]
fn a_size_that_lies_is_refused() {
    let home = Home::new();
    let mut header = Header::new_gnu();
    header.set_path("plugin.wasm").unwrap();
    header.set_size(1 << 40);
    header.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(header.as_bytes()).unwrap();
    encoder.write_all(&[0; 4096]).unwrap();
    let path = home.path("evil.tar.gz");
    fs::write(&path, encoder.finish().unwrap()).unwrap();
    let error = home.install_from(&InstallSource::Archive(path.clone())).unwrap_err();
    assert_eq!(
        error,
        InstallError::Pack(PackError::TooLarge { limit_bytes: limits::PACKAGE_BYTES })
    );
    // Half an archive, and none at all.
    let whole = pack_folder(&home.probe("1.0.0", &json!({}))).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = home.install_from(&InstallSource::Archive(path.clone())).unwrap_err();
    assert!(matches!(error, InstallError::Pack(PackError::Source { .. })), "{error}");
    fs::write(&path, b"not an archive").unwrap();
    let error = home.install_from(&InstallSource::Archive(path)).unwrap_err();
    assert!(matches!(error, InstallError::Pack(PackError::Source { .. })), "{error}");
}

#[test]
fn a_folder_keeps_the_same_rules() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    std::os::unix::fs::symlink("/etc/passwd", folder.join("docs/link")).unwrap();
    let error = home.install(&folder).unwrap_err();
    assert!(matches!(error, InstallError::Pack(PackError::Entry { .. })), "{error}");
    fs::remove_file(folder.join("docs/link")).unwrap();
    fs::write(folder.join("big"), vec![0; limits::PACKAGE_BYTES as usize]).unwrap();
    let error = home.install(&folder).unwrap_err();
    assert_eq!(
        error,
        InstallError::Pack(PackError::TooLarge { limit_bytes: limits::PACKAGE_BYTES })
    );
}

#[test]
fn what_is_packed_is_installed_as_it_was() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let archive = pack_folder(&folder).unwrap();
    assert_eq!(archive, pack_folder(&folder).unwrap(), "the same files, the same archive");
    let path = home.path("probe.tar.gz");
    fs::write(&path, archive).unwrap();
    home.install_from(&InstallSource::Archive(path)).unwrap();
    let installed = home.weft().join("plugins/probe");
    assert_eq!(content(&installed), content(&folder));
    assert_eq!(home.echo().unwrap(), "[1]");
    // The record is no part of the package.
    assert!(installed.join("install.json").exists());
    assert_eq!(pack_folder(&installed).unwrap(), pack_folder(&folder).unwrap());
}
