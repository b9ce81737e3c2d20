//! `approvals.json`: the operator's approvals, by the ids of plugins and of skills that are kept apart
//! from them: skills that are installed, and those of a workspace.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::consent::{Pending, Prompt};
use super::content::{PackageContent, trusted_key_ids};
use super::grants::{Approval, StoredApproval};
use crate::contract::{ObjectReader, PluginPermissions, SortedMap};
use crate::package::home::{FileAccess, HomeError, HomeLock, folder};

/// The approvals of `$WEFT_HOME`, as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    plugins: SortedMap<String, StoredApproval>,
}

/// The file's form.
#[derive(Serialize)]
struct ApprovalsDocument {
    plugins: SortedMap<String, StoredApproval>,
}

impl TryFrom<Value> for ApprovalsDocument {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut document = ObjectReader::new(value)?;
        document.require(&["plugins"])?;
        let plugins = document.map("plugins", StoredApproval::try_from)?;
        document.end()?;
        Ok(Self { plugins })
    }
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
        let Some(text) = folder::read(&path)? else { return Ok(Self::default()) };
        let document: ApprovalsDocument =
            folder::parse_json(&text).map_err(|problem| HomeError::malformed(&path, problem))?;
        Ok(Self { plugins: document.plugins })
    }

    /// What was approved for this id; nothing, where it is unknown.
    #[must_use]
    pub fn of(&self, id: &str) -> StoredApproval {
        self.plugins.get(id).cloned().unwrap_or_default()
    }

    /// Whether anything was ever approved or revoked for this id.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.plugins.contains_key(id)
    }

    /// Approves permissions for `id` with this content, beside those that are approved already. What
    /// was revoked may run again.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or written.
    pub fn grant(
        home: &Path,
        id: &str,
        granted: &PluginPermissions,
        content: &PackageContent,
    ) -> Result<(), HomeError> {
        let lock = HomeLock::acquire(home)?;
        Self::update(&lock, id, |entry| {
            entry.revoked = false;
            entry.content = Some(content.approved());
            entry.incoming = None;
            entry.grant(granted);
        })
    }

    /// Changes the stored approval of `id`.
    pub(in crate::package) fn update(
        lock: &HomeLock,
        id: &str,
        change: impl FnOnce(&mut StoredApproval),
    ) -> Result<(), HomeError> {
        let mut approvals = Self::read(lock.home())?;
        change(approvals.plugins.entry(id.to_owned()).or_default());
        approvals.write(lock)
    }

    /// Asks for what a plugin wants and doesn't have, as
    /// [`ask_for_permissions`](crate::package::ask_for_permissions) does, stores what is given, and says what it
    /// still waits for, as `kind: value`. What was revoked is asked for even if the plugin wants nothing,
    /// and so is `content` that is not what was approved.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or written.
    pub fn ask(
        home: &Path,
        id: &str,
        asked: &PluginPermissions,
        content: &PackageContent,
        given: Approval,
        prompt: &mut dyn Prompt,
    ) -> Result<Vec<String>, HomeError> {
        let stored = Self::read(home)?.of(id);
        let keys = trusted_key_ids(home);
        let objection = stored.objection(content, &keys);
        let (objection, is_broken) = (objection.as_deref(), content.is_broken());
        let question = Pending { id, asked, stored: &stored, objection, is_broken };
        if let Some(granted) = question.ask(given, prompt) {
            Self::grant(home, id, &granted, content)?;
        }
        Ok(Self::read(home)?.of(id).waiting(asked, content, &keys))
    }

    /// Why `content` is not what was approved for `id`, and which of its files are others; `None` if it
    /// is.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read.
    pub fn change(
        home: &Path,
        id: &str,
        content: &PackageContent,
    ) -> Result<Option<(String, Vec<String>)>, HomeError> {
        let stored = Self::read(home)?.of(id);
        let reason = stored.objection(content, &trusted_key_ids(home));
        let files = stored.content.map(|approved| content.changed_files(&approved));
        Ok(reason.map(|reason| (reason, files.unwrap_or_default())))
    }

    /// Takes back everything: the plugin does not run until it is approved again.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or written.
    pub fn revoke(home: &Path, id: &str) -> Result<(), HomeError> {
        let lock = HomeLock::acquire(home)?;
        Self::update(&lock, id, |entry| {
            entry.revoked = true;
            entry.permissions = PluginPermissions::default();
        })
    }

    /// Forgets what was approved for `id`.
    pub(in crate::package) fn forget(lock: &HomeLock, id: &str) -> Result<(), HomeError> {
        let mut approvals = Self::read(lock.home())?;
        match approvals.plugins.remove(id) {
            Some(_) => approvals.write(lock),
            None => Ok(()),
        }
    }

    fn write(&self, lock: &HomeLock) -> Result<(), HomeError> {
        let plugins = self.plugins.clone();
        let path = Self::path(lock.home());
        let text = serde_json::to_string_pretty(&ApprovalsDocument { plugins })
            .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
        lock.write(&path, text.as_bytes(), FileAccess::Owner)
    }
}
