//! The registry behind `hub:`: a folder with an `index.json` and archives. It is data and nothing
//! else, so that it can lie on a stick today and on a server later.

use std::fs;
use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{InstallError, RegistryError};
use super::unpack;
use crate::contract::{ObjectReader, SortedMap, similar_names};
use crate::package::archive::{PackError, PackagePaths, pack_folder};
use crate::package::digest::sha256_hex;
use crate::package::home::{FileAccess, folder};
use crate::package::keys::{DigestList, PackageSignature};
use crate::package::kind::{PackageKind, is_id};
use crate::package::read::{Package, ReadLimits};

/// A registry whose index has been read.
#[derive(Debug)]
pub struct Registry {
    folder: PathBuf,
    index: RegistryIndex,
}

#[derive(Debug, Default, Serialize)]
struct RegistryIndex {
    plugins: SortedMap<String, Vec<Release>>,
    skills: SortedMap<String, Vec<Release>>,
}

impl TryFrom<Value> for RegistryIndex {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut index = ObjectReader::new(value)?;
        let releases = |value| match value {
            Value::Array(releases) => releases.into_iter().map(Release::try_from).collect(),
            _ => Err("invalid type: expected a list".to_owned()),
        };
        Ok(Self {
            plugins: index.map("plugins", releases)?,
            skills: index.map("skills", releases)?,
        })
    }
}

impl RegistryIndex {
    fn of(&self, kind: PackageKind) -> &SortedMap<String, Vec<Release>> {
        match kind {
            PackageKind::Plugin => &self.plugins,
            PackageKind::Skill => &self.skills,
        }
    }

    /// The ids that come close to one that isn't there.
    fn similar(&self, kind: PackageKind, id: &str) -> Vec<String> {
        similar_names(id, self.of(kind).keys().map(String::as_str))
    }

    fn of_mut(&mut self, kind: PackageKind) -> &mut SortedMap<String, Vec<Release>> {
        match kind {
            PackageKind::Plugin => &mut self.plugins,
            PackageKind::Skill => &mut self.skills,
        }
    }
}

/// One version of a package in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Release {
    /// The version: a skill's as it compares, `1.2` being `1.2.0`.
    pub version: Version,
    /// The archive's path inside the registry.
    pub archive: String,
    /// The archive's SHA-256 digest in hex.
    pub sha256: String,
    /// The id of the key that signed the package.
    pub key_id: String,
    /// The package's signature in hex.
    pub signature: String,
}

impl TryFrom<Value> for Release {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut release = ObjectReader::new(value)?;
        let version = Version::parse(&release.required_text("version")?);
        Ok(Self {
            version: version.map_err(|error| error.to_string())?,
            archive: release.required_text("archive")?,
            sha256: release.required_text("sha256")?,
            key_id: release.required_text("key_id")?,
            signature: release.required_text("signature")?,
        })
    }
}

/// What `hub:ID@VERSION` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryReference {
    /// The plugin's id, or the skill's name.
    pub id: String,
    /// A version or a range of versions; the newest, if there is none.
    pub version: Option<String>,
}

impl RegistryReference {
    /// Reads `hub:ID` or `hub:ID@VERSION`; `None` for what doesn't begin with `hub:`.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Reference`] if what follows is no id, or no version and no range.
    pub fn parse(text: &str) -> Result<Option<Self>, RegistryError> {
        let Some(rest) = text.strip_prefix("hub:") else { return Ok(None) };
        let (id, version) = match rest.split_once('@') {
            Some((id, version)) => (id, Some(version.to_owned())),
            None => (rest, None),
        };
        let is_version = version.as_deref().is_none_or(|text| VersionChoice::parse(text).is_some());
        if !is_id(id) || !is_version {
            return Err(RegistryError::Reference { text: text.escape_debug().take(128).collect() });
        }
        Ok(Some(Self { id: id.to_owned(), version }))
    }
}

