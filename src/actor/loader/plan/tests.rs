//! The plan for a package in each state, without a disk.

use super::*;
use crate::contract::{PluginManifest, PluginPermissions};
use crate::package::{Approval, PackageKind, StoredApproval};

fn digest(files: u64) -> ContentDigest {
    ContentDigest { files, settings: 0 }
}

const NOTHING: Fetched<()> = Fetched::new();

fn place(folder: &str) -> PackagePlace {
    PackagePlace::Folder(folder.into())
}

/// A package that asks for nothing.
fn package(folder: &str, id: &str, files: u64) -> Candidate {
    let text = format!(
        r#"{{"id": "{id}", "name": "N", "version": "1.0.0", "capabilities": ["tool"], "wasm_module": "p.wasm"}}"#
    );
    let manifest = PluginManifest::from_json(&text).unwrap().manifest;
    Candidate {
        place: place(folder),
        content: Ok(Content { manifest, digest: digest(files) }),
        policy: Approval::NONE.into(),
        objection: None,
        command: None,
    }
}

fn asking_for_a_shell(mut package: Candidate) -> Candidate {
    package.content.as_mut().unwrap().manifest.permissions.shell = true;
    package
}

fn unreadable(folder: &str, kind: PackageErrorKind) -> Candidate {
    Candidate { content: Err(PackageError::new(folder, kind)), ..package(folder, "any", 0) }
}

fn failure() -> LoadError {
    LoadError::Description { problem: "no JSON".into() }
}

fn input(candidates: impl Into<Vec<Candidate>>) -> PlanInput {
    PlanInput {
        candidates: candidates.into(),
        unreadable: Vec::new(),
        forgotten: SortedSet::new(),
        unapproved: SortedSet::new(),
        stale: SortedSet::new(),
        failures: Failures::Remember,
    }
}

/// A history in which these plugins are in service.
fn serving<const N: usize>(plugins: [(&str, &str, u64); N]) -> History {
    let serving = plugins.map(|(folder, id, files)| {
        let (version, permissions) = ("1.0.0".to_owned(), PluginPermissions::default());
        (
            id.to_owned(),
            Serving { place: place(folder), digest: digest(files), version, permissions },
        )
    });
    History { serving: serving.into(), ..History::default() }
}

fn fetched<const N: usize>(results: [(&str, Result<(), LoadError>); N]) -> Fetched<()> {
    results.map(|(folder, result)| (place(folder), result)).into()
}

fn added(plan: &Plan) -> Vec<&str> {
    plan.add.iter().map(|(id, _)| id.as_str()).collect()
}

fn errors(plan: &Plan) -> Vec<String> {
    plan.refused.iter().map(|refused| refused.error.to_string()).collect()
}

#[test]
fn a_new_package_is_fetched_then_added() {
    let input = input([package("a", "one", 1)]);
    let first = plan(&input, &History::default(), &NOTHING);
    assert_eq!(first.fetch, [place("a")]);
    assert!(first.add.is_empty());
    let last = plan(&input, &History::default(), &fetched([("a", Ok(()))]));
    assert!(last.fetch.is_empty() && last.remove.is_empty());
    assert_eq!(added(&last), ["one"]);
    assert_eq!(last.outcomes.get(&place("a")), Some(&Readiness::Ready));
}

#[test]
fn unchanged_content_stays_without_a_fetch() {
    let plan = plan(&input([package("a", "one", 1)]), &serving([("a", "one", 1)]), &NOTHING);
    assert!(plan.fetch.is_empty() && plan.add.is_empty() && plan.remove.is_empty());
    assert!(plan.claimed.contains_key("one"));
}

#[test]
fn changed_content_replaces_the_plugin() {
    let (input, history) = (input([package("a", "one", 2)]), serving([("a", "one", 1)]));
    assert_eq!(plan(&input, &history, &NOTHING).fetch, [place("a")]);
    let plan = plan(&input, &history, &fetched([("a", Ok(()))]));
    assert_eq!(added(&plan), ["one"]);
    assert_eq!(plan.remove, ["one"]);
}

#[test]
fn a_stale_plugin_is_fetched_again() {
    let mut input = input([package("a", "one", 1), package("b", "two", 1)]);
    input.stale.insert("two".into());
    let history = serving([("a", "one", 1), ("b", "two", 1)]);
    assert_eq!(plan(&input, &history, &NOTHING).fetch, [place("b")]);
}

#[test]
fn a_failed_version_leaves_the_old_one() {
    let (input, history) = (input([package("a", "one", 2)]), serving([("a", "one", 1)]));
    let plan = plan(&input, &history, &fetched([("a", Err(failure()))]));
    assert!(plan.add.is_empty() && plan.remove.is_empty());
    assert!(plan.claimed.contains_key("one"));
    assert_eq!(errors(&plan), ["`describe` gave no JSON; version 1.0.0 stays in service"]);
    assert_eq!(plan.failed, [(place("a"), (digest(2), failure()))]);
}

#[test]
fn a_remembered_failure_is_not_fetched() {
    let mut input = input([package("a", "one", 2)]);
    let mut history = History::default();
    history.failed.insert(place("a"), (digest(2), failure()));
    let remembered = plan(&input, &history, &NOTHING);
    assert!(remembered.fetch.is_empty());
    assert_eq!(errors(&remembered), ["`describe` gave no JSON"]);
    input.failures = Failures::TryAgain;
    assert_eq!(plan(&input, &history, &NOTHING).fetch, [place("a")]);
    input.failures = Failures::Remember;
    history.failed.insert(place("a"), (digest(1), failure()));
    assert_eq!(plan(&input, &history, &NOTHING).fetch, [place("a")]);
}

