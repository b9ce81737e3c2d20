//! T36 to T41: installing and approving.

use serde_json::json;
use weft_lite::errors::{CallError, InstallError, PackageErrorKind, RegistryError, SignatureError};
use weft_lite::package::{Difference, NoPrompt};
use weft_lite::{Capability, limits};

use crate::home::{Home, Scripted, module, padded};

#[test]
fn t36_an_oversized_module_needs_approval() {
    let home = Home::new();
    let large = padded(&module("probe"), &vec![0; limits::MODULE_BYTES]);
    let installed = home.install(&home.package("probe", "1.0.0", &json!({}), &large)).unwrap();
    assert_eq!(home.pending(), [format!("size: {} KB", large.len().div_ceil(limits::KB))]);
    assert!(matches!(home.echo(), Err(CallError::Denied { .. })));
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    assert_eq!(home.echo().unwrap(), "[1]");
    // Nobody can say yes to this.
    let large = padded(&module("probe"), &vec![0; limits::MODULE_APPROVED_BYTES]);
    match home.install(&home.package("large", "1.0.0", &json!({}), &large)) {
        Err(InstallError::Package(error)) => {
            let (bytes, limit) = (large.len() as u64, limits::MODULE_APPROVED_BYTES);
            assert_eq!(error.kind, PackageErrorKind::ModuleTooLarge { bytes, limit });
        }
        other => panic!("{other:?}"),
    }
    assert!(!home.weft().join("plugins/large").exists());
}

#[test]
fn t36_a_module_within_the_limit_runs() {
    let home = Home::new();
    let folder = home.package("probe", "1.0.1", &json!({}), &padded(&module("probe"), &[0; 1000]));
    home.install(&folder).unwrap();
    assert_eq!(home.echo().unwrap(), "[1]");
}

/// The probe with so many digests of numbers in it, which are as good as noise.
fn noisy(digests: u32) -> Vec<u8> {
    let noise =
        (0..digests).flat_map(|it| weft_lite::package::sha256_hex(&it.to_le_bytes()).into_bytes());
    padded(&module("probe"), &noise.collect::<Vec<u8>>())
}

