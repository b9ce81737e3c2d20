//! Installing: staged, verified, then renamed into place.
//!
//! A process that ends at any moment leaves the old version or the new one, never a mixture: a
//! package becomes visible by one renaming, when every byte of it is on the disk. What is left
//! half done is repaired by whoever takes the lock next.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::approvals::Approvals;
use super::archive;
use super::digest::DigestList;
use super::error::PackageError;
use super::home::{self, Access, HomeError, HomeLock};
use super::install_error::InstallError;
use super::keys::TrustedKeys;
use super::paths::RECORD_FILE;
use super::registry::{Registry, RegistryReference, Release};
use super::signature::{PackageSignature, SignatureError};
use super::source::{PluginPackage, ReadLimits};
use super::staging::{self, StagedPackage};
use crate::contract::{PluginManifest, PluginPermissions};

/// Where a package to be installed is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallSource {
    /// A folder. It may be unsigned.
    Folder(PathBuf),
    /// An archive. It may be unsigned.
    Archive(PathBuf),
    /// A registry, whose packages must be signed by a trusted key.
    Registry(RegistryReference),
}

impl InstallSource {
    /// Reads `PATH`, `ARCHIVE` or `hub:ID[@VERSION]`.
    ///
    /// # Errors
    ///
    /// [`InstallError::Source`] if there is nothing at the path, [`InstallError::Registry`] for a
    /// malformed `hub:`.
    pub fn parse(text: &str) -> Result<Self, InstallError> {
        if let Some(reference) = RegistryReference::parse(text)? {
            return Ok(Self::Registry(reference));
        }
        let path = PathBuf::from(text);
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => Ok(Self::Folder(path)),
            Ok(metadata) if metadata.is_file() => Ok(Self::Archive(path)),
            Ok(_) => Err(InstallError::Source {
                source: text.to_owned(),
                problem: "it is neither a folder nor a file".into(),
            }),
            Err(error) => {
                Err(InstallError::Source { source: text.to_owned(), problem: error.to_string() })
            }
        }
    }

    /// What the record calls it.
    fn name(&self) -> String {
        match self {
            Self::Folder(path) | Self::Archive(path) => path.display().to_string(),
            Self::Registry(RegistryReference { id, .. }) => format!("hub:{id}"),
        }
    }
}

/// How far an install has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallStep {
    /// No other install or removal is at work.
    Locked,
    /// One more file is in the staging folder.
    FileStaged,
    /// Every check has passed.
    Verified,
    /// The record is written, and the disk has everything.
    Recorded,
    /// The old version has been moved aside.
    OldAside,
    /// The new version is in its place.
    InPlace,
    /// Nothing is left to do.
    Done,
}

/// What came of an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The checked manifest.
    pub manifest: PluginManifest,
    /// The version that was there before.
    pub replaced: Option<Version>,
    /// The trusted key that signed it, by its name; none for an unsigned package.
    pub signed_by: Option<String>,
    /// What the operator should know.
    pub warnings: Vec<String>,
    /// What it asks for and was not approved yet, in this version or an earlier one.
    pub missing: PluginPermissions,
    /// Whether it was revoked, and waits for approval whatever it asks for.
    pub revoked: bool,
}

/// What is known of an installed package: `install.json`, beside its own files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallRecord {
    /// The plugin's id.
    pub id: String,
    /// Its version.
    pub version: Version,
    /// Where it came from.
    pub source: String,
    /// The digest of its digest list.
    pub digest: String,
    /// The id of the trusted key that signed it.
    pub key_id: Option<String>,
    /// When it was installed, in seconds since 1970.
    pub installed_at_seconds: u64,
}

impl InstallRecord {
    /// The record of the plugin of this id, if it was installed.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if it can't be read or is damaged.
    pub fn read(home: &Path, id: &str) -> Result<Option<Self>, HomeError> {
        let Some(folder) = home::installed_folder(home, id) else { return Ok(None) };
        let path = folder.join(RECORD_FILE);
        let Some(text) = home::read(&path)? else { return Ok(None) };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| HomeError::malformed(&path, home::json_problem(&error)))
    }
}

/// Installs packages into one `$WEFT_HOME`.
pub struct Installer<'a> {
    home: PathBuf,
    registry: PathBuf,
    limits: ReadLimits,
    check: &'a dyn Fn(&[u8]) -> Result<(), String>,
    observer: &'a dyn Fn(InstallStep),
}

/// A package whose bytes and source have been checked.
struct Verified {
    package: PluginPackage,
    record: InstallRecord,
    signed_by: Option<String>,
    warnings: Vec<String>,
}

impl<'a> Installer<'a> {
    /// An installer with the registry in `$WEFT_HOME/registry`. `check` tells what keeps a module
    /// from running, as a compilation finds it.
    #[must_use]
    pub fn new(home: impl Into<PathBuf>, check: &'a dyn Fn(&[u8]) -> Result<(), String>) -> Self {
        let home = home.into();
        let registry = home.join("registry");
        Self { home, registry, limits: ReadLimits::default(), check, observer: &|_| {} }
    }

    /// Takes `hub:` packages from the registry in this folder.
    #[must_use]
    pub fn registry(mut self, folder: impl Into<PathBuf>) -> Self {
        self.registry = folder.into();
        self
    }

    /// The sizes that modules may have.
    #[must_use]
    pub fn limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Tells `observer` of each step, right after it is done.
    #[must_use]
    pub fn observe(mut self, observer: &'a dyn Fn(InstallStep)) -> Self {
        self.observer = observer;
        self
    }

