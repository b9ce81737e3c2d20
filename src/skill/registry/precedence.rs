//! Which of several skills with one name is effective, and the state of each: a snapshot of all skills.
//!
//! A snapshot is made whole from what was found and never changes. Nothing here reads a file or
//! runs anything.

use std::path::Path;
use std::sync::Arc;

use super::entry::{FoundSkill, Readiness, ShadowedSkill, SkillEntry, SkillState};
use super::switched_off::SwitchedOff;
use crate::contract::{SortedSet, sort_by};
use crate::skill::format::SkillDocument;
use crate::skill::format::{Diagnostic, Severity};

/// All skills at one moment.
///
/// A snapshot is immutable and shared: whoever holds one sees the same skills for as long as it does. Entries
/// are behind `Arc`, so that the next snapshot shares those that stay the same.
#[derive(Debug, Default, PartialEq)]
pub struct SkillRegistry {
    /// By name; of one name the effective one comes first, then those it shadows, then the
    /// invalid ones.
    entries: Vec<Arc<SkillEntry>>,
    /// Which of them the user has switched off.
    switched_off: Arc<SwitchedOff>,
}

impl SkillRegistry {
    /// Decides between skills of the same name (skills-format: precedence). `found` is in path
    /// order within each level; `disabled` are the names that the user has switched off.
    ///
    /// The skill of the highest level is effective, and on one level the first. A skill that can't be
    /// read shadows nothing.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use weft_lite::skill::{
    ///     FoundSkill, ParseMode, Readiness, SkillLevel, SkillRegistry, SkillState, parse_skill,
    /// };
    /// use weft_lite::sorted::SortedSet;
    ///
    /// let found = |level, text: &str| {
    ///     let parsed = parse_skill(text.as_bytes(), "greet", ParseMode::Lenient);
    ///     FoundSkill {
    ///         name: "greet".into(),
    ///         level,
    ///         path: None,
    ///         document: parsed.document.map(Arc::new),
    ///         diagnostics: parsed.diagnostics.into(),
    ///         provider: None,
    ///         outdated: false,
    ///         readiness: Readiness::Ready,
    ///     }
    /// };
    /// let bundled = found(SkillLevel::Bundled, "---\nname: greet\ndescription: Greets.\n---\nSay hello.\n");
    /// let managed = found(SkillLevel::Managed, "---\nname: greet\ndescription: Greets.\n---\nSay hi.\n");
    ///
    /// let skills = SkillRegistry::resolve(vec![bundled, managed], &SortedSet::new());
    /// let effective = skills.get("greet").expect("it was found");
    /// assert_eq!(effective.level, SkillLevel::Managed);
    /// assert_eq!(effective.state, SkillState::Active);
    /// assert_eq!(effective.shadows[0].level, SkillLevel::Bundled);
    /// ```
    #[must_use]
    pub fn resolve(found: Vec<FoundSkill>, disabled: &SortedSet<String>) -> Self {
        let switched_off = SwitchedOff::Names(disabled.clone());
        Self::default().replacing(&SortedSet::new(), found, &switched_off)
    }

    /// The same registry, but with `found` for every skill of these names and of those in `found`.
    /// What comes out equal stays the very same entry, so that comparing with this one is cheap.
    #[must_use]
    pub(crate) fn replacing(
        &self,
        names: &SortedSet<Arc<str>>,
        mut found: Vec<FoundSkill>,
        switched_off: &SwitchedOff,
    ) -> Self {
        // Stable, so that the path order within a level stays.
        sort_by(&mut found, |a, b| a.name.cmp(&b.name).then_with(|| a.rank().cmp(&b.rank())));
        let mut groups = found.chunk_by(|a, b| a.name == b.name).peekable();
        let mut names = names.iter().peekable();
        let mut entries = Vec::with_capacity(self.entries.len() + found.len());
        let mut rest = self.entries.as_slice();
        loop {
            let next = match (names.peek(), groups.peek()) {
                (None, None) => break,
                (Some(name), None) => Arc::clone(name),
                (None, Some(group)) => Arc::clone(&group[0].name),
                (Some(name), Some(group)) => Arc::clone((*name).min(&group[0].name)),
            };
            names.next_if(|name| **name == next);
            let (before, from) = rest.split_at(rest.partition_point(|entry| entry.name < next));
            let (old, after) = from.split_at(from.partition_point(|entry| entry.name == next));
            entries.extend_from_slice(before);
            rest = after;
            if let Some(group) = groups.next_if(|group| group[0].name == next) {
                entries.extend(decide(group, switched_off).into_iter().map(|entry| {
                    let same = old.iter().find(|old| old.is_surely(&entry));
                    same.map_or_else(|| Arc::new(entry), Arc::clone)
                }));
            }
        }
        entries.extend_from_slice(rest);
        let switched_off = match *self.switched_off == *switched_off {
            true => Arc::clone(&self.switched_off),
            false => Arc::new(switched_off.clone()),
        };
        Self { entries, switched_off }
    }

