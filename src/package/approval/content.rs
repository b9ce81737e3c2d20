//! The content that an approval covers: the digest of every file of a package, its version and
//! its signer. It is computed when a package is loaded, installed or approved, never at a call.

use std::cmp::Ordering;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::{ObjectReader, SortedMap, SortedSet, of_text, shown};
#[cfg(not(feature = "package"))]
use crate::package::digest::SIGNATURE_FILE;
use crate::package::digest::{
    ReadBudget, collect, digest_list, digest_of, sha256_hex, unambiguous,
};
use crate::package::home::InstallRecord;
use crate::package::read::source;

/// Files by which an approval can name the one that changed.
const NAMED_FILES: usize = 128;

/// The files of a package at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageContent {
    /// The digest of each file.
    files: SortedMap<String, String>,
    /// The digest of all of them, as in the record of an install.
    digest: String,
    version: Option<String>,
    signer: Signer,
    /// The record of its install, if there is one.
    record: Option<InstallRecord>,
    /// Why not every file could be read.
    problem: Option<String>,
}

/// Who signed a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "package"),
    allow(dead_code, reason = "only the feature checks signatures")
)]
enum Signer {
    #[default]
    Nobody,
    /// The id of a key that is trusted, and signed just these files.
    Trusted(String),
    /// The id of a key that is not trusted.
    Unknown(String),
    /// There is a signature, and it does not count.
    Broken(String),
}

/// The content that was approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct ApprovedContent {
    /// The digest of all files.
    pub digest: String,
    /// The id of the trusted key that signed them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The digest of each file, where there are not too many.
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    pub files: SortedMap<String, String>,
}

impl TryFrom<Value> for ApprovedContent {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut approved = ObjectReader::new(value)?.without_nulls(&["key_id", "version"]);
        let content = Self {
            digest: approved.required_text("digest")?,
            key_id: approved.text("key_id")?,
            version: approved.text("version")?,
            files: approved.map("files", of_text)?,
        };
        approved.end()?;
        Ok(content)
    }
}

/// Who put content in the place of what was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangedBy {
    /// Nobody knows.
    Anybody,
    /// The operator, by a command.
    #[cfg(feature = "package")]
    Operator,
}

impl PackageContent {
    /// Looks at the package in `folder`, whose version is `version`; the keys in `home` are trusted.
    #[must_use]
    pub fn read(folder: &Path, home: &Path, version: Option<&str>) -> Self {
        let mut content = Self { version: version.map(str::to_owned), ..Self::default() };
        let mut left = ReadBudget::of_a_package();
        content.record = InstallRecord::read_in(folder).unwrap_or_default();
        let by_hand = content.record.is_none();
        let mut taken = collect(folder, "", by_hand, &mut content.files, &mut left);
        // What is built in a folder that was passed by is a part of it all the same.
        let manifest = left.passed_by.then(|| source::manifest(folder).ok()).flatten();
        let module = manifest.map(|manifest| manifest.wasm_module);
        let module = module.map(|path| (folder.join(&path), unambiguous(path.as_ref())));
        if let Some((place, path)) =
            module.filter(|(_, path)| by_hand && !content.files.contains_key(path))
        {
            let digest = digest_of(&place, &path, &mut left);
            taken = taken.and_then(|()| {
                content.files.insert(path, digest?);
                Ok(())
            });
        }
        content.problem = taken.err().map(|error| error.to_string());
        content.digest = sha256_hex(digest_list(&content.files).as_bytes());
        content.signer = signer(folder, home, &content.files);
        content
    }

    /// As it is kept with an approval.
    #[must_use]
    pub fn approved(&self) -> ApprovedContent {
        let key_id = match &self.signer {
            Signer::Trusted(key_id) => Some(key_id.clone()),
            _ => None,
        };
        let named = self.files.len() <= NAMED_FILES;
        let files = if named { self.files.clone() } else { SortedMap::new() };
        ApprovedContent {
            digest: self.digest.clone(),
            key_id,
            version: self.version.clone(),
            files,
        }
    }

    /// What was approved, where its approval was kept before approvals knew of content: what was
    /// installed, if it is known.
    pub(in crate::package) fn recorded(&self) -> Option<ApprovedContent> {
        self.record.as_ref().map(ApprovedContent::of_record)
    }