    /// Installs a package, in place of an earlier version. It is not approved by that: see
    /// [`Installed::missing`].
    ///
    /// # Errors
    ///
    /// [`InstallError`]; what was installed before is untouched then.
    pub fn install(&self, source: &InstallSource) -> Result<Installed, InstallError> {
        let lock = HomeLock::acquire(&self.home)?;
        (self.observer)(InstallStep::Locked);
        let staged = lock.staging()?;
        let installed = self.install_staged(&lock, &staged, source);
        if installed.is_err() {
            // What can't be cleaned up now is cleaned up by the next one.
            let _ = lock.repair();
        }
        installed
    }

    fn install_staged(
        &self,
        lock: &HomeLock,
        staged: &Path,
        source: &InstallSource,
    ) -> Result<Installed, InstallError> {
        let release = self.stage(staged, source)?;
        let verified = self.verify(staged, source, release.as_ref())?;
        (self.observer)(InstallStep::Verified);
        let Verified { package, record, signed_by, mut warnings } = verified;
        let manifest = package.manifest;
        let path = staged.join(RECORD_FILE);
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
        home::write_new(&path, text.as_bytes(), Access::Everyone)
            .map_err(|error| HomeError::io(&path, &error))?;
        staging::sync(staged)?;
        (self.observer)(InstallStep::Recorded);

        let approvals = Approvals::read(&self.home)?.of(&manifest.id);
        let old = InstallRecord::read(&self.home, &manifest.id).unwrap_or_default();
        if let Some(old) = old.as_ref().filter(|old| old.key_id != record.key_id) {
            let signer = old.key_id.as_deref().unwrap_or("nobody");
            warnings.push(format!("it replaces {} {}, signed by {signer}", old.id, old.version));
        }
        self.put_in_place(lock, staged, &manifest.id)?;
        (self.observer)(InstallStep::Done);
        let missing = approvals.missing(&manifest.permissions);
        let (replaced, revoked) = (old.map(|old| old.version), approvals.revoked);
        Ok(Installed { manifest, replaced, signed_by, warnings, missing, revoked })
    }

    /// Puts the package's files together; for a registry, says which release they are.
    fn stage(
        &self,
        staged: &Path,
        source: &InstallSource,
    ) -> Result<Option<Release>, InstallError> {
        let after_file = || (self.observer)(InstallStep::FileStaged);
        let mut files = StagedPackage::new(staged, &after_file);
        match source {
            InstallSource::Folder(folder) => files.copy(folder).map(|()| None),
            InstallSource::Archive(path) => {
                let bytes = archive::read(path)?;
                archive::unpack(&bytes, &source.name(), &mut files).map(|()| None)
            }
            InstallSource::Registry(reference) => {
                let registry = Registry::open(&self.registry)?;
                let release = registry.select(reference)?.clone();
                // A key that isn't trusted now won't be so when the archive is unpacked.
                if TrustedKeys::read(&self.home)?.get(&release.key_id).is_none() {
                    let key_id = release.key_id.escape_debug().take(64).collect();
                    return Err(SignatureError::UnknownKey { key_id }.into());
                }
                let bytes = registry.archive(&release)?;
                archive::unpack(&bytes, &release.archive, &mut files)?;
                Ok(Some(release))
            }
        }
    }

    /// The checks in their order: size (held while staging), manifest, module, policy, source.
    fn verify(
        &self,
        staged: &Path,
        source: &InstallSource,
        release: Option<&Release>,
    ) -> Result<Verified, InstallError> {
        // The staging folder means nothing to whoever reads the message.
        let named = |error: PackageError| PackageError { path: source.name().into(), ..error };
        let mut package = PluginPackage::read(staged, self.limits).map_err(named)?;
        let PluginManifest { id, version, .. } = &package.manifest;
        (self.check)(&package.module)
            .map_err(|problem| InstallError::Module { id: id.clone(), problem })?;
        if let (InstallSource::Registry(reference), Some(release)) = (source, release)
            && (reference.id != *id || release.version != *version)
        {
            return Err(InstallError::OtherPackage {
                expected: format!("{} {}", reference.id, release.version),
                found: format!("{id} {version}"),
            });
        }
        let mut warnings = std::mem::take(&mut package.warnings);
        let files = DigestList::of(staged)?;
        let keys = TrustedKeys::read(&self.home)?;
        let signature = PackageSignature::read(staged);
        if let (Ok(signature), Some(release)) = (&signature, release)
            && (&signature.key_id, &signature.signature) != (&release.key_id, &release.signature)
        {
            return Err(SignatureError::NotAsIndexed.into());
        }
        let signer = match signature.and_then(|signature| signature.verify(&files, &keys)) {
            Ok(trusted) => Some(trusted),
            Err(error @ (SignatureError::Missing | SignatureError::UnknownKey { .. }))
                if release.is_none() =>
            {
                warnings.push(error.to_string());
                None
            }
            Err(error) => return Err(error.into()),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let record = InstallRecord {
            id: id.clone(),
            version: version.clone(),
            source: source.name(),
            digest: files.digest(),
            key_id: signer.map(|signer| signer.key.key_id()),
            installed_at_seconds: now.as_secs(),
        };
        let signed_by = signer.map(|signer| signer.name.clone());
        Ok(Verified { package, record, signed_by, warnings })
    }

    fn put_in_place(&self, lock: &HomeLock, staged: &Path, id: &str) -> Result<(), InstallError> {
        let place = home::place(&self.home, id);
        if place.symlink_metadata().is_err() {
            lock.rename(staged, &place)?;
            (self.observer)(InstallStep::InPlace);
            return Ok(());
        }
        let old = lock.replaced(id)?;
        lock.rename(&place, &old)?;
        (self.observer)(InstallStep::OldAside);
        lock.rename(staged, &place)?;
        (self.observer)(InstallStep::InPlace);
        Ok(lock.discard(&old)?)
    }
}
