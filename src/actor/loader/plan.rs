//! Deciding what of the packages is put into service, what stays and what goes.
//!
//! A package whose new content can't be used leaves its old one in service. One that asks for more
//! than is approved is not in service at all (security.md: life cycle).

use std::sync::Arc;

use super::ahead::Ahead;
use super::code::Content;
use super::disk::{Candidate, Disk, Place};
use super::{Failures, Outcomes};
use crate::actor::host::{PluginHost, Update};
use crate::actor::load::LoadError;
use crate::actor::prepare::prepare;
use crate::actor::registry::RefusedPlugin;
use crate::contract::{PluginPermissions, SortedMap, SortedSet};
use crate::package::{ApprovalPolicy, Descriptions, PackageError, PackageErrorKind};
use crate::skill::{Readiness, SkillRegistry};
use crate::task::off_executor;

/// Brings what is in service in line with the disk. It keeps what it put into service and what failed.
pub(super) struct Reconciler {
    host: PluginHost,
    /// Stored descriptions of modules.
    descriptions: Option<Descriptions>,
    /// By id.
    serving: SortedMap<String, Serving>,
    /// Content that could not be put into service, and why.
    failed: SortedMap<Place, (u64, LoadError)>,
    outcomes: Outcomes,
    skills: Arc<SkillRegistry>,
    refused: Vec<RefusedPlugin>,
    generation: u64,
    /// Unchanged plugins to load again, because a file that they may use now exists.
    stale: SortedSet<String>,
}

/// A plugin in service.
struct Serving {
    place: Place,
    digest: u64,
    version: String,
    permissions: PluginPermissions,
}

/// The changes decided so far in one reload.
#[derive(Default)]
struct Plan {
    update: Update,
    /// The place that claimed each id.
    claimed: SortedMap<String, Place>,
    outcomes: Outcomes,
    /// Descriptions for the next start, by their keys.
    to_keep: Vec<(String, String)>,
}

impl Reconciler {
    pub(super) fn new(host: PluginHost, descriptions: Option<Descriptions>) -> Self {
        Self {
            host,
            descriptions,
            serving: SortedMap::new(),
            failed: SortedMap::new(),
            outcomes: Outcomes::new(),
            skills: Arc::default(),
            refused: Vec::new(),
            generation: 0,
            stale: SortedSet::new(),
        }
    }

    /// Finds the plugins that may use a file that was missing when they were loaded and exists now.
    /// Only an explicit reload checks this.
    pub(super) async fn find_stale(&mut self, failures: Failures) {
        self.stale = match failures {
            Failures::Remember => SortedSet::new(),
            Failures::TryAgain => {
                let registry = self.host.registry();
                off_executor(move || {
                    let stale = registry.plugins().filter(|plugin| plugin.sandbox.is_outdated());
                    SortedSet::from_iter(stale.map(|plugin| plugin.manifest.id.clone()))
                })
                .await
            }
        };
    }

    /// The skills there are, if what is in service stays as it is.
    pub(super) fn skills(&self, disk: &mut Disk) -> SkillRegistry {
        let touched = disk.touched();
        disk.registry(&self.skills, &touched, &self.outcomes)
    }

    /// The places whose modules this reload will probably load.
    fn wanted(&self, candidates: &[Candidate], failures: Failures) -> Vec<Place> {
        let mut claimed = SortedSet::new();
        let wanted = candidates.iter().filter_map(|candidate| {
            let Candidate { place, content, policy, objection, .. } = candidate;
            let content = content.as_ref().ok()?;
            let missing = policy.missing(&content.manifest.permissions);
            let allowed = objection.is_none() && missing.is_empty();
            let new = claimed.insert(&content.manifest.id)
                && !self.is_serving(place, content)
                && self.failed_before(place, content, failures).is_none();
            (allowed && new).then(|| place.clone())
        });
        wanted.collect()
    }

