//! Checks approvals: a package's permissions and its content.
//!
//! An approval is for content: for the permissions that were asked for, and for the files as they
//! were. Other content waits, even if it asks for nothing new, unless the stored approval covers
//! its signer.

use std::path::Path;

use super::super::place::PackagePlace;
use super::super::plugins::PluginSource;
use super::super::skills::KnownSkill;
use super::Disk;
use crate::contract::PluginPermissions;
use crate::package::{
    Approval, ApprovalPolicy, PackageContent, PackageKind, PackageOrigin, StoredApproval,
    skill_approval_id,
};
use crate::skill::{Readiness, SkillDocument, SkillLevel};

impl Disk {
    /// Why the approval of this id does not cover the content of its package. `None` if it does, or
    /// if there is no approval to compare with.
    pub(super) fn objection(
        &self,
        id: &str,
        package_content: Option<&PackageContent>,
    ) -> Option<String> {
        let stored = self.context.approvals.of(id);
        match package_content {
            Some(content) => stored.objection(content, &self.keys),
            // The content is compared at the next read.
            None => stored.content.map(|_| "change: its files have not been looked at".to_owned()),
        }
    }

    /// Why a plugin of a named folder has to wait: it asks for permissions that it did not ask for at the start,
    /// when the folder was approved.
    ///
    /// A plugin that was not there at the start asked for nothing then.
    pub(super) fn added_since_start(
        &self,
        folder: &Path,
        asked: &PluginPermissions,
    ) -> Option<String> {
        let permissions = self.at_start.as_ref()?.get(folder).cloned().unwrap_or_default();
        let more = StoredApproval { permissions, ..StoredApproval::default() }.missing(asked);
        let more = Approval::NONE.missing(&more);
        let list = more.join(", ");
        (!more.is_empty()).then(|| format!("change: it did not ask for {list} at the start"))
    }

    /// Whether the package at a place was uninstalled together with its approvals. Calls in flight on it are
    /// cancelled.
    pub(in crate::actor::loader) fn is_forgotten(&self, place: &PackagePlace) -> bool {
        let PackageOrigin::Folder(folder) = place.origin() else { return false };
        let forgotten = |home: &Path, kind: PackageKind| {
            let name = folder.strip_prefix(home.join(kind.folder())).ok().and_then(Path::to_str);
            name.is_some_and(|name| !self.context.approvals.knows(&kind.approval_id(name)))
        };
        let kinds = [PackageKind::Plugin, PackageKind::Skill];
        let home = self.options.weft_home.as_ref();
        home.is_some_and(|home| kinds.into_iter().any(|kind| forgotten(home, kind)))
    }

    /// Whether the plugin `id`, in service from a place, runs with permissions that are no longer approved. This
    /// needs no readable package: an approval counts also when its package is broken.
    pub(in crate::actor::loader) fn is_unapproved(
        &self,
        place: &PackagePlace,
        id: &str,
        permissions: &PluginPermissions,
    ) -> bool {
        let PackageOrigin::Folder(folder) = place.origin() else { return false };
        let tree = self.plugins.iter().find(|tree| tree.plugins.contains_key(&folder));
        let approval = match tree.map(|tree| tree.source) {
            // Naming the folder approves it.
            Some(PluginSource::Named) => None,
            Some(PluginSource::Installed) => Some(self.context.approvals.of(id)),
            None => self.skills.iter().find_map(|tree| {
                let skill = tree.skills.get(&folder)?;
                Some(self.approval(tree.level, skill))
            }),
        };
        approval.is_some_and(|it| !ApprovalPolicy::from(it).missing(permissions).is_empty())
    }

    /// The approval of a skill that is not shipped by a plugin.
    pub(super) fn approval(&self, level: SkillLevel, skill: &KnownSkill) -> StoredApproval {
        let id = skill_approval_id(level, skill.name(), &self.options.workspace);
        id.map(|id| self.context.approvals.of(&id)).unwrap_or_default()
    }

    /// Why the approval of a skill does not cover its content. `None` also for a level that needs
    /// no approval.
    pub(super) fn skill_objection(&self, level: SkillLevel, skill: &KnownSkill) -> Option<String> {
        let id = skill_approval_id(level, skill.name(), &self.options.workspace)?;
        self.objection(&id, skill.package_content.as_ref())
    }

    /// Whether a skill without code is ready or waits for approval.
    pub(super) fn readiness(&self, level: SkillLevel, skill: &KnownSkill) -> Readiness {
        // The trust in a workspace covers the texts of its skills.
        let objection = match level {
            SkillLevel::Managed => self.skill_objection(level, skill),
            _ => None,
        };
        let mut unapproved = Vec::from_iter(objection);
        if asks_for_shell(level, skill) {
            let asked = PluginPermissions { shell: true, ..PluginPermissions::default() };
            unapproved.extend(ApprovalPolicy::from(self.approval(level, skill)).missing(&asked));
        }
        match unapproved.is_empty() {
            true => Readiness::Ready,
            false => Readiness::Pending(unapproved),
        }
    }
}

/// Whether a skill needs approval because its tools reach a shell. The trust in a workspace covers the texts of
/// its skills, but not their code.
pub(super) fn asks_for_shell(level: SkillLevel, skill: &KnownSkill) -> bool {
    let asked_about = level == SkillLevel::Managed || skill.code.is_some();
    let tools = |document: &SkillDocument| !document.shell_tools().is_empty();
    asked_about && skill.document().is_some_and(|document| tools(document))
}
