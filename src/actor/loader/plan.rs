//! Plans a reload: which packages are put into service, which stay and which go.
//!
//! Planning is a pure function: it reads no file, compiles nothing and changes nothing. A package whose new
//! content can't be used leaves its old version in service. A package that asks for more than is approved is
//! not in service at all (security.md: life cycle).

use super::candidate::Candidate;
use super::code::Content;
use super::history::{History, Serving};
use super::place::{Outcomes, PackagePlace};
use super::scope::Failures;
use crate::actor::load::LoadError;
use crate::actor::registry::RefusedPlugin;
use crate::contract::{SortedMap, SortedSet};
use crate::package::{ApprovalPolicy, PackageError, PackageErrorKind};
use crate::skill::Readiness;

/// The state of the disk that a reload brings into service.
pub(super) struct PlanInput {
    /// All packages. For one id the first wins.
    pub(super) candidates: Vec<Candidate>,
    /// Why folders of packages can't be listed.
    pub(super) unreadable: Vec<PackageError>,
    /// Plugins in service that were uninstalled together with their approvals, by id.
    pub(super) forgotten: SortedSet<String>,
    /// Plugins in service whose permissions are no longer approved, by id.
    pub(super) unapproved: SortedSet<String>,
    /// Unchanged plugins to load again, because a file that they may use now exists, by id.
    pub(super) stale: SortedSet<String>,
    pub(super) failures: Failures,
}

/// The packages that this reload has fetched, by place, with the reason if one failed.
pub(super) type Fetched<P> = SortedMap<PackagePlace, Result<P, LoadError>>;

/// The changes of one reload.
#[derive(Default)]
pub(super) struct Plan {
    /// The packages that have to be fetched before the plan is final, in the order of the candidates.
    pub(super) fetch: Vec<PackagePlace>,
    /// The fetched packages that go into service, with their ids.
    pub(super) add: Vec<(String, Serving)>,
    /// Plugins that go out of service or are replaced: calls in flight end on them.
    pub(super) remove: Vec<String>,
    /// Plugins that are no longer approved: calls in flight are cancelled.
    pub(super) revoke: Vec<String>,
    pub(super) refused: Vec<RefusedPlugin>,
    pub(super) outcomes: Outcomes,
    /// The place that claimed each id: these plugins are in service afterwards.
    pub(super) claimed: SortedMap<String, PackagePlace>,
    /// Content to remember as failed.
    pub(super) failed: Vec<(PackagePlace, (u64, LoadError))>,
    /// Lines for the log.
    pub(super) warnings: Vec<String>,
}

/// Decides about every candidate. The plan is final when it has nothing left to fetch; until then it assumes
/// that each fetch will succeed.
pub(super) fn plan<P>(input: &PlanInput, history: &History, fetched: &Fetched<P>) -> Plan {
    let mut planner =
        Planner { input, history, fetched, withdrawn: SortedSet::new(), plan: Plan::default() };
    for candidate in &input.candidates {
        planner.decide(candidate);
    }
    planner.finish()
}

/// A plan in the making. Candidates are decided in order, so that the first of an id claims it.
struct Planner<'a, P> {
    input: &'a PlanInput,
    history: &'a History,
    fetched: &'a Fetched<P>,
    /// Ids of plugins in service that wait for approval from now on.
    withdrawn: SortedSet<&'a str>,
    plan: Plan,
}

impl<'a, P> Planner<'a, P> {
    /// Decides about one candidate. Approval comes before a fetch, so that nothing unapproved is
    /// even compiled.
    fn decide(&mut self, candidate: &'a Candidate) {
        let Candidate { place, content, policy, objection, .. } = candidate;
        let content = match content {
            Ok(content) => content,
            Err(error) => return self.unreadable(place, error),
        };
        let id = &content.manifest.id;
        if let Some(other) = self.plan.claimed.get(id) {
            let by = other.to_string();
            return self.refuse(place, Some(id), LoadError::Shadowed { by });
        }
        let missing = policy.missing(&content.manifest.permissions);
        let missing: Vec<String> = objection.iter().cloned().chain(missing).collect();
        if !missing.is_empty() {
            return self.wait(candidate, id, missing);
        }
        if self.is_serving(place, content) {
            return self.serve(place, id);
        }
        match (self.fetched.get(place), self.failed_before(place, content)) {
            (Some(Ok(_)), _) => self.add(place, content),
            (Some(Err(error)), _) => {
                if !is_race(error) {
                    self.plan.failed.push((place.clone(), (content.digest, error.clone())));
                }
                self.keep_or_refuse(place, Some(id), error.clone());
            }
            (None, Some(error)) => self.keep_or_refuse(place, Some(id), error.clone()),
            (None, None) => {
                self.plan.fetch.push(place.clone());
                self.serve(place, id);
            }
        }
    }