    /// Brings what is in service in line with the disk. Returns the generation, or `None` when the
    /// host has stopped.
    pub(super) async fn reconcile(
        &mut self,
        disk: &mut Disk,
        mut skills: SkillRegistry,
        failures: Failures,
    ) -> Option<u64> {
        let mut plan = Plan::default();
        let candidates = disk.candidates(&skills);
        let wanted = self.wanted(&candidates, failures);
        let mut ahead = Ahead::new(wanted, self.descriptions.clone(), self.host.clone());
        for candidate in candidates {
            self.decide(candidate, disk, &mut ahead, failures, &mut plan).await;
        }
        let Plan { mut update, claimed, outcomes, to_keep } = plan;
        let gone = self.serving.keys().filter(|id| !claimed.contains_key(*id));
        for id in gone {
            let is_forgotten = self.serving.get(id).is_some_and(|it| disk.is_forgotten(&it.place));
            let list = if is_forgotten { &mut update.revoke } else { &mut update.remove };
            list.push(id.clone());
        }
        self.serving.retain(|id, _| claimed.contains_key(id));
        self.failed.retain(|place, _| outcomes.contains_key(place));
        update.refused.extend(disk.unreadable().cloned().map(RefusedPlugin::unreadable));
        let before = std::mem::replace(&mut self.outcomes, outcomes);
        let places = self.outcomes.keys().chain(before.keys());
        let other = places.filter(|place| before.get(*place) != self.outcomes.get(*place));
        let touched = disk.skills_at(other);
        if !touched.is_empty() {
            skills = disk.registry(&skills, &touched, &self.outcomes);
        }
        let same = update.revoke.is_empty()
            && update.remove.is_empty()
            && update.add.is_empty()
            && update.refused == self.refused
            && skills.is_same_as(&self.skills);
        if !same {
            self.skills = Arc::new(skills);
            self.refused.clone_from(&update.refused);
            update.skills = Arc::clone(&self.skills);
            self.generation = self.host.update(update).await?;
        }
        if let Some(descriptions) = self.descriptions.clone().filter(|_| !to_keep.is_empty()) {
            off_executor(move || descriptions.keep(&to_keep)).await;
        }
        Some(self.generation)
    }

    async fn decide(
        &mut self,
        candidate: Candidate,
        disk: &Disk,
        ahead: &mut Ahead,
        failures: Failures,
        plan: &mut Plan,
    ) {
        let Candidate { place, content, policy, objection, command } = candidate;
        let content = match content {
            Ok(content) => content,
            Err(error) => return self.unreadable(place, error, plan),
        };
        let id = content.manifest.id.clone();
        if let Some(other) = plan.claimed.get(&id) {
            let by = other.to_string();
            return plan.refuse(place, Some(id), LoadError::Shadowed { by });
        }
        let missing = policy.missing(&content.manifest.permissions);
        let missing: Vec<String> = objection.into_iter().chain(missing).collect();
        if !missing.is_empty() {
            return self.wait(place, id, missing, &policy, command, plan);
        }
        if self.is_serving(&place, &content) {
            return plan.serve(place, id);
        }
        let prepared = match self.failed_before(&place, &content, failures) {
            Some(error) => Err(error.clone()),
            None => match ahead.take(&place, disk).await {
                Some(Ok(ready)) => self.host.contained(Box::pin(prepare(ready))).await,
                Some(Err(error)) => Err(error),
                // It was removed meanwhile; the next reload sees that.
                None => return,
            },
        };
        match prepared {
            Ok(mut plugin) => {
                plan.to_keep.extend(plugin.to_keep.take());
                if self.serving.contains_key(&id) {
                    plan.update.remove.push(id.clone());
                }
                let Content { manifest, digest } = content;
                let version = manifest.version.to_string();
                let permissions = manifest.permissions;
                let serving = Serving { place: place.clone(), digest, version, permissions };
                self.serving.insert(id.clone(), serving);
                self.failed.remove(&place);
                plan.update.add.push(plugin);
                plan.serve(place, id);
            }
            Err(error) => {
                if !was_changed(&error) {
                    self.failed.insert(place.clone(), (content.digest, error.clone()));
                }
                self.refuse_or_keep(place, Some(id), error, plan);
            }
        }
    }

