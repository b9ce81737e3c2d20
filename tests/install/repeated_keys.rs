//! A key that is given twice in a mapping, in every file that people write or repair by hand.

use std::fs;
use std::path::Path;

use weft_lite::PluginManifest;
use weft_lite::config::Config;
use weft_lite::package::{
    Approvals, FileSecrets, InstallRecord, PackageKind, PackageSignature, PrivateKey, PublicKey,
    Registry, SIGNATURE_FILE, SkillSwitches, TrustedKeys, WorkspaceTrust,
};

use crate::home::Home;

/// The second `color` ends at column 9 of line 3.
const TWICE: &str = "{\n  \"color\": 1,\n  \"color\": 2\n}\n";

/// Asserts that `read` refuses the file at `path`, naming the key and its place.
#[track_caller]
fn refuses<T>(path: &Path, read: impl FnOnce() -> Result<T, String>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, TWICE).unwrap();
    let Err(error) = read() else { panic!("{} is read", path.display()) };
    let expected = "the key `color` is given twice at line 3 column 9";
    assert!(error.contains(expected), "{}: {error}", path.display());
}

fn text<T>(result: Result<T, impl std::fmt::Display>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

#[test]
fn state_files_refuse_a_repeated_key() {
    let home = Home::new();
    let weft = home.weft();
    refuses(&Approvals::path(&weft), || text(Approvals::read(&weft)));
    refuses(&SkillSwitches::path(&weft), || text(SkillSwitches::read(&weft)));
    let workspace = home.path("");
    refuses(&WorkspaceTrust::path(&weft), || text(WorkspaceTrust::remembered(&weft, &workspace)));
    let secrets = FileSecrets::new(weft.clone());
    refuses(&weft.join("secrets/A.json"), || text(secrets.list()));
    let record = weft.join("plugins/probe/install.json");
    refuses(&record, || text(InstallRecord::read(&weft, PackageKind::Plugin, "probe")));
}

#[test]
fn keys_signatures_and_indexes_refuse_a_repeated_key() {
    let home = Home::new();
    let (weft, key) = (home.weft(), home.path("author.key"));
    refuses(&weft.join("trusted-keys/a.json"), || text(TrustedKeys::read(&weft)));
    refuses(&key, || text(PublicKey::read(&key)));
    refuses(&key, || text(PrivateKey::read(&key)));
    let folder = home.path("package");
    refuses(&folder.join(SIGNATURE_FILE), || text(PackageSignature::read(&folder)));
    let registry = home.path("registry");
    refuses(&registry.join("index.json"), || text(Registry::open(&registry)));
}

#[test]
fn manifests_and_configurations_refuse_a_repeated_key() {
    let json = text(PluginManifest::from_json(TWICE)).unwrap_err();
    assert!(json.contains("the key `color` is given twice at line 3 column 9"), "{json}");
    let yaml = text(Config::from_yaml("audit: 1\naudit: 2\n")).unwrap_err();
    assert!(yaml.contains("the key `audit` is given twice"), "{yaml}");
}