#[test]
fn a_race_is_not_remembered_as_failure() {
    let gone = PackageErrorKind::ModuleGone { file: "p.wasm".into() };
    let gone = Err(LoadError::Package(PackageError::new("a", gone)));
    let plan = plan(&input([package("a", "one", 1)]), &History::default(), &fetched([("a", gone)]));
    assert!(plan.failed.is_empty());
    assert_eq!(plan.refused.len(), 1);
}

#[test]
fn the_first_package_of_an_id_wins() {
    let input = input([package("a", "one", 1), package("b", "one", 2)]);
    let first = plan(&input, &History::default(), &NOTHING);
    assert_eq!(first.fetch, [place("a")]);
    assert_eq!(errors(&first), ["shadowed by the one from a"]);
    // When the first one fails, the second one has its turn.
    let second = plan(&input, &History::default(), &fetched([("a", Err(failure()))]));
    assert_eq!(second.fetch, [place("b")]);
    let results = fetched([("a", Err(failure())), ("b", Ok(()))]);
    let last = plan(&input, &History::default(), &results);
    assert_eq!(last.add.iter().map(|(_, it)| &it.place).collect::<Vec<_>>(), [&place("b")]);
}

#[test]
fn unapproved_permissions_take_a_plugin_out() {
    let input = input([asking_for_a_shell(package("a", "one", 2))]);
    let plan = plan(&input, &serving([("a", "one", 1)]), &NOTHING);
    assert!(plan.fetch.is_empty() && plan.revoke.is_empty() && plan.warnings.is_empty());
    assert_eq!(plan.remove, ["one"]);
    assert!(matches!(plan.outcomes.get(&place("a")), Some(Readiness::Pending(_))));
}

#[test]
fn pending_packages_do_not_disturb_other_places() {
    let input = input([asking_for_a_shell(package("a", "one", 1)), package("b", "one", 1)]);
    let plan = plan(&input, &serving([("b", "one", 1)]), &NOTHING);
    assert!(plan.fetch.is_empty() && plan.remove.is_empty());
    assert_eq!(plan.claimed.get("one"), Some(&place("b")));
}

#[test]
fn no_version_of_a_claimed_id_is_kept() {
    let other_kind = PackageErrorKind::OtherKind { wanted: PackageKind::Plugin };
    let input = input([package("a", "one", 2), unreadable("b", other_kind)]);
    let plan = plan(&input, &serving([("b", "one", 1)]), &fetched([("a", Ok(()))]));
    assert_eq!(added(&plan), ["one"]);
    assert!(matches!(plan.outcomes.get(&place("b")), Some(Readiness::Unavailable(_))));
}

#[test]
fn an_objection_keeps_a_package_out() {
    let objection = Some("change: p.wasm".to_owned());
    let input = input([Candidate { objection, ..package("a", "one", 1) }]);
    let plan = plan(&input, &History::default(), &NOTHING);
    assert!(plan.fetch.is_empty());
    assert_eq!(errors(&plan), ["needs approval for change: p.wasm"]);
}

#[test]
fn a_revoked_approval_cancels_calls_once() {
    let revoked = || {
        let policy = StoredApproval { revoked: true, ..StoredApproval::default() }.into();
        input([Candidate { policy, ..package("a", "one", 1) }])
    };
    let mut history = serving([("a", "one", 1)]);
    let first = plan(&revoked(), &history, &NOTHING);
    assert_eq!((first.remove, first.revoke), (vec!["one".into()], vec!["one".to_owned()]));
    assert_eq!(first.warnings.len(), 1);
    (history.serving, history.outcomes) = (SortedMap::new(), first.outcomes);
    let second = plan(&revoked(), &history, &NOTHING);
    assert!(second.remove.is_empty() && second.revoke.is_empty() && second.warnings.is_empty());
}

#[test]
fn a_broken_package_does_not_outlive_its_approval() {
    let history = serving([("a", "one", 1)]);
    let broken = PackageErrorKind::Unreadable { file: "p.wasm".into(), problem: "no".into() };
    let mut input = input([unreadable("a", broken)]);
    input.unapproved.insert("one".into());
    let plan = plan(&input, &history, &NOTHING);
    assert_eq!((plan.remove, plan.revoke), (vec!["one".into()], vec!["one".to_owned()]));
    assert!(plan.claimed.is_empty());
}

#[test]
fn a_removed_package_goes_out_of_service() {
    let history = serving([("a", "one", 1), ("b", "two", 1)]);
    let mut input = input([]);
    input.forgotten.insert("two".into());
    let plan = plan(&input, &history, &NOTHING);
    assert_eq!((plan.remove, plan.revoke), (vec!["one".into()], vec!["two".to_owned()]));
}

#[test]
fn an_unreadable_manifest_keeps_the_plugin() {
    let history = serving([("a", "one", 1)]);
    let other_kind = PackageErrorKind::OtherKind { wanted: PackageKind::Plugin };
    let kept = plan(&input([unreadable("a", other_kind)]), &history, &NOTHING);
    assert!(kept.remove.is_empty() && kept.claimed.contains_key("one"));
    let missing = PackageErrorKind::NoManifest { looked_for: &[] };
    let gone = plan(&input([unreadable("a", missing)]), &history, &NOTHING);
    assert_eq!(gone.remove, ["one"]);
}
