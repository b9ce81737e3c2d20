//! Packages as other programs make them: in a folder, zipped, with a system's leftovers, with scripts.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::Crc;
use flate2::write::{DeflateEncoder, GzEncoder};
use serde_json::json;
use tar::{EntryType, Header};
use weft_lite::errors::{ActionableError, InstallError, PackError};
use weft_lite::limits;
use weft_lite::package::{InstallSource, pack_folder};

use crate::home::{Home, content, module};

/// An entry of an archive: its path, its mode with the kind of file in it, and its content.
type Entry<'a> = (&'a str, u32, &'a [u8]);

fn targz(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, mode, content) in entries {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(match (*path, path.ends_with('/')) {
            ("pax_global_header", _) => EntryType::XGlobalHeader,
            (_, true) => EntryType::Directory,
            (_, false) => EntryType::Regular,
        });
        header.set_size(content.len() as u64);
        header.set_mode(mode & 0o7777);
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// An archive as zip makes it on Unix; `change` may spoil each entry's directory record.
fn zip_with(entries: &[Entry<'_>], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (path, mode, content) in entries {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(content).unwrap();
        let deflated = packed.finish().unwrap();
        let (method, packed) =
            if deflated.len() < content.len() { (8_u8, deflated) } else { (0, content.to_vec()) };
        let mut crc = Crc::new();
        crc.update(content);
        let mut about = vec![0, 0, method, 0, 0, 0, 0, 0];
        about.extend(crc.sum().to_le_bytes());
        about.extend((packed.len() as u32).to_le_bytes());
        about.extend((content.len() as u32).to_le_bytes());
        about.extend((path.len() as u16).to_le_bytes());
        about.extend([0, 0]);
        let at = archive.len() as u32;
        let mut record = b"PK\x01\x02\x14\x03\x14\x00".to_vec();
        record.extend(&about);
        record.extend([0; 6]);
        record.extend((mode << 16).to_le_bytes());
        record.extend(at.to_le_bytes());
        record.extend(path.as_bytes());
        change(&mut record);
        directory.extend(record);
        archive.extend(b"PK\x03\x04\x14\x00");
        archive.extend(about);
        archive.extend(path.as_bytes());
        archive.extend(packed);
    }
    let (start, count) = (archive.len() as u32, entries.len() as u16);
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn zip(entries: &[Entry<'_>]) -> Vec<u8> {
    zip_with(entries, |_| {})
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_archive_may_have_operating_system_leftovers() {
    for (name, make) in [("probe-main.tar.gz", targz as fn(&[Entry<'_>]) -> _), ("p.zip", zip)] {
        let home = Home::new();
        let folder = home.probe("1.0.0", &json!({}));
        let manifest = fs::read(folder.join("weft.plugin.json")).unwrap();
        let module = module("probe");
        let mut entries: Vec<Entry<'_>> = vec![
            ("._probe-main", 0o100_644, b"mac"),
            ("probe-main/", 0o040_755, b""),
            ("probe-main/weft.plugin.json", 0o100_600, &manifest),
            ("probe-main/plugin.wasm", 0o100_666, &module),
            ("probe-main/run.sh", 0o100_777, b"#!/bin/sh\n"),
            ("probe-main/docs/", 0o040_700, b""),
            ("probe-main/docs/version.txt", 0o100_644, b"1.0.0"),
            ("probe-main/docs/._Icon\r", 0o100_644, b"mac"),
            ("probe-main/.DS_Store", 0o100_644, b"mac"),
            ("__MACOSX/probe-main/._plugin.wasm", 0o100_644, b"mac"),
        ];
        if name.ends_with("gz") {
            entries.insert(0, ("pax_global_header", 0o666, b"31 comment=1234567890123456789\n"));
        }
        let path = home.path(name);
        fs::write(&path, make(&entries)).unwrap();
        home.install_from(&InstallSource::Archive(path)).unwrap_or_else(|it| panic!("{it}"));
        let installed = home.weft().join("plugins/probe");
        fs::write(folder.join("run.sh"), "#!/bin/sh\n").unwrap();
        assert_eq!(content(&installed), content(&folder), "{name}");
        assert_eq!(home.echo().unwrap(), "[1]");
        for (file, expected) in [("run.sh", 0o755), ("plugin.wasm", 0o644)] {
            assert_eq!(mode(&installed.join(file)), expected, "{name} {file}");
        }
    }
}

#[test]
fn a_script_stays_one_on_every_way() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    fs::write(folder.join("run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(folder.join("run.sh"), fs::Permissions::from_mode(0o6751)).unwrap();
    fs::write(folder.join(".DS_Store"), "mac").unwrap();
    fs::write(folder.join("docs/._version.txt"), "mac").unwrap();
    let archive = home.path("probe.tar.gz");
    fs::write(&archive, pack_folder(&folder).unwrap()).unwrap();
    for source in [InstallSource::Folder(folder), InstallSource::Archive(archive)] {
        home.install_from(&source).unwrap();
        let installed = home.weft().join("plugins/probe");
        let is = |file: &str| fs::metadata(installed.join(file)).unwrap().permissions().mode();
        assert_eq!(is("run.sh") & 0o7777, 0o755, "{source:?}");
        assert_eq!(is("docs/version.txt") & 0o7777, 0o644, "{source:?}");
        assert!(!installed.join(".DS_Store").exists());
        assert!(!installed.join("docs/._version.txt").exists());
    }
}

/// Why a zip with a whole package and these entries is refused; nothing is left of it.
#[track_caller]
fn refused(entries: &[Entry<'_>], change: impl Fn(&mut Vec<u8>)) -> InstallError {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let manifest = fs::read(folder.join("weft.plugin.json")).unwrap();
    let module = module("probe");
    let mut all: Vec<Entry<'_>> =
        vec![("weft.plugin.json", 0o100_644, &manifest), ("plugin.wasm", 0o100_644, &module)];
    all.extend(entries);
    let path = home.path("evil.zip");
    fs::write(&path, zip_with(&all, change)).unwrap();
    let error = home.install_from(&InstallSource::Archive(path)).expect_err("it was installed");
    assert!(!home.weft().join("plugins/probe").exists());
    assert_eq!(fs::read_dir(home.weft().join("plugins/.staging")).unwrap().count(), 0);
    assert!(!home.path("outside").exists() && !home.weft().join("outside").exists());
    error
}

#[test]
fn a_zip_keeps_the_rules_of_every_package() {
    let file = 0o100_644;
    for (entry, words) in [
        (("../outside", file, b"x" as &[u8]), "leads out"),
        (("/tmp/outside", file, b"x"), "absolute"),
        (("docs\\outside", file, b"x"), "backslash"),
        (("link", 0o120_777, b"/etc/passwd"), "packages can't contain links"),
        (("pipe", 0o010_644, b""), "neither a file"),
        (("Plugin.wasm", file, b"x"), "only in case"),
    ] {
        let error = refused(&[entry], |_| {});
        assert!(matches!(error, InstallError::Pack(PackError::Entry { .. })), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let many: Vec<String> = (0..limits::PACKAGE_ENTRIES).map(|n| format!("f{n}")).collect();
    let many: Vec<Entry<'_>> =
        many.iter().map(|name| (name.as_str(), file, b"" as &[u8])).collect();
    let limit = limits::PACKAGE_ENTRIES;
    assert_eq!(refused(&many, |_| {}), InstallError::Pack(PackError::TooManyEntries { limit }));
}

#[test]
fn lying_and_exploding_zip_files_are_refused() {
    let half = vec![0; limits::PACKAGE_BYTES as usize / 2 + 1];
    let bomb: [Entry<'_>; 2] = [("a", 0o100_644, &half), ("b", 0o100_644, &half)];
    let limit_bytes = limits::PACKAGE_BYTES;
    assert_eq!(refused(&bomb, |_| {}), InstallError::Pack(PackError::TooLarge { limit_bytes }));
    // Flags, method, checksum, what it unpacks to, where it begins, its name.
    for (at, value, words) in [
        (8, 1, "encrypted"),
        (10, 12, "uncommon way"),
        (16, 0x55, "not as the archive says"),
        (24, 0x01, "not as the archive says"),
        (45, 0x7f, ""),
        (46, b'q', "differ"),
    ] {
        let error = refused(&[], |record| record[at] ^= value);
        assert!(matches!(error, InstallError::Pack(PackError::Source { .. })), "{error}");
        assert!(error.to_string().contains(words), "{error} at {at}");
    }
    let home = Home::new();
    let whole = zip(&[("SKILL.md", 0o100_644, b"x")]);
    let path = home.path("cut.zip");
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let error = home.install_from(&InstallSource::Archive(path.clone())).unwrap_err();
        assert!(matches!(error, InstallError::Pack(PackError::Source { .. })), "{length}: {error}");
    }
}

#[test]
fn refused_archive_entries_are_named() {
    let home = Home::new();
    let path = home.path("package");
    let mut plain = vec![0; 512];
    plain[257..262].copy_from_slice(b"ustar");
    for (bytes, what) in [
        (b"\xfd7zXZ\0rest".as_slice(), ".tar.xz"),
        (b"BZh9rest", ".tar.bz2"),
        (b"7z\xbc\xaf\x27\x1crest", ".7z"),
        (b"Rar!\x1a\x07rest", ".rar"),
        (b"\x28\xb5\x2f\xfdrest", ".tar.zst"),
        (&plain, "without compression"),
        (&module("probe"), "WebAssembly module"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"name: clock", "it is no archive"),
        (b"", "it is empty"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = home.install_from(&InstallSource::Archive(path.clone())).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(what) && text.contains("only .tar.gz and .zip"), "{text}");
    }
    let mut alone = GzEncoder::new(Vec::new(), Compression::fast());
    alone.write_all(&module("probe")).unwrap();
    fs::write(&path, alone.finish().unwrap()).unwrap();
    let text = home.install_from(&InstallSource::Archive(path)).unwrap_err().to_string();
    assert!(text.contains("is no .tar archive"), "{text}");
    let folder = home.probe("1.0.0", &json!({}));
    std::os::unix::fs::symlink("version.txt", folder.join("docs/link")).unwrap();
    let error = home.install(&folder).unwrap_err();
    assert_eq!(error.next_step(), "put what it leads to in its place");
    let text = error.to_string();
    assert!(text.contains("docs/link") && text.contains("packages can't contain links"), "{text}");
}
