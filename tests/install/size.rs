//! Modules larger than what comes without a question: the operator is asked, and the yes is kept.

use std::fs;
use std::num::NonZeroU32;
use std::process::Output;

use serde_json::{Value, json};
use weft_lite::errors::{ActionableError, InstallError, PackageError, PackageErrorKind};
use weft_lite::package::{Approvals, ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::{PluginPackage, limits};

use crate::home::{Home, Scripted, module, padded, with_custom_section};

const KB: usize = limits::KB;

/// The probe with so many KB of data in it, and what it weighs.
fn large(kb: usize) -> (Vec<u8>, String) {
    let module = padded(&module("probe"), &vec![0; kb * KB]);
    let size = format!("size: {} KB", module.len().div_ceil(KB));
    (module, size)
}

/// What the program printed and how it ended, with nobody at the terminal.
#[track_caller]
fn run(home: &Home, arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = home.command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout) + &text(stderr))
}

#[track_caller]
fn says(home: &Home, arguments: &[&str], status: i32, words: &str) {
    let (code, said) = run(home, arguments);
    assert!(code == status && said.contains(words), "{arguments:?}: {code}: {words}: {said}");
}

#[test]
fn a_large_module_runs_after_size_approval() {
    let home = Home::new();
    let (module, size) = large(680);
    let folder = home.package("probe", "1.0.0", &json!({}), &module);
    let folder = folder.to_str().unwrap();
    let call = ["call", "probe__echo", "[1]"];
    says(&home, &["plugin", "inspect", folder], 1, &format!("{size} (needs approval)"));
    says(&home, &["plugin", "inspect", folder], 1, "approve them with `--approve size`");
    says(&home, &["plugin", "inspect", folder, "--approve", "size"], 0, &size);
    says(&home, &["plugin", "inspect", &format!("{folder}/plugin.wasm")], 1, &size);
    says(&home, &["plugin", "install", folder, "--yes"], 0, &format!("asks for {size}"));
    says(&home, &call, 1, &size);
    says(&home, &["plugin", "approve", "probe", "--yes"], 1, &size);
    says(&home, &["plugin", "approve", "probe", "--approve", "size"], 0, "approved");
    says(&home, &call, 0, "[1]");
    says(&home, &["plugin", "inspect", "probe"], 0, &size);
    // An author's folder has what was approved where it was named.
    let named = ["--plugins", folder, "--no-bundled"];
    says(&home, &[&named[..], &["tools"]].concat(), 0, "approve them with `--approve size`");
    says(&home, &[&named[..], &["--approve", "size"], &call].concat(), 0, "[1]");
    says(&home, &["plugin", "revoke", "probe"], 0, "");
    says(&home, &call, 1, &size);
}

#[test]
fn a_size_approval_is_stored_with_the_others() {
    let home = Home::new();
    let (small, size) = large(500);
    let installed = home.install(&home.package("probe", "1.0.0", &json!({}), &small)).unwrap();
    assert_eq!(home.pending(), std::slice::from_ref(&size));
    let mut somebody = Scripted::new(&[true]);
    assert!(home.ask(&installed, &mut somebody).is_empty());
    let [question] = somebody.questions.try_into().unwrap();
    assert!(question.contains(size.trim_start_matches("size: ")), "{question}");
    let stored = Approvals::read(&home.weft()).unwrap().of("probe");
    assert!(stored.content.is_some());
    assert_eq!(
        stored.permissions.module_kb.map(NonZeroU32::get),
        Some(small.len().div_ceil(KB) as u32)
    );
    assert_eq!(home.echo().unwrap(), "[1]");
    // It may grow a little, as versions do, and not as far as it likes.
    home.install(&home.package("probe", "1.0.1", &json!({}), &large(470).0)).unwrap();
    assert_eq!(home.echo().unwrap(), "[1]");
    let (larger, size) = large(900);
    home.install(&home.package("probe", "1.0.2", &json!({}), &larger)).unwrap();
    assert_eq!(home.pending(), [size]);
}

#[test]
fn a_skills_code_asks_for_its_size() {
    let home = Home::new();
    let folder = home.skill_with_probe("1.0.0");
    let (module, size) = large(400);
    fs::write(folder.join("plugin.wasm"), module).unwrap();
    let folder = folder.to_str().unwrap();
    says(&home, &["skill", "install", folder], 0, &size);
    says(&home, &["call", "probe__echo", "[1]"], 1, &size);
    says(&home, &["skill", "install", folder, "--force", "--approve", "size"], 0, "installed");
    says(&home, &["call", "probe__echo", "[1]"], 0, "[1]");
}

