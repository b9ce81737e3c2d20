//! What waits for the user: proposals are listed, added, rejected and forgotten.

use std::path::{Path, PathBuf};

use super::admission::{check_draft, check_place};
use super::disk;
use super::error::ProposalError;
use super::proposal::{NewProposal, Proposal, ProposalKind};
use super::state::{ApprovedSkill, ProposalState};
use crate::contract::{similar_names, sort_by};
use crate::package::home::{HomeError, HomeLock};

/// Proposals that may wait at once: more would bury the user.
const QUOTA: usize = 10;

/// How many of them may be of clients: they must leave room for what the user does.
const OF_CLIENTS: usize = 5;

/// The proposals of one `$WEFT_HOME`. Reading makes no file.
#[derive(Debug, Clone)]
pub struct Proposals {
    home: PathBuf,
}

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingProposals {
    /// The proposals, oldest first.
    pub proposals: Vec<Proposal>,
    /// Those that are damaged or edited, each with the reason. They can only be rejected.
    pub damaged: Vec<(String, ProposalError)>,
}

impl Proposals {
    /// The proposals that may wait at once.
    pub const QUOTA: usize = QUOTA;

    /// The proposals in this `$WEFT_HOME`.
    #[must_use]
    pub fn of_home(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// What waits for an answer, oldest first.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the folder can't be listed.
    pub fn pending(&self) -> Result<PendingProposals, HomeError> {
        let mut pending = PendingProposals::default();
        for name in disk::names(&self.home)? {
            match disk::read(&self.home, &name) {
                Ok(proposal) => pending.proposals.extend(proposal),
                Err(error) => pending.damaged.push((name, error)),
            }
        }
        sort_by(&mut pending.proposals, |one, other| {
            let key = |it: &Proposal| (it.draft.at_seconds, it.draft.name.clone());
            key(one).cmp(&key(other))
        });
        Ok(pending)
    }

    /// Whether something of this name waits, perhaps damaged.
    #[must_use]
    pub fn is_pending(&self, name: &str) -> bool {
        disk::names(&self.home).is_ok_and(|names| names.iter().any(|it| it == name))
    }

    /// The proposal of this name.
    ///
    /// # Errors
    ///
    /// [`ProposalError::Unknown`], [`ProposalError::Changed`], and those of reading.
    pub fn find(&self, name: &str) -> Result<Proposal, ProposalError> {
        disk::read(&self.home, name)?.ok_or_else(|| self.unknown(name))
    }

    pub(super) fn unknown(&self, name: &str) -> ProposalError {
        let names = disk::names(&self.home).unwrap_or_default();
        let similar = similar_names(name, names.iter().map(String::as_str));
        ProposalError::Unknown { name: name.to_owned(), similar }
    }

    /// What is remembered of proposals that were decided on.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if it can't be read or is damaged.
    pub fn state(&self) -> Result<ProposalState, HomeError> {
        ProposalState::read(&self.home)
    }

    /// Bytes of the observations of calls.
    #[must_use]
    pub fn observed_bytes(&self) -> u64 {
        disk::observed_bytes(&self.home)
    }

    /// Adds a proposal, which waits from then on.
    ///
    /// # Errors
    ///
    /// [`ProposalError::Invalid`] for a draft that breaks a rule, [`ProposalError::Full`],
    /// [`ProposalError::Known`] for a pattern that waits, was rejected or is a skill, and
    /// [`ProposalError::NameTaken`].
    pub fn add(&self, draft: NewProposal) -> Result<Proposal, ProposalError> {
        let proposal = Proposal::of_draft(draft);
        check_draft(&proposal)?;
        let lock = HomeLock::acquire(&self.home)?;
        let state = self.state()?;
        let draft = &proposal.draft;
        if state.rejected.contains(&draft.key) {
            return Err(ProposalError::Known { state: "was rejected" });
        }
        // A new version may do the same work with other constants.
        let is_known = |(name, skill): (&String, &ApprovedSkill)| {
            skill.current.key == draft.key && (draft.replaces.is_none() || *name != draft.name)
        };
        if state.skills.iter().any(is_known) {
            return Err(ProposalError::Known { state: "is a skill already" });
        }
        let waiting = disk::names(&self.home)?;
        let records: Vec<Proposal> = waiting
            .iter()
            .filter_map(|name| disk::record(&self.home, name).ok().flatten())
            .collect();
        let drafts = || records.iter().filter(|it| it.kind == ProposalKind::Skill);
        if drafts().any(|it| it.draft.key == draft.key) {
            return Err(ProposalError::Known { state: "is proposed already" });
        }
        // A removal gives way to a new version: the skill is wanted.
        let is_removal = |name: &str| {
            let of_name = records.iter().find(|it| it.draft.name == name);
            of_name.is_some_and(|it| it.kind == ProposalKind::Removal)
        };
        let replaces_removal = is_removal(&draft.name);
        if waiting.contains(&draft.name) && !replaces_removal {
            let (name, by) = (draft.name.clone(), "another proposal".to_owned());
            return Err(ProposalError::NameTaken { name, by });
        }
        let of_clients = records.iter().filter(|it| it.draft.is_of_client).count();
        if draft.is_of_client && of_clients >= OF_CLIENTS {
            return Err(ProposalError::Full { pending: waiting.len() });
        }
        if waiting.len() >= QUOTA && !replaces_removal {
            return Err(ProposalError::Full { pending: waiting.len() });
        }
        check_place(&self.home, draft, &state)?;
        disk::write(&lock, &proposal)?;
        Ok(proposal)
    }

    /// Rejects a proposal. Its pattern is not proposed again; a skill whose removal is rejected stays as if it had
    /// been used now. One that is damaged is removed as well.
    ///
    /// # Errors
    ///
    /// [`ProposalError::Unknown`], and those of writing.
    pub fn reject(&self, name: &str, now_seconds: u64) -> Result<ProposalKind, ProposalError> {
        if !self.is_pending(name) {
            return Err(self.unknown(name));
        }
        let lock = HomeLock::acquire(&self.home)?;
        let record = disk::record(&self.home, name);
        let mut kind = ProposalKind::Skill;
        if let Ok(Some(proposal)) = &record {
            kind = proposal.kind;
            let mut state = self.state()?;
            match kind {
                ProposalKind::Skill => {
                    state.rejected.insert(proposal.draft.key.clone());
                }
                ProposalKind::Removal => {
                    if let Some(skill) = state.skills.get_mut(name) {
                        skill.kept_at = Some(now_seconds);
                    }
                }
            }
            state.write(&lock)?;
        }
        disk::remove(&disk::place(&self.home, name))?;
        Ok(kind)
    }

    /// Erases what was observed, but no proposal.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if something can't be removed.
    pub fn forget_calls(&self) -> Result<(), HomeError> {
        match disk::folder(&self.home).symlink_metadata() {
            Ok(_) => disk::forget_observations(&self.home),
            Err(_) => Ok(()),
        }
    }

    /// Takes back every proposal with a text in it that `must_go`: nobody has answered it, so its pattern may be
    /// proposed again. Returns their names.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if something can't be read or removed.
    pub fn withdraw(&self, must_go: &dyn Fn(&str) -> bool) -> Result<Vec<String>, HomeError> {
        let pending = self.pending()?.proposals;
        let goes = |it: &Proposal| {
            let draft = &it.draft;
            let calls = draft.runs.iter().flatten();
            let mut texts = calls.flat_map(|call| [&*call.params, &*call.result]);
            texts.any(must_go)
                || [it.text("recipe.yaml"), it.text("SKILL.md")].into_iter().any(must_go)
                || draft.diff.as_deref().is_some_and(must_go)
        };
        let names: Vec<String> =
            pending.into_iter().filter(goes).map(|proposal| proposal.draft.name).collect();
        if !names.is_empty() {
            let _lock = HomeLock::acquire(&self.home)?;
            names.iter().try_for_each(|name| disk::remove(&disk::place(&self.home, name)))?;
        }
        Ok(names)
    }

    /// Erases what was observed, and every proposal that waits, since it holds copies of calls. What was rejected
    /// and what was approved stays. Returns how many proposals there were.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if something can't be removed.
    pub fn forget(&self) -> Result<usize, HomeError> {
        if disk::folder(&self.home).symlink_metadata().is_err() {
            return Ok(0);
        }
        let lock = HomeLock::acquire(&self.home)?;
        disk::make(&lock)?;
        let names = disk::names(&self.home)?;
        disk::forget_observations(&self.home)?;
        disk::remove(&disk::folder(&self.home).join("pending"))?;
        Ok(names.len())
    }
}