    /// Whether it has a signature that does not count.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self.signer, Signer::Broken(_))
    }

    /// The files that are not as they were approved, where that is known.
    #[must_use]
    pub fn changed_files(&self, approved: &ApprovedContent) -> Vec<String> {
        if approved.files.is_empty() {
            return Vec::new();
        }
        let paths: SortedSet<&String> = self.files.keys().chain(approved.files.keys()).collect();
        let changed =
            paths.into_iter().filter(|path| self.files.get(*path) != approved.files.get(*path));
        changed.cloned().collect()
    }

    /// Why it is not what was approved; `None` if it is, or comes from the same signer.
    pub(crate) fn objection(
        &self,
        approved: &ApprovedContent,
        keys: &SortedSet<String>,
        by: ChangedBy,
    ) -> Option<String> {
        if let Some(problem) = &self.problem {
            return Some(format!("its files can't be checked: {problem}"));
        }
        if let Some(key) = &approved.key_id {
            match &self.signer {
                Signer::Broken(problem) => return Some(problem.clone()),
                Signer::Nobody => return Some("it is unsigned and replaces a signed one".into()),
                Signer::Trusted(other) | Signer::Unknown(other) if other != key => {
                    return Some("it is signed by another key than the approved one".into());
                }
                Signer::Trusted(_) if keys.contains(key) => {}
                Signer::Trusted(_) | Signer::Unknown(_) => {
                    return Some(format!("it is signed by the key {key}, which is not trusted"));
                }
            }
        }
        if approved.digest == self.digest {
            return None;
        }
        let (now, then) = (self.version.as_deref(), approved.version.as_deref());
        if is_older(now, then) {
            let (now, then) = (now.unwrap_or("none"), then.unwrap_or_default());
            return Some(format!("it is older than what was approved ({now} < {then})"));
        }
        if approved.key_id.is_some() || by != ChangedBy::Anybody {
            return None;
        }
        let reason = "its content changed since it was approved";
        Some(match self.changed_files(approved).as_slice() {
            [] => reason.to_owned(),
            [file] => format!("{reason}: {}", shown(file)),
            [file, more @ ..] => {
                format!("{reason}: {} and {} more", shown(file), more.len())
            }
        })
    }
}

impl ApprovedContent {
    pub(in crate::package) fn of_record(record: &InstallRecord) -> Self {
        let InstallRecord { digest, key_id, version, .. } = record.clone();
        Self { digest, key_id, version, files: SortedMap::new() }
    }
}

/// Whether a version comes before the one that was there.
fn is_older(now: Option<&str>, then: Option<&str>) -> bool {
    let Some(then) = then else { return false };
    let Some(now) = now else { return true };
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|part| part.parse().ok()).collect()
    };
    let order = match (semver::Version::parse(now), semver::Version::parse(then)) {
        (Ok(now), Ok(then)) => Some(now.cmp_precedence(&then)),
        // Skills are versioned in any way.
        _ => numbers(now).and_then(|now| Some(now.cmp(&numbers(then)?))),
    };
    order == Some(Ordering::Less)
}

#[cfg(feature = "package")]
fn signer(folder: &Path, home: &Path, files: &SortedMap<String, String>) -> Signer {
    use crate::package::keys::DigestList;
    use crate::package::keys::{PackageSignature, SignatureError};

    let signature = match PackageSignature::read(folder) {
        Ok(signature) => signature,
        Err(SignatureError::Missing) => return Signer::Nobody,
        Err(error) => return Signer::Broken(error.to_string()),
    };
    let keys = crate::package::keys::TrustedKeys::read(home).unwrap_or_default();
    match signature.verify(&DigestList::of_digests(files.clone()), &keys) {
        Ok(trusted) => Signer::Trusted(trusted.key.key_id()),
        Err(SignatureError::UnknownKey { key_id }) => Signer::Unknown(key_id),
        Err(error) => Signer::Broken(error.to_string()),
    }
}

#[cfg(not(feature = "package"))]
fn signer(folder: &Path, _home: &Path, _files: &SortedMap<String, String>) -> Signer {
    match folder.join(SIGNATURE_FILE).symlink_metadata() {
        Ok(_) => Signer::Broken("its signature can't be checked by this build".into()),
        Err(_) => Signer::Nobody,
    }
}

/// The ids of the keys that are trusted; none, where they can't be read.
pub(crate) fn trusted_key_ids(home: &Path) -> SortedSet<String> {
    #[cfg(feature = "package")]
    {
        let keys = crate::package::keys::TrustedKeys::read(home).unwrap_or_default();
        SortedSet::from_iter(keys.iter().map(|trusted| trusted.key.key_id()))
    }
    #[cfg(not(feature = "package"))]
    {
        let _ = home;
        SortedSet::new()
    }
}
