//! Signatures: what breaks them, whose count, and which version of a registry is taken.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};
use weft_lite::errors::{
    ActionableError, InstallError, KeyErrorKind, PackError, RegistryError, SignatureError,
};
use weft_lite::package::{
    Difference, InstallRecord, PackageContent, PackageKind, PackageSignature, PrivateKey,
    PublicKey, RegistryReference, TrustedKeys,
};

use crate::home::{Home, module, padded};

/// What installing a signed package comes to that was changed afterwards.
#[track_caller]
fn after(change: impl FnOnce(&Path)) -> SignatureError {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    PackageSignature::create(&folder, &home.key("author")).unwrap();
    home.trust("author");
    change(&folder);
    match home.install(&folder) {
        Err(InstallError::Signature(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn file(path: &str, difference: Difference) -> SignatureError {
    SignatureError::File { path: path.to_owned(), difference }
}

#[test]
fn a_change_breaks_a_local_folders_signature() {
    let wasm = padded(&module("probe"), &[1]);
    let changed = after(|folder| fs::write(folder.join("plugin.wasm"), wasm).unwrap());
    assert_eq!(changed, file("plugin.wasm", Difference::Changed));
    let manifest = after(|folder| {
        let path = folder.join("weft.plugin.json");
        let text = fs::read_to_string(&path).unwrap();
        let asks = text.replace(r#""permissions":{}"#, r#""permissions":{"shell":true}"#);
        assert_ne!(text, asks);
        fs::write(path, asks).unwrap();
    });
    assert_eq!(manifest, file("weft.plugin.json", Difference::Changed));
    let added = after(|folder| fs::write(folder.join("more.txt"), "x").unwrap());
    assert_eq!(added, file("more.txt", Difference::Added));
    let removed = after(|folder| fs::remove_file(folder.join("docs/version.txt")).unwrap());
    assert_eq!(removed, file("docs/version.txt", Difference::Removed));
}

#[test]
fn changing_list_and_file_together_is_detected() {
    let error = after(|folder| {
        let before = weft_lite::package::DigestList::of(folder).unwrap().text();
        fs::write(folder.join("docs/version.txt"), "2").unwrap();
        let now = weft_lite::package::DigestList::of(folder).unwrap().text();
        let path = folder.join("weft.signature.json");
        let mut text = fs::read_to_string(&path).unwrap();
        for (before, now) in before.lines().zip(now.lines()) {
            text = text.replace(before, now);
        }
        fs::write(path, text).unwrap();
    });
    assert!(matches!(error, SignatureError::Invalid { .. }), "{error}");
}

#[test]
fn a_key_with_anothers_name_is_detected() {
    let error = after(|folder| {
        let home = Home::new();
        let path = folder.join("weft.signature.json");
        let author = PackageSignature::read(folder).unwrap().key_id;
        let stranger = PackageSignature::create(folder, &home.key("stranger")).unwrap().key_id;
        let text = fs::read_to_string(&path).unwrap().replace(&stranger, &author);
        fs::write(path, text).unwrap();
    });
    assert!(matches!(error, SignatureError::Invalid { .. }), "{error}");
    assert!(matches!(
        after(|folder| fs::write(folder.join("weft.signature.json"), "{}").unwrap()),
        SignatureError::Malformed { .. }
    ));
}

#[test]
fn an_unknown_key_counts_as_unsigned() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    PackageSignature::create(&folder, &home.key("author")).unwrap();
    let installed = home.install(&folder).unwrap();
    assert_eq!(installed.signed_by, None);
    assert!(installed.warnings[0].contains("not trusted"), "{:?}", installed.warnings);
    home.trust("author");
    let installed = home.install(&folder).unwrap();
    assert_eq!(installed.signed_by.as_deref(), Some("author"));
    let record = InstallRecord::read(&home.weft(), PackageKind::Plugin, "probe").unwrap().unwrap();
    assert_eq!(record.key_id, Some(home.key("author").public().key_id()));
    // Going back to an unsigned one is said.
    fs::remove_file(folder.join("weft.signature.json")).unwrap();
    let warnings = home.install(&folder).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("it replaces")), "{warnings:?}");
}

#[test]
fn the_newest_version_that_fits_is_taken() {
    let home = Home::new();
    home.key("author");
    home.trust("author");
    for version in ["1.0.0", "1.2.0", "1.10.0", "2.0.0-beta"] {
        home.publish(&home.probe(version, &json!({})), "author");
    }
    let version = |text: &str| home.install_hub(text).unwrap().package.version.unwrap();
    assert_eq!(version("hub:probe"), "1.10.0");
    assert_eq!(version("hub:probe@1.0.0"), "1.0.0");
    assert_eq!(version("hub:probe@~1.2"), "1.2.0");
    assert_eq!(version("hub:probe@1"), "1.10.0");
    assert_eq!(version("hub:probe@2.0.0-beta"), "2.0.0-beta");
    match home.install_hub("hub:probe@3").unwrap_err() {
        InstallError::Registry(error @ RegistryError::NoVersion { .. }) => {
            assert_eq!(error.next_step(), "the newest is 2.0.0-beta");
        }
        other => panic!("{other}"),
    }
    assert!(matches!(
        home.install_hub("hub:other"),
        Err(InstallError::Registry(RegistryError::UnknownId { .. }))
    ));
    for wrong in ["hub:", "hub:../x", "hub:a b", "hub:probe@new", "hub:.staging"] {
        assert!(RegistryReference::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_index_can_name_nothing_outside_the_registry() {
    let home = Home::new();
    home.key("author");
    home.trust("author");
    home.publish(&home.probe("1.0.0", &json!({})), "author");
    let index = home.path("registry/index.json");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("probe-1.0.0.tar.gz", "../registry/probe-1.0.0.tar.gz"))
        .unwrap();
    assert!(matches!(
        home.install_hub("hub:probe"),
        Err(InstallError::Pack(PackError::Entry { .. }))
    ));
    // Another plugin's archive in its place.
    home.publish(&home.package("other", "1.0.0", &json!({}), &module("probe")), "author");
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let now: Value = serde_json::from_str(&fs::read_to_string(&index).unwrap()).unwrap();
    document["plugins"]["probe"] = now["plugins"]["other"].clone();
    fs::write(&index, document.to_string()).unwrap();
    assert!(matches!(home.install_hub("hub:probe"), Err(InstallError::OtherPackage { .. })));
}

#[test]
fn keys_are_private_and_never_overwritten() {
    let home = Home::new();
    let path = home.path("my.key");
    let public = PrivateKey::create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(PublicKey::read(&PrivateKey::public_path(&path)).unwrap(), public);
    assert_eq!(public.key_id().len(), 16);
    let before = fs::read(&path).unwrap();
    assert_eq!(PrivateKey::create(&path).unwrap_err().kind, KeyErrorKind::Exists);
    assert_eq!(fs::read(&path).unwrap(), before);
    // A public key is none to sign with, and no part of a private one is ever said.
    let error = PrivateKey::read(&PrivateKey::public_path(&path)).unwrap_err();
    assert!(matches!(error.kind, KeyErrorKind::Malformed { .. }), "{error}");
    let secret = String::from_utf8(before).unwrap();
    let secret = secret.split('"').find(|word| word.len() == 64).unwrap();
    fs::write(&path, format!("{{\"algorithm\": 1, \"private_key\": \"{secret}\"")).unwrap();
    let error = PrivateKey::read(&path).unwrap_err();
    assert!(!error.to_string().contains(secret), "{error}");
}

#[test]
fn a_key_anybody_can_sign_for_is_refused() {
    let home = Home::new();
    let path = home.path("weak.pub");
    let write = |digits: &str| {
        let number = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let key: Vec<u8> = (0..32).map(|at| number(at * 2)).collect();
        let key_id = &weft_lite::package::sha256_hex(&key)[..16];
        let document = json!({ "algorithm": "ed25519", "key_id": key_id, "public_key": digits });
        fs::write(&path, document.to_string()).unwrap();
    };
    // All that can stand for a point of order 1, 2, 4 or 8, the last byte apart.
    let zeros = "00".repeat(30);
    let ones = "ff".repeat(30);
    let of_order_8 = [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03",
    ];
    let places = [
        (format!("01{zeros}"), ["00", "80"]),
        (format!("ee{ones}"), ["7f", "ff"]),
        (format!("ec{ones}"), ["7f", "ff"]),
        (format!("00{zeros}"), ["00", "80"]),
        (format!("ed{ones}"), ["7f", "ff"]),
        (of_order_8[0].into(), ["05", "85"]),
        (of_order_8[1].into(), ["7a", "fa"]),
    ];
    for key in places.iter().flat_map(|(place, last)| last.map(|last| format!("{place}{last}"))) {
        write(&key);
        let error = TrustedKeys::trust(&home.weft(), &path, None).unwrap_err();
        assert!(matches!(error.kind, KeyErrorKind::Malformed { .. }), "{error}");
        // Put there by hand, it takes all trust.
        let file = home.weft().join("trusted-keys/weak.json");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::copy(&path, &file).unwrap();
        TrustedKeys::read(&home.weft()).unwrap_err();
        fs::remove_file(file).unwrap();
    }
    // The base point is nobody's weak key.
    write(&format!("58{}", "66".repeat(31)));
    TrustedKeys::trust(&home.weft(), &path, Some("base")).unwrap();
}

#[test]
fn two_trees_never_have_one_digest() {
    let of = |text: &str| weft_lite::package::sha256_hex(text.as_bytes());
    let two_lines = format!("a\nsha256:{}  b", of("y"));
    let two_lines = two_lines.as_bytes();
    type Tree<'a> = &'a [(&'a [u8], &'a str)];
    let trees: [(Tree<'_>, Tree<'_>); 4] = [
        (&[(b"a", "x"), (b"b", "y")], &[(two_lines, "x")]),
        (&[(b"a\n", "x")], &[(b"a\\x0a", "x")]),
        (&[(b"a\xfe", "x"), (b"a\xff", "x")], &[(b"a\xfe", "x")]),
        (&[(b"a\xfe", "x")], &[("a\u{fffd}".as_bytes(), "x")]),
    ];
    let home = Home::new();
    let digest = |name: &str, make: &dyn Fn(&Path)| {
        let folder = home.path(name);
        fs::create_dir(&folder).unwrap();
        make(&folder);
        let content = PackageContent::read(&folder, &home.weft(), None);
        content.approved().digest
    };
    for (index, (one, other)) in trees.iter().enumerate() {
        let [one, other] = [("one", one), ("other", other)].map(|(name, tree)| {
            digest(&format!("{name}-{index}"), &|folder| {
                for (name, text) in *tree {
                    fs::write(folder.join(OsStr::from_bytes(name)), text).unwrap();
                }
            })
        });
        assert_ne!(one, other, "{index}");
    }
    // Nor is a link the file that has its target's name in it.
    let link = digest("link", &|it| symlink("nowhere", it.join("a")).unwrap());
    assert_ne!(link, digest("file", &|it| fs::write(it.join("a"), "nowhere").unwrap()));
}

#[test]
fn line_feeds_in_names_cannot_forge_digests() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    fs::write(folder.join("a"), "x").unwrap();
    fs::write(folder.join("b"), "y").unwrap();
    PackageSignature::create(&folder, &home.key("author")).unwrap();
    home.trust("author");
    let signed_by_whom = |folder: &Path| {
        let content = PackageContent::read(folder, &home.weft(), None);
        (content.approved().key_id, content.is_broken())
    };
    assert!(matches!(signed_by_whom(&folder), (Some(_), false)));
    let name = format!("a\nsha256:{}  b", weft_lite::package::sha256_hex(b"y"));
    fs::rename(folder.join("a"), folder.join(&name)).unwrap();
    fs::remove_file(folder.join("b")).unwrap();
    assert_eq!(signed_by_whom(&folder), (None, true));
    // Nor if the list is written so.
    let path = folder.join("weft.signature.json");
    let mut signature: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let digests = signature["digests"].as_array_mut().unwrap();
    digests.retain(|line| !line.as_str().unwrap().ends_with("  b"));
    let line = digests.iter_mut().find(|line| line.as_str().unwrap().ends_with("  a")).unwrap();
    *line = format!("sha256:{}  {name}", weft_lite::package::sha256_hex(b"x")).into();
    fs::write(&path, signature.to_string()).unwrap();
    assert_eq!(signed_by_whom(&folder), (None, true));
    assert!(home.install(&folder).is_err());
}
