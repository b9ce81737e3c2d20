//! A yes: a proposal becomes an installed skill, and a skill the version before it.
//!
//! The ordinary installer does the work. What it has staged is compared with the digest that the yes is for, so
//! nothing that changes in between is installed.

use std::path::Path;

use super::admission::{asks_exactly, check_draft, check_place, grown};
use super::disk;
use super::error::ProposalError;
use super::proposal::{NewProposal, Proposal, ProposalKind, content_digest};
use super::queue::Proposals;
use super::state::{ApprovedSkill, ApprovedVersion, ProposalState};
use crate::contract::shown;
use crate::package::approval::{Approval, NoPrompt};
use crate::package::home::{HomeLock, InstallRecord, SkillSwitch, SkillSwitches, installed_folder};
use crate::package::install::{Existing, InstallSource, Installer};
use crate::package::kind::PackageKind;
use crate::package::read::ReadLimits;
use crate::package::uninstall::uninstall;

/// The version that a proposal makes.
fn approved_version(proposal: &Proposal) -> ApprovedVersion {
    let NewProposal { version, key, words, tools, .. } = proposal.draft.clone();
    ApprovedVersion { version, key, words, tools, digest: proposal.digest.clone() }
}

/// The digest with which a skill was installed.
fn installed_digest(home: &Path, name: &str) -> Option<String> {
    let record = InstallRecord::read(home, PackageKind::Skill, name).ok().flatten();
    record.map(|record| record.digest)
}

/// What only other parts of the program can check of a proposal: that its module runs, and is its recipe.
pub type ProposalCheck<'c> = &'c dyn Fn(&Proposal) -> Result<(), String>;

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This version of the skill is installed now, with the approval of its tools.
    Installed {
        /// The version.
        version: String,
    },
    /// The skill was removed.
    Removed,
}

impl Proposals {
    /// Carries out a proposal whose digest is, or begins with, the given one. `limits` are those of modules.
    ///
    /// # Errors
    ///
    /// [`ProposalError`]; what was installed before is untouched then.
    pub fn approve(
        &self,
        name: &str,
        digest: &str,
        check: ProposalCheck<'_>,
        limits: ReadLimits,
        now_seconds: u64,
    ) -> Result<Decision, ProposalError> {
        let proposal = self.find(name)?;
        if !proposal.has_digest(digest) {
            return Err(ProposalError::OtherDigest { name: name.to_owned() });
        }
        if proposal.kind == ProposalKind::Removal {
            self.remove(name, None)?;
            return Ok(Decision::Removed);
        }
        if let Some(tool) = grown(self.home(), &proposal.draft) {
            let problem = format!(
                "`{}` may write, send or spend now, and could not when this was proposed",
                shown(tool)
            );
            return Err(ProposalError::Refused { name: name.to_owned(), problem });
        }
        let state = self.keep_current(&proposal)?;
        check_place(self.home(), &proposal.draft, &state).or_else(|error| {
            // An approval that was interrupted after the skill was in its place is finished now.
            match installed_digest(self.home(), name) == Some(proposal.digest.clone()) {
                true => Ok(()),
                false => Err(error),
            }
        })?;
        self.install(&proposal, &disk::skill_folder(self.home(), name), check, limits)?;
        let current = approved_version(&proposal);
        let previous = state.skills.get(name).map(|skill| skill.current.clone());
        let skill = ApprovedSkill {
            previous: previous.filter(|it| it.digest != current.digest),
            current,
            approved_at: now_seconds,
            ..ApprovedSkill::default()
        };
        let was_off = state.skills.get(name).is_some_and(|skill| skill.off);
        self.settle(name, was_off, |state| {
            state.skills.insert(name.to_owned(), skill);
        })?;
        Ok(Decision::Installed { version: proposal.draft.version })
    }