    fn unreadable(&self, place: Place, error: PackageError, plan: &mut Plan) {
        if matches!(error.kind, PackageErrorKind::NoManifest { .. }) {
            // Its manifest was removed on purpose.
            return plan.refuse(place, None, LoadError::Package(error));
        }
        self.refuse_or_keep(place, None, LoadError::Package(error), plan);
    }

    /// Refuses the content at a place. A version in service from there stays, with a note.
    fn refuse_or_keep(&self, place: Place, id: Option<String>, error: LoadError, plan: &mut Plan) {
        let old = self.serving.iter().find(|(_, serving)| serving.place == place);
        match old {
            Some((old, serving)) if !plan.claimed.contains_key(old) => {
                let error =
                    LoadError::Kept { error: Box::new(error), version: serving.version.clone() };
                let origin = place.to_string();
                let id = Some(old.clone());
                plan.update.refused.push(RefusedPlugin { id, origin, error });
                plan.serve(place, old.clone());
            }
            _ => plan.refuse(place, id, error),
        }
    }

    /// Takes a plugin that waits for approval out of service, whatever its version.
    fn wait(
        &mut self,
        place: Place,
        id: String,
        missing: Vec<String>,
        policy: &ApprovalPolicy,
        command: Option<String>,
        plan: &mut Plan,
    ) {
        let outcome = Readiness::Pending(missing.clone());
        let is_new = self.outcomes.get(&place) != Some(&outcome);
        let serving = self.serving.get(&id).filter(|serving| serving.place == place);
        let is_revoked = match serving {
            Some(serving) => !policy.missing(&serving.permissions).is_empty(),
            // Calls may be in flight on a version that went out of service before.
            None => is_new && matches!(policy, ApprovalPolicy::Stored(it) if it.revoked),
        };
        let was_serving = serving.is_some();
        if was_serving {
            self.serving.remove(&id);
            plan.update.remove.push(id.clone());
        }
        if is_revoked {
            // A plugin revoked before the start is not in service, so there is nothing to report.
            if was_serving {
                log::warn!("{id} is out of service: its approval was taken back");
            }
            plan.update.revoke.push(id.clone());
        }
        let error = LoadError::Pending { unapproved: missing, command };
        let origin = place.to_string();
        plan.update.refused.push(RefusedPlugin { id: Some(id), origin, error });
        plan.outcomes.insert(place, outcome);
    }

    fn is_serving(&self, place: &Place, content: &Content) -> bool {
        let id = &content.manifest.id;
        let serving = self.serving.get(id).filter(|_| !self.stale.contains(id));
        serving.is_some_and(|it| it.place == *place && it.digest == content.digest)
    }

    fn failed_before(
        &self,
        place: &Place,
        content: &Content,
        failures: Failures,
    ) -> Option<&LoadError> {
        let (digest, error) = self.failed.get(place)?;
        (failures == Failures::Remember && *digest == content.digest).then_some(error)
    }
}

/// Whether the module changed between two reads, which says nothing about the first one.
fn was_changed(error: &LoadError) -> bool {
    let LoadError::Package(error) = error else { return false };
    matches!(
        error.kind,
        PackageErrorKind::ModuleChanged { .. } | PackageErrorKind::ModuleGone { .. }
    )
}

impl Plan {
    fn serve(&mut self, place: Place, id: String) {
        self.claimed.insert(id, place.clone());
        self.outcomes.insert(place, Readiness::Ready);
    }

    fn refuse(&mut self, place: Place, id: Option<String>, error: LoadError) {
        let reason = format!("its plugin is not in service: {error}");
        let origin = place.to_string();
        self.outcomes.insert(place, Readiness::Unavailable(vec![reason]));
        self.update.refused.push(RefusedPlugin { id, origin, error });
    }
}
