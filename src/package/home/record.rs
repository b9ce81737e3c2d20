//! `install.json`: the source, version and digest of an installed package, beside its own files.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{self, HomeError};
use super::installed;
use crate::contract::{ObjectReader, wrong};
use crate::package::digest::RECORD_FILE;
use crate::package::kind::PackageKind;

/// What is known of an installed package. One that was put there by hand has no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct InstallRecord {
    /// The plugin's id, or the skill's name.
    pub id: String,
    /// Its version as it was written; skills may have none.
    pub version: Option<String>,
    /// Where it came from.
    pub source: String,
    /// The digest of its digest list.
    pub digest: String,
    /// The id of the trusted key that signed it.
    pub key_id: Option<String>,
    /// When it was installed, in seconds since 1970.
    pub installed_at_seconds: u64,
}

impl TryFrom<Value> for InstallRecord {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut record = ObjectReader::new(value)?.without_nulls(&["version", "key_id"]);
        let installed_at = record.value("installed_at_seconds");
        Ok(Self {
            id: record.required_text("id")?,
            version: record.text("version")?,
            source: record.required_text("source")?,
            digest: record.required_text("digest")?,
            key_id: record.text("key_id")?,
            installed_at_seconds: installed_at
                .and_then(|seconds| seconds.as_u64())
                .ok_or_else(|| wrong("installed_at_seconds", "a whole number"))?,
        })
    }
}

impl InstallRecord {
    /// What is known of a package that was put there by hand.
    #[cfg(feature = "package")]
    pub(in crate::package) fn by_hand(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: None,
            source: String::new(),
            digest: String::new(),
            key_id: None,
            installed_at_seconds: 0,
        }
    }

    /// The id, and the version if there is one.
    #[cfg(feature = "package")]
    #[must_use]
    pub fn name(&self) -> String {
        self.version.as_ref().map_or_else(|| self.id.clone(), |it| format!("{} {it}", self.id))
    }

    /// The record of the plugin of this id or the skill of this name. `None` if there is no such package, and for one
    /// that was put there by hand.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if it can't be read or is damaged.
    pub fn read(home: &Path, kind: PackageKind, id: &str) -> Result<Option<Self>, HomeError> {
        let Some(folder) = installed::installed_folder(home, kind, id) else { return Ok(None) };
        Self::read_in(&folder)
    }

    /// The record in a package's folder.
    pub(in crate::package) fn read_in(folder: &Path) -> Result<Option<Self>, HomeError> {
        let path = folder.join(RECORD_FILE);
        let Some(text) = folder::read(&path)? else { return Ok(None) };
        folder::parse_json(&text).map(Some).map_err(|problem| HomeError::malformed(&path, problem))
    }

    /// The packages of a kind whose signature by this key was verified when they were installed. One
    /// whose record can't be read is none of them.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if `$WEFT_HOME` can't be listed.
    #[cfg(feature = "package")]
    pub fn signed_by(home: &Path, kind: PackageKind, key_id: &str) -> Result<Vec<Self>, HomeError> {
        let folders = folder::children(&home.join(kind.folder()))?;
        let ids = folders.iter().filter_map(|folder| folder.file_name()?.to_str());
        let records = ids.filter_map(|id| Self::read(home, kind, id).ok().flatten());
        Ok(records.filter(|record| record.key_id.as_deref() == Some(key_id)).collect())
    }
}