    /// Puts the version before back, or removes the skill if it is the first one. The pattern of the version that
    /// goes is not proposed again.
    ///
    /// # Errors
    ///
    /// [`ProposalError`]; what was installed before is untouched then.
    pub fn roll_back(
        &self,
        name: &str,
        check: ProposalCheck<'_>,
        limits: ReadLimits,
    ) -> Result<Decision, ProposalError> {
        let state = self.state()?;
        let Some(skill) = state.skills.get(name).cloned() else {
            return Err(ProposalError::NotApproved { name: name.to_owned() });
        };
        let key = skill.current.key;
        let Some(before) = skill.previous else {
            self.remove(name, Some(key))?;
            return Ok(Decision::Removed);
        };
        let folder = disk::previous(self.home(), name);
        let changed = |problem| ProposalError::Changed { name: name.to_owned(), problem };
        let files = disk::files(&folder).map_err(changed)?;
        if content_digest(&files) != before.digest {
            return Err(changed(format!("{} was edited", folder.display())));
        }
        let ApprovedVersion { version, tools, key: old, words, .. } = before.clone();
        let name_of = name.to_owned();
        let draft = NewProposal {
            name: name_of,
            version,
            files,
            key: old,
            words,
            tools,
            ..NewProposal::default()
        };
        let proposal = Proposal::of_draft(draft);
        self.install(&proposal, &folder, check, limits)?;
        self.settle(name, skill.off, |state| {
            if key != before.key {
                state.rejected.insert(key);
            }
            if let Some(skill) = state.skills.get_mut(name) {
                (skill.failures, skill.off, skill.previous) = (0, false, None);
                skill.current = before;
            }
        })?;
        Ok(Decision::Installed { version: proposal.draft.version })
    }

    /// Copies the version that a proposal replaces, so that it can be put back.
    fn keep_current(&self, proposal: &Proposal) -> Result<ProposalState, ProposalError> {
        let name = &proposal.draft.name;
        let state = self.state()?;
        if let Some(skill) =
            state.skills.get(name).filter(|it| it.current.digest != proposal.digest)
            && let Some(folder) = installed_folder(self.home(), PackageKind::Skill, name)
        {
            let refused = |problem| ProposalError::Refused { name: name.clone(), problem };
            let files = disk::files(&folder).map_err(refused)?;
            if content_digest(&files) != skill.current.digest {
                let problem = format!("{} was edited, and would be lost", folder.display());
                return Err(refused(problem));
            }
            let lock = HomeLock::acquire(self.home())?;
            disk::keep(&lock, name, &files)?;
        }
        Ok(state)
    }

    /// Installs the skill in `folder`, if it is exactly what is proposed.
    fn install(
        &self,
        proposal: &Proposal,
        folder: &Path,
        check: ProposalCheck<'_>,
        limits: ReadLimits,
    ) -> Result<(), ProposalError> {
        let draft = &proposal.draft;
        let refused = |problem: &str| ProposalError::Refused {
            name: draft.name.clone(),
            problem: problem.to_owned(),
        };
        check_draft(proposal)?;
        check(proposal).map_err(|problem| refused(&problem))?;
        let installer = Installer::new(self.home(), &|_| Ok(())).kind(PackageKind::Skill);
        let installer = installer.existing(Existing::Replace).limits(limits);
        let mut staged = installer.propose(&InstallSource::Folder(folder.to_owned()))?;
        if staged.content().approved().digest != proposal.digest {
            let problem = format!("{} was edited", folder.display());
            return Err(ProposalError::Changed { name: draft.name.clone(), problem });
        }
        let package = &staged.installed().package;
        if package.id != draft.name || !asks_exactly(&package.permissions, &draft.tools) {
            return Err(refused("it asks for more than its tools"));
        }
        // A yes to these files, and to the tools that they name one by one.
        let given = Approval { named: true, change: true, ..Approval::NONE };
        staged.ask(given, &mut NoPrompt);
        let pending = staged.put_in_place()?.pending;
        match pending.first() {
            None => Ok(()),
            Some(pending) => Err(refused(&format!("it waits for {pending}"))),
        }
    }

    /// Removes the skill. A `key` is not proposed again.
    fn remove(&self, name: &str, key: Option<String>) -> Result<(), ProposalError> {
        let state = self.state()?;
        let Some(skill) = state.skills.get(name) else {
            // It went in another way: nothing is left to remove but the proposal.
            return self.settle(name, false, |_| {});
        };
        let was_off = skill.off;
        uninstall(self.home(), PackageKind::Skill, name)?;
        self.settle(name, was_off, |state| {
            state.skills.remove(name);
            state.rejected.extend(key);
        })
    }

    /// Writes what came of an answer, and removes what waits under the name.
    fn settle(
        &self,
        name: &str,
        was_off: bool,
        change: impl FnOnce(&mut ProposalState),
    ) -> Result<(), ProposalError> {
        {
            let lock = HomeLock::acquire(self.home())?;
            let mut state = ProposalState::stored(self.home())?;
            change(&mut state);
            state.write(&lock)?;
            disk::remove(&disk::place(self.home(), name))?;
            if state.skills.get(name).is_none_or(|skill| skill.previous.is_none()) {
                disk::remove(&disk::previous(self.home(), name))?;
            }
        }
        if was_off {
            SkillSwitches::set(self.home(), name, SkillSwitch::On)?;
        }
        Ok(())
    }
}
