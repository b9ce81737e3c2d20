//! The difference between two snapshots: things that were added, changed and removed.

use std::sync::Arc;

use serde::Serialize;

use super::registry::{PluginRegistry, RefusedPlugin};
use crate::contract::{SortedMap, ToolDescription};
use crate::skill::{SkillEntry, SkillRegistry};

/// The changes since a subscriber's last one. Something that was added and removed in between does
/// not appear.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RegistryChange {
    /// The new generation. Several generations may have passed.
    pub generation: u64,
    /// The effective skills, by name: a skill that becomes shadowed is changed into the one that shadows it.
    pub skills: Changes<Arc<SkillEntry>>,
    /// Plugins, by id. A plugin is changed if it was loaded again, even with the same version.
    pub plugins: Changes<PluginSummary>,
    /// Tools, by full name. A tool is changed if its description is.
    pub tools: Changes<ToolSummary>,
    /// New refusals, and refusals with a new reason.
    pub refused: Vec<RefusedPlugin>,
}

impl RegistryChange {
    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
            && self.plugins.is_empty()
            && self.tools.is_empty()
            && self.refused.is_empty()
    }

    /// Whether the skills that are offered have changed, or their texts.
    #[must_use]
    pub fn offers_other_skills(&self) -> bool {
        let Changes { added, changed, removed } = &self.skills;
        let changed = changed.iter().flat_map(|change| [&change.before, &change.after]);
        added.iter().chain(changed).chain(removed).any(|entry| entry.is_active())
    }
}

/// The changes of things of one kind, each list in the order of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes<T> {
    /// New.
    pub added: Vec<T>,
    /// Changed.
    pub changed: Vec<Change<T>>,
    /// No longer there.
    pub removed: Vec<T>,
}

/// One thing that has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// The old version.
    pub before: T,
    /// The new version.
    pub after: T,
}

/// A plugin in service, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PluginSummary {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Distinguishes two loads of the same version.
    #[serde(skip)]
    pub(super) load: u64,
}

/// A tool in service, by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolSummary {
    /// Its full name.
    pub name: String,
    /// Its description.
    #[serde(skip)]
    pub description: Arc<ToolDescription>,
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self { added: Vec::new(), changed: Vec::new(), removed: Vec::new() }
    }
}

impl<T> Changes<T> {
    /// Whether there are no changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl<T: Clone> Changes<T> {
    /// Compares two maps of things by name.
    fn between(
        before: &SortedMap<String, T>,
        after: &SortedMap<String, T>,
        same: impl Fn(&T, &T) -> bool,
    ) -> Self {
        let mut changes = Self::default();
        for (name, old) in before {
            match after.get(name) {
                Some(new) if same(old, new) => {}
                Some(new) => {
                    changes.changed.push(Change { before: old.clone(), after: new.clone() });
                }
                None => changes.removed.push(old.clone()),
            }
        }
        let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
        changes.added.extend(new.map(|(_, new)| new.clone()));
        changes
    }
}

/// The state that a subscriber has seen. It names plugins without keeping them in service. A
/// [`Snapshot`](super::snapshot::Snapshot) would keep them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) generation: u64,
    skills: Arc<SkillRegistry>,
    plugins: SortedMap<String, PluginSummary>,
    tools: SortedMap<String, ToolSummary>,
    refused: Vec<RefusedPlugin>,
}

impl Seen {
    /// The state of one snapshot, copied.
    pub(super) fn new(
        generation: u64,
        plugins: &PluginRegistry,
        skills: &Arc<SkillRegistry>,
    ) -> Self {
        let summaries = plugins.plugins().map(|plugin| {
            let id = plugin.manifest.id.clone();
            let version = plugin.manifest.version.to_string();
            (id.clone(), PluginSummary { id, version, load: plugin.load })
        });
        let tools = plugins.tools().into_iter().map(|tool| {
            let name = tool.full_name();
            let description = Arc::clone(tool.shared_description());
            (name.clone(), ToolSummary { name, description })
        });
        Self {
            generation,
            skills: Arc::clone(skills),
            plugins: SortedMap::from_iter(summaries),
            tools: SortedMap::from_iter(tools),
            refused: plugins.refused().to_vec(),
        }
    }

    /// The changes from this state to `newer`.
    pub(super) fn until(&self, newer: &Self) -> RegistryChange {
        let is_new = |refused: &&RefusedPlugin| !self.refused.contains(refused);
        RegistryChange {
            generation: newer.generation,
            skills: skills(&self.skills, &newer.skills),
            plugins: Changes::between(&self.plugins, &newer.plugins, PartialEq::eq),
            tools: Changes::between(&self.tools, &newer.tools, |old, new| {
                Arc::ptr_eq(&old.description, &new.description) || old == new
            }),
            refused: newer.refused.iter().filter(is_new).cloned().collect(),
        }
    }
}

/// Compares the effective skills, by name. A name whose effective skill is the same is no change,
/// even if one that it shadows is different.
fn skills(before: &SkillRegistry, after: &SkillRegistry) -> Changes<Arc<SkillEntry>> {
    let mut changes = Changes::default();
    for name in before.differences(after) {
        match (before.get(&name).cloned(), after.get(&name).cloned()) {
            (Some(before), Some(after)) if before != after => {
                changes.changed.push(Change { before, after });
            }
            (Some(before), None) => changes.removed.push(before),
            (None, Some(after)) => changes.added.push(after),
            _ => {}
        }
    }
    changes
}