    /// Removes the plugins in service that no candidate has claimed.
    fn finish(self) -> Plan {
        let Self { input, history, withdrawn, mut plan, .. } = self;
        let serving = history.serving.keys();
        let gone = serving
            .filter(|id| !plan.claimed.contains_key(*id) && !withdrawn.contains(id.as_str()));
        for id in gone {
            let is_forgotten = input.forgotten.contains(id);
            let list = if is_forgotten { &mut plan.revoke } else { &mut plan.remove };
            list.push(id.clone());
        }
        plan.refused.extend(input.unreadable.iter().cloned().map(RefusedPlugin::unreadable));
        plan
    }

    /// Puts fetched content into service, and takes out the old version, wherever it came from.
    fn add(&mut self, place: &PackagePlace, content: &Content) {
        let id = &content.manifest.id;
        if self.serving(id).is_some() {
            self.plan.remove.push(id.clone());
        }
        let serving = Serving {
            place: place.clone(),
            digest: content.digest,
            version: content.manifest.version.to_string(),
            permissions: content.manifest.permissions.clone(),
        };
        self.plan.add.push((id.clone(), serving));
        self.serve(place, id);
    }

    /// Claims an id for a place: its plugin is in service after this reload.
    fn serve(&mut self, place: &PackagePlace, id: &str) {
        self.plan.claimed.insert(id.to_owned(), place.clone());
        self.plan.outcomes.insert(place.clone(), Readiness::Ready);
    }

    /// Refuses a package. A skill whose code it is becomes unavailable.
    fn refuse(&mut self, place: &PackagePlace, id: Option<&str>, error: LoadError) {
        let reason = format!("its plugin is not in service: {error}");
        self.plan.outcomes.insert(place.clone(), Readiness::Unavailable(vec![reason]));
        self.report(place, id, error);
    }

    /// Adds a refusal to those that the registry shows.
    fn report(&mut self, place: &PackagePlace, id: Option<&str>, error: LoadError) {
        let (id, origin) = (id.map(str::to_owned), place.to_string());
        self.plan.refused.push(RefusedPlugin { id, origin, error });
    }

    /// Decides about a package without usable content.
    fn unreadable(&mut self, place: &PackagePlace, error: &PackageError) {
        let is_removed = matches!(error.kind, PackageErrorKind::NoManifest { .. });
        let error = LoadError::Package(error.clone());
        match is_removed {
            // Its manifest was removed on purpose.
            true => self.refuse(place, None, error),
            false => self.keep_or_refuse(place, None, error),
        }
    }

    /// Refuses the content at a place. A version in service from there stays, with a note.
    fn keep_or_refuse(&mut self, place: &PackagePlace, id: Option<&str>, error: LoadError) {
        let mut serving = self.history.serving.iter();
        let old =
            serving.find(|(id, it)| it.place == *place && !self.withdrawn.contains(id.as_str()));
        match old {
            // Its approval was taken back while its package is broken: it is not even kept.
            Some((old, _)) if self.input.unapproved.contains(old) => {
                self.withdraw(old, true);
                self.refuse(place, Some(old), error);
            }
            // Settings are the operator's: what they were before counts no longer.
            _ if matches!(error, LoadError::Settings { .. }) => self.refuse(place, id, error),
            Some((old, serving)) if !self.plan.claimed.contains_key(old) => {
                let (error, version) = (Box::new(error), serving.version.clone());
                self.report(place, Some(old), LoadError::Kept { error, version });
                self.serve(place, old);
            }
            _ => self.refuse(place, id, error),
        }
    }

