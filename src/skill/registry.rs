//! The snapshot of the skills there are: which of the same name is meant, and what state each is in.
//!
//! A snapshot is made whole from what was found and never changes. Nothing here reads a file or
//! runs anything.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Severity};
use super::document::SkillDocument;
use super::entry::{FoundSkill, Readiness, ShadowedSkill, SkillEntry, SkillState};

/// All skills at one moment.
#[derive(Debug, Default, PartialEq)]
pub struct SkillRegistry {
    /// By name; of one name the one that is meant comes first, then those it shadows, then the
    /// invalid ones.
    entries: Vec<Arc<SkillEntry>>,
}

impl SkillRegistry {
    /// Decides between skills of the same name (skills-format: precedence). `found` is in path
    /// order within each level; `disabled` are the names that the user has switched off.
    ///
    /// The skill of the highest level is meant, and of one level the first. What can't be read has
    /// nothing to offer, so it shadows nothing.
    #[must_use]
    pub fn resolve(mut found: Vec<FoundSkill>, disabled: &BTreeSet<String>) -> Self {
        // Stable, so that the path order within a level stays.
        found.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.rank().cmp(&b.rank())));
        let mut entries: Vec<Arc<SkillEntry>> = Vec::with_capacity(found.len());
        for group in found.chunk_by(|a, b| a.name == b.name) {
            let (readable, invalid) =
                group.split_at(group.partition_point(|skill| skill.document.is_some()));
            if let Some((meant, below)) = readable.split_first() {
                let state = match &meant.readiness {
                    _ if disabled.contains(&*meant.name) => SkillState::Disabled,
                    Readiness::Ready => SkillState::Active,
                    Readiness::Unavailable(reasons) => {
                        SkillState::Unavailable { reasons: reasons.clone() }
                    }
                    Readiness::Pending(unapproved) => {
                        SkillState::Pending { unapproved: unapproved.clone() }
                    }
                };
                let shadows = below.iter().map(ShadowedSkill::of).collect();
                entries.push(Arc::new(SkillEntry::new(meant.clone(), state, shadows)));
                entries.extend(below.iter().map(|skill| Arc::new(shadowed(skill, meant))));
            }
            entries.extend(invalid.iter().map(|skill| {
                Arc::new(SkillEntry::new(skill.clone(), SkillState::Invalid, Vec::new()))
            }));
        }
        Self { entries }
    }

    /// Every skill that was found, by name; of one name the one that is meant comes first.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<SkillEntry>> {
        self.entries.iter()
    }

    /// The skill that this name means, in whatever state it is.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<SkillEntry>> {
        self.all(name).first()
    }

    /// Every skill of this name; the one that is meant comes first.
    #[must_use]
    pub fn all(&self, name: &str) -> &[Arc<SkillEntry>] {
        let start = self.entries.partition_point(|entry| *entry.name < *name);
        let rest = &self.entries[start..];
        &rest[..rest.partition_point(|entry| *entry.name == *name)]
    }

    /// One skill for each name, in the order of the names: the one that is meant.
    pub fn meant(&self) -> impl Iterator<Item = &Arc<SkillEntry>> {
        self.entries.chunk_by(|a, b| a.name == b.name).filter_map(<[_]>::first)
    }

    /// The skills that may be offered to models, people and clients, in the order of their names.
    /// Whether one is for models, for people or for both stands in its document.
    pub fn active(&self) -> impl Iterator<Item = (&Arc<SkillEntry>, &Arc<SkillDocument>)> {
        let active = self.entries.iter().filter(|entry| entry.state == SkillState::Active);
        active.filter_map(|entry| Some((entry, entry.document.as_ref()?)))
    }

    /// The same registry, with the very entries of `earlier` where they are equal: comparing with
    /// that one is cheap afterwards.
    #[must_use]
    pub(crate) fn keeping(mut self, earlier: &Self) -> Self {
        let mut old = earlier.entries.iter().peekable();
        for entry in &mut self.entries {
            while old.next_if(|old| old.name < entry.name).is_some() {}
            // Those of one name are few.
            let mut same_name = old.clone().take_while(|old| old.name == entry.name);
            if let Some(same) = same_name.find(|old| old.is_surely(entry)) {
                *entry = Arc::clone(same);
            }
        }
        self
    }

    /// Whether both have the very same entries.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// How many skills were found, in whatever state.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no skill at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A skill below another one of its name. On the same level that is a mistake, and said.
fn shadowed(skill: &FoundSkill, by: &FoundSkill) -> SkillEntry {
    let mut skill = skill.clone();
    if skill.level == by.level {
        let other = place(by.path.as_deref());
        let diagnostic = Diagnostic {
            severity: Severity::Warning,
            code: "same-name",
            line: 1,
            column: 1,
            message: format!("`{}` is also the name of {other}, which comes first", skill.name),
            suggestion: Some("give one of the two another name".into()),
        };
        skill.diagnostics = skill.diagnostics.iter().cloned().chain([diagnostic]).collect();
    }
    let state = SkillState::Shadowed { by: ShadowedSkill::of(by) };
    SkillEntry::new(skill, state, Vec::new())
}

fn place(path: Option<&Path>) -> String {
    path.map_or_else(|| "one that is compiled in".into(), |path| path.display().to_string())
}
