//! `trusted-workspaces.json`: which workspaces the user trusts, as it was answered once.
//!
//! The author of a project may have written its workspace's skills and configuration;
//! without trust they are not even read.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{self, FileAccess, HomeError, HomeLock};
use crate::contract::{ObjectReader, SortedMap};

/// Whether a workspace's own skills and configuration are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceTrust {
    /// They are.
    Trusted,
    /// They are not even read.
    #[default]
    Untrusted,
}

/// The file's form: answers by the workspace's real path.
#[derive(Default, Serialize)]
struct TrustDocument {
    workspaces: SortedMap<String, WorkspaceTrust>,
}

impl TryFrom<Value> for TrustDocument {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let answer = |value: Value| match value.as_str() {
            Some("trusted") => Ok(WorkspaceTrust::Trusted),
            Some("untrusted") => Ok(WorkspaceTrust::Untrusted),
            _ => Err("expected `trusted` or `untrusted`".to_owned()),
        };
        let mut document = ObjectReader::new(value)?;
        document.require(&["workspaces"])?;
        let workspaces = document.map("workspaces", answer)?;
        document.end()?;
        Ok(Self { workspaces })
    }
}

impl WorkspaceTrust {
    /// The file's path.
    #[must_use]
    pub fn path(home: &Path) -> PathBuf {
        home.join("trusted-workspaces.json")
    }

    /// What was answered for this workspace; `None` where nobody has been asked.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the file can't be read or is damaged, or the workspace isn't there.
    pub fn remembered(home: &Path, workspace: &Path) -> Result<Option<Self>, HomeError> {
        Ok(read(home)?.workspaces.get(&key(workspace)?).copied())
    }

    /// Remembers the answer for this workspace.
    ///
    /// # Errors
    ///
    /// As [`remembered`](Self::remembered), and if the file can't be written.
    pub fn remember(self, home: &Path, workspace: &Path) -> Result<(), HomeError> {
        Self::answer(home, workspace, Some(self))
    }

    /// Forgets the answer for this workspace. The next user is asked again.
    ///
    /// # Errors
    ///
    /// As [`remember`](Self::remember).
    pub fn forget(home: &Path, workspace: &Path) -> Result<(), HomeError> {
        Self::answer(home, workspace, None)
    }

    fn answer(home: &Path, workspace: &Path, answer: Option<Self>) -> Result<(), HomeError> {
        let key = key(workspace)?;
        let lock = HomeLock::acquire(home)?;
        let mut document = read(home)?;
        match answer {
            Some(answer) => document.workspaces.insert(key, answer),
            None => document.workspaces.remove(&key),
        };
        let path = Self::path(home);
        let text = serde_json::to_string_pretty(&document)
            .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
        lock.write(&path, text.as_bytes(), FileAccess::Owner)
    }
}

fn read(home: &Path) -> Result<TrustDocument, HomeError> {
    let path = WorkspaceTrust::path(home);
    let Some(text) = folder::read(&path)? else { return Ok(TrustDocument::default()) };
    folder::parse_json(&text).map_err(|problem| HomeError::malformed(&path, problem))
}

/// The workspace's real path, so that one answer holds whatever way leads there.
fn key(workspace: &Path) -> Result<String, HomeError> {
    let real = fs::canonicalize(workspace).map_err(|error| HomeError::io(workspace, &error))?;
    real.into_os_string()
        .into_string()
        .map_err(|_| HomeError::malformed(workspace, "its path is not UTF-8"))
}