#[test]
fn custom_sections_do_not_count() {
    let home = Home::new();
    let probe = padded(&module("probe"), &[]);
    let heavy = with_custom_section(&probe, &vec![b'x'; 3 * limits::MB]);
    home.install(&home.package("probe", "1.0.0", &json!({}), &heavy)).unwrap();
    assert_eq!(home.echo().unwrap(), "[1]");
    let words = format!("core module, {} bytes", probe.len());
    says(&home, &["plugin", "inspect", "probe"], 0, &words);
    fs::write(home.path("bare.wasm"), &heavy).unwrap();
    says(&home, &["plugin", "inspect", "bare.wasm"], 0, &words);
    // What can't be read as sections counts, whatever it says that it is.
    let claims = [&probe[..], &[0, 0xff, 0xff, 0xff, 0x7f], &[b'x'; 400 * KB]].concat();
    assert!(ReadLimits::default().check(&claims).unwrap().is_some());
    // Nor do those of the module within a component.
    let core = with_custom_section(&probe, &[b'x'; 400 * KB]);
    let length = core.len() as u32;
    let length = [0, 7, 14, 21].map(|bits| (length >> bits) as u8 & 0x7f | 0x80);
    let component = [b"\0asm\x0d\0\x01\0\x01", &length[..], &[0], &core].concat();
    assert_eq!(ReadLimits::default().check(&component), Ok(None));
    assert!(ReadLimits::default().check(&padded(&probe, &[b'x'; 400 * KB])).unwrap().is_some());
}

#[test]
fn what_nobody_can_approve_says_what_it_weighs() {
    let home = Home::new();
    let (module, _) = large(2048);
    let folder = home.package("probe", "1.0.0", &json!({}), &module);
    let bytes = module.len().to_string();
    let limit = format!("the module has {bytes} bytes, over the limit of 2097152");
    let install = ["plugin", "install", folder.to_str().unwrap(), "--approve", "size"];
    says(&home, &install, 1, &limit);
    says(&home, &install, 1, "raise `limits.module_kb`");
    let bare = folder.join("plugin.wasm");
    says(&home, &["plugin", "inspect", bare.to_str().unwrap()], 1, &limit);
    fs::write(&bare, vec![0; 17 * limits::MB]).unwrap();
    says(&home, &["plugin", "inspect", bare.to_str().unwrap()], 1, &(17 * limits::MB).to_string());
}

#[test]
fn nobody_is_asked_to_raise_a_maximal_limit() {
    let step = |limit: usize| {
        let kind = PackageErrorKind::ModuleTooLarge { bytes: limit as u64 + 1, limit };
        PackageError::new("probe", kind).next_step()
    };
    assert!(step(limits::MODULE_APPROVED_BYTES).contains("raise `limits.module_kb`"));
    assert!(!step(limits::MODULE_MOST_BYTES).contains("raise"));
}

/// A package of this module, as an embedder reads it.
fn read(module: Vec<u8>, limits: ReadLimits) -> Result<PluginPackage, PackageError> {
    let manifest = json!({
        "id": "probe", "name": "p", "version": "1.0.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm",
    });
    let origin = PackageOrigin::Folder("probe".into());
    PluginPackage::read_parts(&manifest.to_string(), ManifestFormat::Json, module, origin, limits)
}

#[test]
fn the_limit_after_gzip_grows_with_the_size() {
    let default = ReadLimits::default();
    let approved = default.allowing(NonZeroU32::new(400));
    assert_eq!(approved.module_bytes, limits::MODULE_APPROVED_BYTES);
    assert_eq!(approved.module_gzip_bytes, 2048 * 120 * KB / 300);
    assert_eq!(default.allowing(None), default);
    let raised = ReadLimits { module_bytes: 4 * limits::MB, module_gzip_bytes: limits::MB };
    assert_eq!(raised.allowing(NonZeroU32::new(1)), raised);
    let asked = |limits| read(large(400).0, limits).unwrap().manifest.permissions.module_kb;
    assert!(asked(default).is_some());
    assert_eq!(asked(raised), None);
}

#[test]
fn a_package_cannot_state_its_own_size() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({ "module_kb": 1 }));
    let refused = home.install(&folder).unwrap_err();
    assert!(matches!(refused, InstallError::Package(_)), "{refused}");
    let (_, said) = run(&home, &["plugin", "inspect", folder.to_str().unwrap(), "--json"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["would_load"], false);
}
