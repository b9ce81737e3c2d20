//! What whoever watches sees of an install: a package appears with its approval, and not before it.

use std::cell::RefCell;
use std::path::Path;

use serde_json::json;
use weft_lite::errors::LoadError;
use weft_lite::package::{Approvals, InstallSource, InstallStep, Installed, Installer, NoPrompt};
use weft_lite::{Approval, Runtime};

use crate::home::{Home, Scripted, check_module};

/// The version of the probe in service, what it waits for, or that there is none.
fn state(runtime: &Runtime) -> String {
    runtime.block_on(runtime.load());
    let registry = runtime.host().registry();
    if let Some(plugin) = registry.plugin("probe") {
        return plugin.manifest.version.to_string();
    }
    match registry.refused() {
        [] => "none".into(),
        [refused] => match &refused.error {
            LoadError::Pending { unapproved, .. } => format!("pending: {}", unapproved.join(", ")),
            other => other.to_string(),
        },
        several => panic!("{several:?}"),
    }
}

/// Installs while a program looks after every step: what it sees, each thing once.
fn watched(
    home: &Home,
    folder: &Path,
    given: Approval,
    answers: &[bool],
) -> (Installed, Vec<String>) {
    let runtime = home.runtime();
    let seen = RefCell::new(vec![state(&runtime)]);
    let look = |step: InstallStep| {
        // The old one is aside for no longer than a renaming takes.
        if step != InstallStep::OldAside {
            seen.borrow_mut().push(state(&runtime));
        }
    };
    let installer = Installer::new(home.weft(), &check_module).observe(&look);
    let source = InstallSource::Folder(folder.to_owned());
    let mut proposed = installer.propose(&source).unwrap();
    proposed.ask(given, &mut Scripted::new(answers));
    let installed = proposed.put_in_place().unwrap();
    let mut seen = seen.into_inner();
    seen.dedup();
    (installed, seen)
}

#[test]
fn a_package_appears_with_its_approval() {
    let home = Home::new();
    let asks = json!({ "filesystem": ["$WORKSPACE"], "env_vars": ["CITY"] });
    let folder = home.probe("1.0.0", &asks);
    let (installed, seen) = watched(&home, &folder, Approval::NONE, &[true, true]);
    assert_eq!(seen, ["none", "1.0.0"]);
    assert_eq!((installed.pending.as_slice(), installed.missing.is_empty()), (&[][..], true));
}

#[test]
fn an_approved_update_takes_over() {
    let home = Home::new();
    let (_, seen) = watched(&home, &home.probe("1.0.0", &json!({})), Approval::NONE, &[]);
    assert_eq!(seen, ["none", "1.0.0"]);
    let more = home.probe("2.0.0", &json!({ "env_vars": ["CITY"] }));
    let (_, seen) = watched(&home, &more, Approval::NONE, &[true]);
    assert_eq!(seen, ["1.0.0", "2.0.0"]);
    // So does one that needs a yes to what it is.
    let older = home.probe("1.0.0", &json!({ "env_vars": ["CITY", "LANG"] }));
    let (installed, seen) = watched(&home, &older, Approval::NONE, &[true, true]);
    assert_eq!(seen, ["2.0.0", "1.0.0"]);
    assert_eq!((installed.change, installed.pending.len()), (None, 0));
}

#[test]
fn without_a_yes_it_waits_as_before() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({ "env_vars": ["CITY"] }));
    let (installed, seen) = watched(&home, &folder, Approval::NONE, &[false]);
    assert_eq!(seen, ["none", "pending: env: CITY"]);
    assert_eq!(installed.pending, ["env: CITY"]);
    let older = home.probe("0.9.0", &json!({ "env_vars": ["CITY"] }));
    let (installed, seen) = watched(&home, &older, Approval::NONE, &[false, true]);
    assert!(seen[1].starts_with("pending: change: it is older"), "{seen:?}");
    assert_eq!(installed.pending.len(), 2, "a no to what it is gives nothing else: {installed:?}");
}

#[test]
fn a_revoked_package_stays_down_until_replaced() {
    let home = Home::new();
    home.install(&home.probe("1.0.0", &json!({}))).unwrap();
    Approvals::revoke(&home.weft(), "probe").unwrap();
    let (_, seen) = watched(&home, &home.probe("2.0.0", &json!({})), Approval::NONE, &[true]);
    let revoked = "pending: running again (it was revoked)";
    assert_eq!(seen, [revoked, "2.0.0"]);
}

#[test]
fn what_is_proposed_and_dropped_leaves_nothing() {
    let home = Home::new();
    home.install(&home.probe("1.0.0", &json!({}))).unwrap();
    let before = Approvals::read(&home.weft()).unwrap();
    let installer = Installer::new(home.weft(), &check_module);
    let folder = home.probe("2.0.0", &json!({ "env_vars": ["CITY"] }));
    let mut proposed = installer.propose(&InstallSource::Folder(folder)).unwrap();
    proposed.ask(Approval::ALL, &mut NoPrompt);
    assert_eq!(proposed.installed().missing.env_vars, ["CITY"]);
    drop(proposed);
    assert_eq!(Approvals::read(&home.weft()).unwrap(), before);
    let left = std::fs::read_dir(home.weft().join("plugins/.staging")).unwrap();
    assert_eq!(left.count(), 0);
    assert_eq!(state(&home.runtime()), "1.0.0");
}
