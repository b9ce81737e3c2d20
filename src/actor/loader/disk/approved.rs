//! What of a package is approved: its permissions, and its content as it is now.

use std::path::Path;

use super::super::place::PackagePlace;
use super::super::skills::KnownSkill;
use super::Disk;
use crate::contract::PluginPermissions;
use crate::package::{
    Approval, ApprovalPolicy, PackageContent, PackageKind, PackageOrigin, StoredApproval,
    skill_approval_id,
};
use crate::skill::{Readiness, SkillDocument, SkillLevel};

impl Disk {
    /// Why the content of a package with approvals under this id is not what was approved.
    pub(super) fn objection(&self, id: &str, made_of: Option<&PackageContent>) -> Option<String> {
        let stored = self.around.approvals.of(id);
        match made_of {
            Some(content) => stored.objection(content, &self.keys),
            // It is looked at when it is read next.
            None => stored.content.map(|_| "change: its files have not been looked at".to_owned()),
        }
    }

    /// What a plugin of a named folder asks for beyond what it asked for at the start, when somebody
    /// said yes to it.
    pub(super) fn since_start(&self, folder: &Path, asked: &PluginPermissions) -> Option<String> {
        let permissions = self.at_start.as_ref()?.get(folder).cloned().unwrap_or_default();
        let more = StoredApproval { permissions, ..StoredApproval::default() }.missing(asked);
        let more = Approval::NONE.missing(&more);
        let list = more.join(", ");
        (!more.is_empty()).then(|| format!("change: it did not ask for {list} at the start"))
    }

    /// Whether what was installed at a place was removed with all that was approved for it. Calls in
    /// flight have nothing then to end with.
    pub(in crate::actor::loader) fn is_forgotten(&self, place: &PackagePlace) -> bool {
        let PackageOrigin::Folder(folder) = place.origin() else { return false };
        let forgotten = |home: &Path, kind: PackageKind| {
            let name = folder.strip_prefix(home.join(kind.folder())).ok().and_then(Path::to_str);
            name.is_some_and(|name| !self.around.approvals.knows(&kind.approval_id(name)))
        };
        let kinds = [PackageKind::Plugin, PackageKind::Skill];
        let home = self.options.weft_home.as_ref();
        home.is_some_and(|home| kinds.into_iter().any(|kind| forgotten(home, kind)))
    }

    /// What was approved for a skill of its own, not shipped by a plugin.
    pub(super) fn approval(&self, level: SkillLevel, skill: &KnownSkill) -> StoredApproval {
        let id = skill_approval_id(level, skill.name(), &self.options.workspace);
        id.map(|id| self.around.approvals.of(&id)).unwrap_or_default()
    }

    pub(super) fn skill_objection(&self, level: SkillLevel, skill: &KnownSkill) -> Option<String> {
        let id = skill_approval_id(level, skill.name(), &self.options.workspace)?;
        self.objection(&id, skill.made_of.as_ref())
    }

    /// Whether a skill without code has to wait.
    pub(super) fn readiness(&self, level: SkillLevel, skill: &KnownSkill) -> Readiness {
        // The words of a workspace are covered by the trust in it.
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

/// Whether a skill needs an explicit yes because its tools reach a shell. The words of a workspace
/// are covered by the trust in it; its code is approved in everything.
pub(super) fn asks_for_shell(level: SkillLevel, skill: &KnownSkill) -> bool {
    let asked_about = level == SkillLevel::Managed || skill.code.is_some();
    let tools = |document: &SkillDocument| !document.shell_tools().is_empty();
    asked_about && skill.document().is_some_and(|document| tools(document))
}
