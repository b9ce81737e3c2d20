//! `skills-state.json`: the skills that the user has switched off, by name.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{self, FileAccess, HomeError, HomeLock};
use crate::contract::{ObjectReader, SortedSet};

/// Whether a skill is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkillSwitch {
    /// It is, if nothing else stands in its way.
    On,
    /// It is not, wherever it comes from.
    Off,
}

/// The file, and the names in it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct SkillSwitches {
    disabled: SortedSet<String>,
}

impl TryFrom<Value> for SkillSwitches {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut document = ObjectReader::new(value)?;
        document.require(&["disabled"])?;
        let disabled = document.texts("disabled")?.into_iter().collect();
        document.end()?;
        Ok(Self { disabled })
    }
}

impl SkillSwitches {
    /// The file's path.
    #[must_use]
    pub fn path(home: &Path) -> PathBuf {
        home.join("skills-state.json")
    }

    /// Reads the switches; all are on where there is no file.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or is damaged.
    pub fn read(home: &Path) -> Result<Self, HomeError> {
        let path = Self::path(home);
        let Some(text) = folder::read(&path)? else { return Ok(Self::default()) };
        folder::parse_json(&text).map_err(|problem| HomeError::malformed(&path, problem))
    }

    /// The names of the skills that are off.
    #[must_use]
    pub fn disabled(&self) -> &SortedSet<String> {
        &self.disabled
    }

    /// Switches the skill of this name on or off. Returns whether that changed anything.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or written.
    pub fn set(home: &Path, name: &str, switch: SkillSwitch) -> Result<bool, HomeError> {
        let lock = HomeLock::acquire(home)?;
        let mut switches = Self::read(home)?;
        let changed = match switch {
            SkillSwitch::On => switches.disabled.remove(name),
            SkillSwitch::Off => switches.disabled.insert(name.to_owned()),
        };
        if changed {
            let path = Self::path(home);
            let text = serde_json::to_string_pretty(&switches)
                .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
            lock.write(&path, text.as_bytes(), FileAccess::Owner)?;
        }
        Ok(changed)
    }
}