    /// The same registry with other entries, which are in their order.
    pub(super) fn with_entries(&self, entries: Vec<Arc<SkillEntry>>) -> Self {
        Self { entries, switched_off: Arc::clone(&self.switched_off) }
    }

    /// Which skills the user has switched off.
    pub(super) fn switched_off(&self) -> &SwitchedOff {
        &self.switched_off
    }

    /// The names under which the other registry has other entries.
    pub(crate) fn differences(&self, other: &Self) -> SortedSet<Arc<str>> {
        let mut names = SortedSet::new();
        let (mut old, mut new) = (self.entries.iter().peekable(), other.entries.iter().peekable());
        loop {
            // Most entries are shared, and those are equal without a comparison.
            let (left, right) = match (old.peek(), new.peek()) {
                (None, None) => return names,
                (Some(a), Some(b)) if Arc::ptr_eq(a, b) => (true, true),
                (Some(a), Some(b)) => {
                    names.insert(Arc::clone((&a.name).min(&b.name)));
                    (a.name <= b.name, b.name <= a.name)
                }
                (Some(one), None) | (None, Some(one)) => {
                    names.insert(Arc::clone(&one.name));
                    (true, true)
                }
            };
            if left {
                old.next();
            }
            if right {
                new.next();
            }
        }
    }

    /// Every skill that was found, by name; of one name the effective one comes first.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<SkillEntry>> {
        self.entries.iter()
    }

    /// The effective skill of this name, in any state.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<SkillEntry>> {
        self.all(name).first()
    }

    /// Every skill of this name; the effective one comes first.
    #[must_use]
    pub fn all(&self, name: &str) -> &[Arc<SkillEntry>] {
        let start = self.entries.partition_point(|entry| *entry.name < *name);
        let rest = &self.entries[start..];
        &rest[..rest.partition_point(|entry| *entry.name == *name)]
    }

    /// The effective skill of each name, in the order of the names.
    pub fn effective(&self) -> impl Iterator<Item = &Arc<SkillEntry>> {
        self.entries.chunk_by(|a, b| a.name == b.name).filter_map(<[_]>::first)
    }

    /// The skills that may be offered to models, people and clients, in the order of their names.
    /// Whether one is for models, for people or for both stands in its document.
    pub fn active(&self) -> impl Iterator<Item = (&Arc<SkillEntry>, &Arc<SkillDocument>)> {
        let active = self.entries.iter().filter(|entry| entry.state == SkillState::Active);
        active.filter_map(|entry| Some((entry, entry.document.as_ref()?)))
    }

    /// Whether both have the very same entries, and the same names switched off.
    ///
    /// Compares by identity, so it is cheap. Entries that are equal, but not the same, count as different.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.switched_off == other.switched_off
            && self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// How many skills were found, in any state.
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

/// Decides which skill of one name is effective, and the state of the others.
fn decide(group: &[FoundSkill], switched_off: &SwitchedOff) -> Vec<SkillEntry> {
    let mut entries = Vec::with_capacity(group.len());
    let (readable, invalid) =
        group.split_at(group.partition_point(|skill| skill.document.is_some()));
    if let Some((effective, below)) = readable.split_first() {
        let of_readiness = || match &effective.readiness {
            Readiness::Ready => SkillState::Active,
            Readiness::Unavailable(reasons) => SkillState::Unavailable { reasons: reasons.clone() },
            Readiness::Pending(unapproved) => {
                SkillState::Pending { unapproved: unapproved.clone() }
            }
        };
        let state = switched_off.state(&effective.name).unwrap_or_else(of_readiness);
        let shadows = below.iter().map(ShadowedSkill::of).collect();
        entries.push(SkillEntry::new(effective.clone(), state, shadows));
        entries.extend(below.iter().map(|skill| shadowed(skill, effective)));
    }
    let invalid = invalid.iter().cloned();
    entries.extend(invalid.map(|skill| SkillEntry::new(skill, SkillState::Invalid, Vec::new())));
    entries
}

/// A skill that another one of its name shadows. On the same level that is a mistake, with a warning.
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

/// Where a skill is, for a message.
fn place(path: Option<&Path>) -> String {
    path.map_or_else(|| "one that is compiled in".into(), |path| path.display().to_string())
}
