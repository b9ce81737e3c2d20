//! `approvals.json`: what the operator has approved, by the ids of plugins and of what is kept apart
//! from them: skills that are installed, and those of a workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::approval::{Approval, ApprovalPolicy, StoredApproval};
use super::consent::{Prompt, ask_for_permissions};
use super::home::{self, Access, HomeError, HomeLock};
use super::kind::Subject;
use crate::contract::{PluginPermissions, map_of};

/// The approvals of `$WEFT_HOME`, as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    plugins: BTreeMap<String, StoredApproval>,
}

/// The file's form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    plugins: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    permissions: PluginPermissions,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
}

impl Approvals {
    /// The file's path.
    #[must_use]
    pub fn path(home: &Path) -> PathBuf {
        home.join("approvals.json")
    }

    /// Reads the approvals; there are none where there is no file.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or is damaged. Nothing is approved then.
    pub fn read(home: &Path) -> Result<Self, HomeError> {
        let path = Self::path(home);
        let Some(text) = home::read(&path)? else { return Ok(Self::default()) };
        let document: Document = serde_json::from_str(&text)
            .map_err(|error| HomeError::malformed(&path, home::json_problem(&error)))?;
        let stored = |Entry { permissions, revoked }| StoredApproval { permissions, revoked };
        let plugins = map_of(document.plugins.into_iter().map(|(id, entry)| (id, stored(entry))));
        Ok(Self { plugins })
    }

    /// What was approved for this id; nothing, where it is unknown.
    #[must_use]
    pub fn of(&self, id: &str) -> StoredApproval {
        self.plugins.get(id).cloned().unwrap_or_default()
    }

    /// Approves permissions for `id`, beside those that are approved already. What was revoked may
    /// run again.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or written.
    pub fn grant(home: &Path, id: &str, granted: &PluginPermissions) -> Result<(), HomeError> {
        let lock = HomeLock::acquire(home)?;
        let mut approvals = Self::read(home)?;
        let entry = approvals.plugins.entry(id.to_owned()).or_default();
        entry.revoked = false;
        entry.grant(granted);
        approvals.write(&lock)
    }

    /// Asks for what a plugin wants and doesn't have, as [`ask_for_permissions`] does, stores what
    /// is given, and says what it still waits for, as `kind: value`. What was revoked is asked for
    /// even if the plugin wants nothing.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or written.
    pub fn ask(
        home: &Path,
        id: &str,
        asked: &PluginPermissions,
        given: Approval,
        prompt: &mut dyn Prompt,
    ) -> Result<Vec<String>, HomeError> {
        let stored = Self::read(home)?.of(id);
        // To run again is a permission of its own, as small as a named host; a yes to all that it
        // wants is a yes to that.
        let question = format!("let {} run again, after it was revoked?", Subject::of(id).words);
        let runs = !stored.revoked
            || given.named
            || given.covers(asked)
            || prompt.confirm(&question) == Some(true);
        if runs {
            let missing = stored.missing(asked);
            let granted = ask_for_permissions(id, &missing, given, prompt);
            if stored.revoked || !granted.is_empty() {
                Self::grant(home, id, &granted)?;
            }
        }
        Ok(ApprovalPolicy::from(Self::read(home)?.of(id)).missing(asked))
    }

    /// Takes back everything: the plugin does not run until it is approved again.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or written.
    pub fn revoke(home: &Path, id: &str) -> Result<(), HomeError> {
        let lock = HomeLock::acquire(home)?;
        let mut approvals = Self::read(home)?;
        let revoked = StoredApproval { revoked: true, ..StoredApproval::default() };
        approvals.plugins.insert(id.to_owned(), revoked);
        approvals.write(&lock)
    }

    /// Forgets what was approved for `id`.
    pub(super) fn forget(lock: &HomeLock, id: &str) -> Result<(), HomeError> {
        let mut approvals = Self::read(lock.home())?;
        match approvals.plugins.remove(id) {
            Some(_) => approvals.write(lock),
            None => Ok(()),
        }
    }

    fn write(&self, lock: &HomeLock) -> Result<(), HomeError> {
        let entry = |stored: &StoredApproval| Entry {
            permissions: stored.permissions.clone(),
            revoked: stored.revoked,
        };
        let plugins = map_of(self.plugins.iter().map(|(id, stored)| (id.clone(), entry(stored))));
        let path = Self::path(lock.home());
        let text = serde_json::to_string_pretty(&Document { plugins })
            .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
        lock.write(&path, text.as_bytes(), Access::Owner)
    }
}
