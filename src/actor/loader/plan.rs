//! Plans a reload: which packages are put into service, which stay and which go.
//!
//! Planning is a pure function: it reads no file, compiles nothing and changes nothing. A package whose new
//! content can't be used leaves its old version in service. A package that asks for more than is approved is
//! not in service at all (security.md: life cycle).

use super::candidate::Candidate;
use super::code::{Content, ContentDigest};
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
    pub(super) failed: Vec<(PackagePlace, (ContentDigest, LoadError))>,
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
    /// Ids of plugins that this plan takes out of service: they wait for approval, or theirs was taken back.
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
                self.keep_or_refuse(place, Some(content), error.clone());
            }
            (None, Some(error)) => self.keep_or_refuse(place, Some(content), error.clone()),
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
        let reason = format!("its plugin is not in service: {}", error.reason_for_caller());
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
    fn keep_or_refuse(&mut self, place: &PackagePlace, of: Option<&Content>, error: LoadError) {
        let id = of.map(|content| content.manifest.id.as_str());
        let mut serving = self.history.serving.iter();
        let old =
            serving.find(|(id, it)| it.place == *place && !self.withdrawn.contains(id.as_str()));
        match old {
            // Its approval was taken back while its package is broken: it is not even kept.
            Some((old, _)) if self.input.unapproved.contains(old) => {
                self.withdraw(old, true);
                self.refuse(place, Some(old), error);
            }
            // Settings are the operator's: what they were before counts no longer. An update that wants others is
            // like one that fails in any other way.
            Some((_, serving))
                if matches!(error, LoadError::Settings { .. })
                    && of.is_some_and(|it| it.digest.settings != serving.digest.settings) =>
            {
                self.refuse(place, id, error);
            }
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
mod tests;
