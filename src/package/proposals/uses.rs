//! How approved skills do: one that keeps failing is switched off, one that nobody uses is proposed for removal.

use super::disk;
use super::proposal::{NewProposal, Proposal};
use super::queue::Proposals;
use crate::package::home::{HomeError, HomeLock, SkillSwitch, SkillSwitches};

/// Failures in a row after which a skill is switched off.
const FAILURES: u32 = 3;
/// Seconds without a use after which the removal of a skill is proposed: 60 days.
const IDLE_SECONDS: u64 = 60 * 86_400;

/// Seconds after a use in which further ones are not written down, so that a busy skill wears no disk.
const NOTED_SECONDS: u64 = 60 * 60;

/// One use of a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillUse {
    /// The skill's name, which is its plugin's id. Other names are ignored.
    pub name: String,
    /// When it was used, in seconds since 1970.
    pub at_seconds: u64,
    /// Whether it failed.
    pub failed: bool,
}

impl Proposals {
    /// Remembers uses, in their order. Returns the names of skills that have failed three times in a row now, and
    /// are switched off.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if a file can't be read or written.
    pub fn note_uses(&self, uses: &[SkillUse]) -> Result<Vec<String>, HomeError> {
        let known = self.state()?;
        let is_news = |it: &SkillUse| {
            known.skills.get(&it.name).is_some_and(|skill| {
                let is_later = |last| it.at_seconds >= last + NOTED_SECONDS;
                it.failed || skill.failures > 0 || skill.off || skill.last_used.is_none_or(is_later)
            })
        };
        if !uses.iter().any(is_news) {
            return Ok(Vec::new());
        }
        let mut switched_off = Vec::new();
        {
            let lock = HomeLock::acquire(self.home())?;
            let mut state = self.state()?;
            let switches = SkillSwitches::read(self.home())?;
            for it in uses {
                let Some(skill) = state.skills.get_mut(&it.name) else { continue };
                skill.last_used = skill.last_used.max(Some(it.at_seconds));
                // The user has switched it on again.
                let is_on_again = skill.off && !switches.disabled().contains(&it.name);
                if !it.failed || (is_on_again && !switched_off.contains(&it.name)) {
                    (skill.failures, skill.off) = (0, false);
                }
                if it.failed {
                    skill.failures = skill.failures.saturating_add(1);
                    if skill.failures >= FAILURES && !skill.off {
                        skill.off = true;
                        switched_off.push(it.name.clone());
                    }
                }
            }
            switched_off.retain(|name| state.skills.get(name).is_some_and(|skill| skill.off));
            state.write(&lock)?;
        }
        for name in &switched_off {
            SkillSwitches::set(self.home(), name, SkillSwitch::Off)?;
        }
        Ok(switched_off)
    }

    /// Proposes the removal of every approved skill that was not used for 60 days. Returns their names. Nothing is
    /// removed before the user says yes.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if a file can't be read or written.
    pub fn propose_removals(&self, now_seconds: u64) -> Result<Vec<String>, HomeError> {
        let known = self.state()?;
        let is_idle = |since: u64| now_seconds.saturating_sub(since) >= IDLE_SECONDS;
        if !known.skills.values().any(|skill| is_idle(skill.idle_since())) {
            return Ok(Vec::new());
        }
        let lock = HomeLock::acquire(self.home())?;
        let mut proposed = Vec::new();
        for (name, skill) in self.state()?.skills.iter() {
            let waiting = disk::names(self.home())?;
            if !is_idle(skill.idle_since()) || waiting.contains(name) {
                continue;
            }
            if waiting.len() >= Self::QUOTA {
                break;
            }
            let draft = NewProposal {
                name: name.clone(),
                version: skill.current.version.clone(),
                key: skill.current.key.clone(),
                tools: skill.current.tools.clone(),
                at_seconds: now_seconds,
                ..NewProposal::default()
            };
            disk::write(&lock, &Proposal::removal(draft, &skill.current.digest))?;
            proposed.push(name.clone());
        }
        Ok(proposed)
    }
}