    /// Takes a plugin that waits for approval out of service, whatever its version.
    fn wait(&mut self, candidate: &Candidate, id: &'a str, missing: Vec<String>) {
        let Candidate { place, policy, command, .. } = candidate;
        let outcome = Readiness::Pending(missing.clone());
        let is_new = self.history.outcomes.get(place) != Some(&outcome);
        let serving = self.serving(id).filter(|serving| serving.place == *place);
        let is_revoked = match serving {
            Some(serving) => !policy.missing(&serving.permissions).is_empty(),
            // Calls may be in flight on a version that went out of service before.
            None => is_new && matches!(policy, ApprovalPolicy::Stored(it) if it.revoked),
        };
        match serving {
            Some(_) => self.withdraw(id, is_revoked),
            None if is_revoked => self.plan.revoke.push(id.to_owned()),
            None => {}
        }
        let error = LoadError::Pending { unapproved: missing, command: command.clone() };
        self.report(place, Some(id), error);
        self.plan.outcomes.insert(place.clone(), outcome);
    }

    /// Takes a plugin out of service. If its approval was taken back, its calls in flight are cancelled.
    fn withdraw(&mut self, id: &'a str, is_revoked: bool) {
        self.withdrawn.insert(id);
        self.plan.remove.push(id.to_owned());
        if is_revoked {
            self.plan.revoke.push(id.to_owned());
            let warning = format!("{id} is out of service: its approval was taken back");
            self.plan.warnings.push(warning);
        }
    }

    /// The version in service, unless this plan takes it out.
    fn serving(&self, id: &str) -> Option<&'a Serving> {
        self.history.serving.get(id).filter(|_| !self.withdrawn.contains(id))
    }

    /// Whether this very content is in service, from this place, and need not be loaded again.
    fn is_serving(&self, place: &PackagePlace, content: &Content) -> bool {
        let id = &content.manifest.id;
        let serving = self.serving(id).filter(|_| !self.input.stale.contains(id));
        serving.is_some_and(|it| it.place == *place && it.digest == content.digest)
    }

    /// Why this very content failed in an earlier reload, if that still counts.
    fn failed_before(&self, place: &PackagePlace, content: &Content) -> Option<&'a LoadError> {
        let (digest, error) = self.history.failed.get(place)?;
        let is_known = self.input.failures == Failures::Remember && *digest == content.digest;
        is_known.then_some(error)
    }
}

/// Whether the module changed between two reads, which does not count as a failure of its content.
fn is_race(error: &LoadError) -> bool {
    let LoadError::Package(error) = error else { return false };
    matches!(
        error.kind,
        PackageErrorKind::ModuleChanged { .. } | PackageErrorKind::ModuleGone { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{PluginManifest, PluginPermissions};
    use crate::package::{Approval, PackageKind, StoredApproval};

    const NOTHING: Fetched<()> = Fetched::new();

    fn place(folder: &str) -> PackagePlace {
        PackagePlace::Folder(folder.into())
    }

    /// A package that asks for nothing.
    fn package(folder: &str, id: &str, digest: u64) -> Candidate {
        let text = format!(
            r#"{{"id": "{id}", "name": "N", "version": "1.0.0", "capabilities": ["tool"], "wasm_module": "p.wasm"}}"#
        );
        let manifest = PluginManifest::from_json(&text).unwrap().manifest;
        Candidate {
            place: place(folder),
            content: Ok(Content { manifest, digest }),
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
        let serving = plugins.map(|(folder, id, digest)| {
            let (version, permissions) = ("1.0.0".to_owned(), PluginPermissions::default());
            (id.to_owned(), Serving { place: place(folder), digest, version, permissions })
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
        assert_eq!(plan.failed, [(place("a"), (2, failure()))]);
    }

    #[test]
    fn a_remembered_failure_is_not_fetched() {
        let mut input = input([package("a", "one", 2)]);
        let mut history = History::default();
        history.failed.insert(place("a"), (2, failure()));
        let remembered = plan(&input, &history, &NOTHING);
        assert!(remembered.fetch.is_empty());
        assert_eq!(errors(&remembered), ["`describe` gave no JSON"]);
        input.failures = Failures::TryAgain;
        assert_eq!(plan(&input, &history, &NOTHING).fetch, [place("a")]);
        input.failures = Failures::Remember;
        history.failed.insert(place("a"), (1, failure()));
        assert_eq!(plan(&input, &history, &NOTHING).fetch, [place("a")]);
    }

    #[test]
    fn a_race_is_not_remembered_as_failure() {
        let gone = PackageErrorKind::ModuleGone { file: "p.wasm".into() };
        let gone = Err(LoadError::Package(PackageError::new("a", gone)));
        let plan =
            plan(&input([package("a", "one", 1)]), &History::default(), &fetched([("a", gone)]));
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
}