#[test]
fn t36_a_module_oversized_after_gzip_needs_approval() {
    let home = Home::new();
    let noisy_module = noisy(3_000);
    assert!(noisy_module.len() < limits::MODULE_BYTES);
    let folder = home.package("probe", "1.0.0", &json!({}), &noisy_module);
    // Put there by hand, or installed.
    let place = home.weft().join("plugins/probe");
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::rename(&folder, &place).unwrap();
    let size = format!("size: {} KB", noisy_module.len().div_ceil(limits::KB));
    assert_eq!(home.pending(), std::slice::from_ref(&size));
    std::fs::remove_dir_all(&place).unwrap();
    home.install(&home.package("probe", "1.0.0", &json!({}), &noisy_module)).unwrap();
    assert_eq!(home.pending(), [size]);
    // Nobody can say yes to this.
    match home.install(&home.package("noisy", "1.0.0", &json!({}), &noisy(30_000))) {
        Err(InstallError::Package(error)) => {
            assert!(matches!(error.kind, PackageErrorKind::ModuleTooLargeCompressed { .. }));
            assert!(error.to_string().contains("bytes after gzip, over the limit of"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    // As many bytes that say nothing are no trouble.
    let quiet = padded(&module("probe"), &vec![b'0'; 192_000]);
    home.install(&home.package("probe", "1.0.1", &json!({}), &quiet)).unwrap();
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn t37_a_registry_must_have_valid_signatures() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    home.publish(&folder, "author");
    // Signed, but by nobody who is trusted.
    let error = home.install_hub("hub:probe").unwrap_err();
    let key_id = home.key("author").public().key_id();
    assert_eq!(error, InstallError::Signature(SignatureError::UnknownKey { key_id }));

    home.trust("author");
    let installed = home.install_hub("hub:probe").unwrap();
    assert_eq!(installed.signed_by.as_deref(), Some("author"));
    assert_eq!(home.echo().unwrap(), "[1]");

    // Another module in the archive, of which the index knows nothing.
    let archive = home.path("registry/probe-1.0.0.tar.gz");
    let mut bytes = std::fs::read(&archive).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&archive, bytes).unwrap();
    assert!(matches!(
        home.install_hub("hub:probe"),
        Err(InstallError::Registry(RegistryError::OtherArchive { .. }))
    ));
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn t37_a_lying_registry_index_gains_nothing() {
    let home = Home::new();
    home.key("author");
    home.trust("author");
    let folder = home.probe("1.0.0", &json!({}));
    home.publish(&folder, "author");
    let release = || home.path("registry/index.json");
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(release()).unwrap()).unwrap();
    let republish = |change: &dyn Fn(&std::path::Path)| {
        let other = home.probe("1.0.0", &json!({}));
        change(&other);
        let bytes = weft_lite::package::pack_folder(&other).unwrap();
        let mut index = index.clone();
        index["plugins"]["probe"][0]["sha256"] = weft_lite::package::sha256_hex(&bytes).into();
        std::fs::write(home.path("registry/probe-1.0.0.tar.gz"), bytes).unwrap();
        std::fs::write(release(), index.to_string()).unwrap();
        match home.install_hub("hub:probe") {
            Err(InstallError::Signature(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let changed = republish(&|folder| {
        std::fs::write(folder.join("plugin.wasm"), padded(&module("probe"), &[7; 7])).unwrap();
    });
    let path = "plugin.wasm".to_owned();
    assert_eq!(changed, SignatureError::File { path, difference: Difference::Changed });
    let missing = republish(&|folder| {
        std::fs::write(folder.join("plugin.wasm"), module("probe")).unwrap();
        std::fs::remove_file(folder.join("weft.signature.json")).unwrap();
    });
    assert_eq!(missing, SignatureError::Missing);
    let wrong = republish(&|folder| {
        weft_lite::package::PackageSignature::create(folder, &home.key("stranger")).unwrap();
    });
    assert_eq!(wrong, SignatureError::NotAsIndexed);
}

#[test]
fn t38_a_local_folder_may_be_unsigned() {
    let home = Home::new();
    let installed = home.install(&home.probe("1.0.0", &json!({}))).unwrap();
    assert_eq!(installed.signed_by, None);
    assert_eq!(installed.warnings, ["the package is not signed"]);
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn t39_shell_is_denied_unless_approved() {
    let home = Home::new();
    let installed = home.install(&home.probe("1.0.0", &json!({ "shell": true }))).unwrap();
    // Nobody is there.
    assert_eq!(home.ask(&installed, &mut NoPrompt), ["shell"]);
    match home.echo() {
        Err(CallError::Denied { denied, .. }) => {
            assert_eq!(denied.capability, Capability::Approval);
        }
        other => panic!("{other:?}"),
    }
    // Somebody says no, then yes.
    let mut no = Scripted::new(&[false]);
    assert_eq!(home.ask(&installed, &mut no), ["shell"]);
    assert_eq!(no.questions.len(), 1);
    assert!(no.questions[0].contains("shell"), "{:?}", no.questions);
    assert_eq!(home.pending(), ["shell"]);
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn t40_each_variable_is_asked_for() {
    let home = Home::new();
    let permissions = json!({ "env_vars": ["CITY", "LANG"] });
    let installed = home.install(&home.probe("1.0.0", &permissions)).unwrap();
    let mut half = Scripted::new(&[true, false]);
    assert_eq!(home.ask(&installed, &mut half), ["env: LANG"]);
    assert_eq!(half.questions.len(), 2);
    assert!(matches!(home.echo(), Err(CallError::Denied { .. })));
    // Only what is still open is asked for again.
    let mut rest = Scripted::new(&[true]);
    assert!(home.ask(&installed, &mut rest).is_empty());
    assert_eq!(rest.questions, ["let `probe` read the environment variable `LANG`?"]);
    let runtime = home.runtime();
    let call = runtime.host().call("probe__env", r#"{"name":"CITY"}"#.into());
    assert_eq!(runtime.block_on(call).result.unwrap(), r#"{"value":"Ulm"}"#);
}

#[test]
fn t41_an_update_asks_for_new_permissions() {
    let home = Home::new();
    let before = json!({ "network": ["api.example.com"], "filesystem": ["$WORKSPACE"] });
    let installed = home.install(&home.probe("1.0.0", &before)).unwrap();
    let mut first = Scripted::new(&[true]);
    assert!(home.ask(&installed, &mut first).is_empty());
    assert_eq!(
        first.questions,
        ["let `probe` have network: api.example.com, filesystem: $WORKSPACE?"]
    );

    // Nothing new: nothing is asked, and it runs.
    let same = home.install(&home.probe("1.1.0", &before)).unwrap();
    assert!(same.missing.is_empty());
    assert_eq!(same.replaced.unwrap().version.as_deref(), Some("1.0.0"));
    assert_eq!(home.echo().unwrap(), "[1]");

    let more = json!({
        "network": ["api.example.com", "other.example.com"], "filesystem": ["$WORKSPACE"],
    });
    let updated = home.install(&home.probe("1.2.0", &more)).unwrap();
    assert_eq!(updated.missing.network, ["other.example.com"]);
    assert!(updated.missing.filesystem.is_empty());
    assert_eq!(home.pending(), ["network: other.example.com"]);
    assert!(matches!(home.echo(), Err(CallError::Denied { .. })), "it does not run at all");
    let mut new = Scripted::new(&[true]);
    assert!(home.ask(&updated, &mut new).is_empty());
    assert_eq!(new.questions, ["let `probe` have network: other.example.com?"]);
    assert_eq!(home.echo().unwrap(), "[1]");
}