/// A version, or the newest of a range.
enum VersionChoice {
    Exactly(Version),
    Newest(VersionReq),
}

impl VersionChoice {
    fn parse(text: &str) -> Option<Self> {
        let exactly = Version::parse(text).map(Self::Exactly);
        exactly.or_else(|_| VersionReq::parse(text).map(Self::Newest)).ok()
    }

    fn matches(&self, version: &Version) -> bool {
        match self {
            Self::Exactly(wanted) => wanted == version,
            Self::Newest(range) => range.matches(version),
        }
    }
}

impl Registry {
    /// Reads the index of the registry in `folder`.
    ///
    /// # Errors
    ///
    /// [`RegistryError::Index`]
    pub fn open(folder: &Path) -> Result<Self, RegistryError> {
        let index = read_index(folder)?.ok_or_else(|| RegistryError::Index {
            path: index_path(folder),
            problem: "there is no such file".into(),
        })?;
        Ok(Self { folder: folder.to_owned(), index })
    }

    /// The newest release that fits. Those with a `-` in their version, as `2.0.0-beta`, must be
    /// asked for.
    ///
    /// # Errors
    ///
    /// [`RegistryError::UnknownId`], [`RegistryError::NoVersion`] and
    /// [`RegistryError::Reference`].
    pub fn select(
        &self,
        kind: PackageKind,
        reference: &RegistryReference,
    ) -> Result<&Release, RegistryError> {
        let RegistryReference { id, version } = reference;
        let releases = self.releases(kind, id)?;
        let text = version.as_deref().unwrap_or("*");
        let wanted = VersionChoice::parse(text)
            .ok_or_else(|| RegistryError::Reference { text: format!("hub:{id}@{text}") })?;
        let fitting = releases.iter().filter(|release| wanted.matches(&release.version));
        fitting
            .max_by(|a, b| a.version.cmp(&b.version))
            .ok_or_else(|| no_version(id, text, releases))
    }

    /// Every release of this id.
    fn releases(&self, kind: PackageKind, id: &str) -> Result<&[Release], RegistryError> {
        let releases = self.index.of(kind).get(id);
        releases.map(Vec::as_slice).ok_or_else(|| {
            let other_kind = self.index.of(kind.other()).contains_key(id);
            let similar = self.index.similar(kind, id);
            RegistryError::UnknownId { kind, id: id.to_owned(), other_kind, similar }
        })
    }

    /// The archive of a release, whose digest is as the index has it.
    ///
    /// # Errors
    ///
    /// [`InstallError::Registry`] for another archive, [`PackError::Entry`] for a path that
    /// leads out of the registry, and the errors of reading.
    pub fn archive(&self, release: &Release) -> Result<Vec<u8>, InstallError> {
        let path = PackagePaths::default().file(&release.archive)?;
        let bytes = unpack::read(&self.folder.join(path))?;
        if sha256_hex(&bytes) != release.sha256 {
            let archive = release.archive.clone();
            return Err(RegistryError::OtherArchive { archive }.into());
        }
        Ok(bytes)
    }

    /// Adds the signed package in `package` to the registry in `folder`, which is made if it isn't
    /// there. The index changes last, as a whole.
    ///
    /// # Errors
    ///
    /// [`InstallError`]: the package breaks a rule, is not signed or was changed since, the version is
    /// there already, or the registry can't be written.
    pub fn publish(
        folder: &Path,
        kind: PackageKind,
        package: &Path,
        limits: ReadLimits,
    ) -> Result<Release, InstallError> {
        let contents = Package::read(kind, package, limits)?;
        let version = release_version(&contents)?;
        let id = contents.id;
        let signature = PackageSignature::read(package)?;
        signature.is_of(&DigestList::to_pack(package)?)?;
        let mut index = read_index(folder)?.unwrap_or_default();
        let releases = index.of_mut(kind).entry(id.clone()).or_default();
        if releases.iter().any(|release| release.version == version) {
            return Err(RegistryError::Published { id, version }.into());
        }
        let bytes = pack_folder(package)?;
        // A plugin and a skill may have the same name and version.
        let place = match kind {
            PackageKind::Plugin => "",
            PackageKind::Skill => "skills/",
        };
        let release = Release {
            archive: format!("{place}{id}-{version}.tar.gz"),
            version,
            sha256: sha256_hex(&bytes),
            key_id: signature.key_id,
            signature: signature.signature,
        };
        releases.push(release.clone());
        let path = folder.join(&release.archive);
        let write = || {
            folder::make_folder(&folder.join(place), FileAccess::Everyone)?;
            fs::write(&path, &bytes)?;
            write_index(folder, &index)
        };
        write().map_err(|error| unwritable(folder, &error))?;
        Ok(release)
    }

