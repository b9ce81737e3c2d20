//! Brings what is in service in line with the disk: plan, fetch, and apply the final plan.
//!
//! Planning and fetching are repeated until a plan has nothing left to fetch. That ends, because
//! each round fetches places that no round before has fetched.

use std::sync::Arc;

use super::disk::Disk;
use super::fetch::fetch;
use super::history::History;
use super::plan::{Fetched, Plan, PlanInput, plan};
use super::scope::Failures;
use crate::actor::host::{PluginHost, Update};
use crate::actor::prepare::PreparedPlugin;
use crate::actor::registry::RefusedPlugin;
use crate::contract::SortedSet;
use crate::package::Descriptions;
use crate::skill::SkillRegistry;
use crate::task::off_executor;

/// Plans, fetches and applies. It remembers the results of earlier reloads: what it has handed to
/// the host, whatever others have changed there.
pub(super) struct Reconciler {
    host: PluginHost,
    /// Stored descriptions of modules.
    descriptions: Option<Descriptions>,
    /// What is in service, and what failed.
    history: History,
    /// The skills as they were handed to the host, without those that plugins provide.
    skills: Arc<SkillRegistry>,
    /// The refusals as they were handed to the host.
    refused: Vec<RefusedPlugin>,
    /// The generation of the last change, for reloads that change nothing.
    generation: u64,
}

impl Reconciler {
    /// Nothing was loaded yet. Without `descriptions`, every guest is asked at each start.
    pub(super) fn new(host: PluginHost, descriptions: Option<Descriptions>) -> Self {
        Self {
            host,
            descriptions,
            history: History::default(),
            skills: Arc::default(),
            refused: Vec::new(),
            generation: 0,
        }
    }

    /// Brings what is in service in line with the disk. Returns the generation, or `None` if the host has
    /// stopped.
    pub(super) async fn reconcile(&mut self, disk: &mut Disk, failures: Failures) -> Option<u64> {
        let touched = disk.touched();
        // The skills as they are on disk now. Those with code have the readiness of the last reload.
        let skills = disk.registry(&self.skills, &touched, &self.history.outcomes);
        let serving = self.history.serving.iter();
        let forgotten = serving.filter(|(_, it)| disk.is_forgotten(&it.place));
        let unapproved = self.history.serving.iter();
        let unapproved =
            unapproved.filter(|(id, it)| disk.is_unapproved(&it.place, id, &it.permissions));
        let input = PlanInput {
            candidates: disk.candidates(&skills),
            unreadable: disk.unreadable().cloned().collect(),
            forgotten: forgotten.map(|(id, _)| id.clone()).collect(),
            unapproved: unapproved.map(|(id, _)| id.clone()).collect(),
            stale: self.stale(failures).await,
            failures,
        };
        let mut fetched = Fetched::new();
        let plan = loop {
            let plan = plan(&input, &self.history, &fetched);
            if plan.fetch.is_empty() {
                break plan;
            }
            // A failure may free an id for a later candidate, which is fetched in the next round.
            fetched.extend(fetch(plan.fetch, disk, &self.host, &self.descriptions).await);
        };
        self.apply(plan, fetched, disk, skills).await
    }

    /// The plugins that may use a file that was missing when they were loaded and exists now. Only an
    /// explicit reload checks this.
    async fn stale(&self, failures: Failures) -> SortedSet<String> {
        match failures {
            Failures::Remember => SortedSet::new(),
            Failures::TryAgain => {
                let registry = self.host.registry();
                off_executor(move || {
                    let stale = registry.plugins().filter(|plugin| plugin.sandbox.is_outdated());
                    SortedSet::from_iter(stale.map(|plugin| plugin.manifest.id.clone()))
                })
                .await
            }
        }
    }

    /// Hands the final plan to the host as one change, and updates the history. New descriptions
    /// are stored afterwards, when the plugins are in service already.
    async fn apply(
        &mut self,
        plan: Plan,
        mut fetched: Fetched<PreparedPlugin>,
        disk: &Disk,
        mut skills: SkillRegistry,
    ) -> Option<u64> {
        let Plan { add, remove, revoke, refused, outcomes, claimed, failed, warnings, .. } = plan;
        for warning in warnings {
            log::warn!("{warning}");
        }
        let mut update = Update { revoke, remove, refused, ..Update::default() };
        let mut to_keep = Vec::new();
        let History { serving, failed: known_failed, outcomes: known_outcomes } = &mut self.history;
        for (id, added) in add {
            known_failed.remove(&added.place);
            if let Some(Ok(mut plugin)) = fetched.remove(&added.place) {
                to_keep.extend(plugin.to_keep.take());
                update.add.push(plugin);
            }
            serving.insert(id, added);
        }
        serving.retain(|id, _| claimed.contains_key(id));
        known_failed.extend(failed);
        known_failed.retain(|place, _| outcomes.contains_key(place));
        let before = std::mem::replace(known_outcomes, outcomes);
        let outcomes = &self.history.outcomes;
        let places = outcomes.keys().chain(before.keys());
        let changed = places.filter(|place| before.get(*place) != outcomes.get(*place));
        let touched = disk.skills_at(changed);
        if !touched.is_empty() {
            skills = disk.registry(&skills, &touched, outcomes);
        }
        let is_same = update.revoke.is_empty()
            && update.remove.is_empty()
            && update.add.is_empty()
            && update.refused == self.refused
            && skills.is_same_as(&self.skills);
        // A change that changes nothing would wake every subscriber.
        if !is_same {
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
}
