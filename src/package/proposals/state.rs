//! `autonomous/state.json`: which patterns were rejected, and which skills were proposed and approved.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::proposal::seconds;
use crate::contract::{ObjectReader, SortedMap, SortedSet};
use crate::package::home::{FileAccess, HomeError, HomeLock, InstallRecord, folder};
use crate::package::kind::PackageKind;

/// What is remembered of proposals that were decided on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProposalState {
    /// The keys of patterns that are not proposed again.
    pub rejected: SortedSet<String>,
    /// The skills that were approved, by name. One that was removed or replaced in another way is not among them.
    pub skills: SortedMap<String, ApprovedSkill>,
}

/// One version of a skill that was approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApprovedVersion {
    /// The version.
    pub version: String,
    /// The digest of its pattern.
    pub key: String,
    /// The words of its description.
    pub words: Vec<String>,
    /// The tools that it may call.
    pub tools: Vec<String>,
    /// The digest of its files.
    pub digest: String,
}

/// A skill that was proposed and approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApprovedSkill {
    /// The version that is installed.
    #[serde(flatten)]
    pub current: ApprovedVersion,
    /// The version before it, whose files are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<ApprovedVersion>,
    /// When it was approved, in seconds since 1970.
    pub approved_at: u64,
    /// When it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<u64>,
    /// When its removal was rejected last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_at: Option<u64>,
    /// How often it has failed since it last succeeded.
    pub failures: u32,
    /// Whether it was switched off for that.
    pub off: bool,
}

impl ApprovedSkill {
    /// Since when it is unused, in seconds since 1970.
    #[must_use]
    pub fn idle_since(&self) -> u64 {
        self.approved_at.max(self.last_used.unwrap_or(0)).max(self.kept_at.unwrap_or(0))
    }
}

fn version(skill: &mut ObjectReader) -> Result<ApprovedVersion, String> {
    Ok(ApprovedVersion {
        version: skill.required_text("version")?,
        key: skill.required_text("key")?,
        words: skill.texts("words")?,
        tools: skill.texts("tools")?,
        digest: skill.required_text("digest")?,
    })
}

fn approved(value: Value) -> Result<ApprovedSkill, String> {
    let mut skill = ObjectReader::new(value)?;
    let moment = |skill: &mut ObjectReader, name: &str| match skill.has(name) {
        true => seconds(skill, name).map(Some),
        false => Ok(None),
    };
    let previous = skill.value("previous").map(|value| {
        let mut previous = ObjectReader::new(value)?;
        let read = version(&mut previous)?;
        previous.end().map(|()| read)
    });
    let read = ApprovedSkill {
        current: version(&mut skill)?,
        previous: previous.transpose()?,
        approved_at: seconds(&mut skill, "approved_at")?,
        last_used: moment(&mut skill, "last_used")?,
        kept_at: moment(&mut skill, "kept_at")?,
        failures: u32::try_from(seconds(&mut skill, "failures")?).unwrap_or(u32::MAX),
        off: skill.flag("off")?,
    };
    skill.end()?;
    Ok(read)
}

impl TryFrom<Value> for ProposalState {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut document = ObjectReader::new(value)?;
        document.require(&["rejected", "skills"])?;
        let rejected = document.texts("rejected")?.into_iter().collect();
        let skills = document.map("skills", approved)?;
        document.end()?;
        Ok(Self { rejected, skills })
    }
}

impl ProposalState {
    fn path(home: &Path) -> PathBuf {
        super::disk::folder(home).join("state.json")
    }

    /// Reads the state, without the skills that were removed or replaced by other commands meanwhile.
    pub(super) fn read(home: &Path) -> Result<Self, HomeError> {
        let mut state = Self::stored(home)?;
        state.skills.retain(|name, skill| {
            let record = InstallRecord::read(home, PackageKind::Skill, name).unwrap_or_default();
            record.is_some_and(|record| record.digest == skill.current.digest)
        });
        Ok(state)
    }

    /// The state as it is stored: right after a change, a skill may be in its place that the state has no word of.
    pub(super) fn stored(home: &Path) -> Result<Self, HomeError> {
        let path = Self::path(home);
        let Some(text) = folder::read(&path)? else { return Ok(Self::default()) };
        folder::parse_json(&text).map_err(|problem| HomeError::malformed(&path, problem))
    }

    pub(super) fn write(&self, lock: &HomeLock) -> Result<(), HomeError> {
        let path = Self::path(lock.home());
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
        super::disk::make(lock)?;
        lock.write(&path, text.as_bytes(), FileAccess::Owner)
    }
}