    /// Takes a release out of the registry in `folder`: out of the index first, then its archive. Nobody
    /// gets it from there any more, and its version may be published again; where it is installed it
    /// stays.
    ///
    /// # Errors
    ///
    /// [`InstallError::Registry`] if there is no such release, and the errors of writing.
    pub fn withdraw(
        folder: &Path,
        kind: PackageKind,
        id: &str,
        version: &str,
    ) -> Result<Release, InstallError> {
        let registry = Self::open(folder)?;
        let (releases, wanted) = (registry.releases(kind, id)?, comparable(version));
        let at = releases.iter().position(|it| Some(&it.version) == wanted.as_ref());
        let at = at.ok_or_else(|| no_version(id, version, releases))?;
        let mut index = registry.index;
        let releases = index.of_mut(kind).entry(id.to_owned()).or_default();
        let release = releases.remove(at);
        if releases.is_empty() {
            index.of_mut(kind).remove(id);
        }
        let archive = folder.join(PackagePaths::default().file(&release.archive)?);
        let removed = write_index(folder, &index).and_then(|()| match fs::remove_file(archive) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
        removed.map_err(|error| unwritable(folder, &error))?;
        Ok(release)
    }
}

fn no_version(id: &str, wanted: &str, releases: &[Release]) -> RegistryError {
    RegistryError::NoVersion {
        id: id.to_owned(),
        wanted: wanted.to_owned(),
        newest: releases.iter().map(|release| release.version.clone()).max(),
    }
}

fn write_index(folder: &Path, index: &RegistryIndex) -> std::io::Result<()> {
    let new = folder.join("index.json.new");
    fs::write(&new, serde_json::to_vec_pretty(index)?)?;
    fs::rename(new, index_path(folder))
}

fn unwritable(folder: &Path, error: &std::io::Error) -> InstallError {
    PackError::unreadable(folder, error).into()
}

/// The version by which a package is compared with others. Those of plugins follow semantic
/// versioning; of skills, numbers with dots do too: `v1.2` is `1.2.0`.
pub(super) fn release_version(package: &Package) -> Result<Version, InstallError> {
    package.version.as_deref().and_then(comparable).ok_or_else(|| InstallError::Unversioned {
        id: package.id.clone(),
        version: package.version.clone(),
    })
}

fn comparable(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    Version::parse(text).ok().or_else(|| numbers(text))
}

/// One to three numbers with dots between them.
fn numbers(text: &str) -> Option<Version> {
    let numbers: Vec<u64> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    (numbers.len() <= 3).then(|| Version::new(number(0), number(1), number(2)))
}

fn index_path(folder: &Path) -> PathBuf {
    folder.join("index.json")
}

fn read_index(folder: &Path) -> Result<Option<RegistryIndex>, RegistryError> {
    let path = index_path(folder);
    let damaged = |problem: String| RegistryError::Index { path: path.clone(), problem };
    let text = folder::read(&path).map_err(|error| damaged(error.to_string()))?;
    text.map(|text| folder::parse_json(&text)).transpose().map_err(damaged)
}
