//! Installing: staged, verified, then renamed into place.
//!
//! A process that ends at any moment leaves the old version or the new one, never a mixture: a
//! package becomes visible by one renaming, when every byte of it is on the disk. What is left
//! half done is repaired by the next process that takes the lock.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::InstallError;
use super::proposal::{InstallStep, Installed, ProposedInstall, StagedFolder};
use super::registry::{Registry, RegistryReference, Release, release_version};
use super::staging::{self, StagedPackage};
use super::unpack;
use crate::package::archive::PackError;
use crate::package::digest::RECORD_FILE;
use crate::package::home::{FileAccess, HomeError, HomeLock, InstallRecord, folder, installed};
use crate::package::keys::{DigestList, PackageSignature, SignatureError, TrustedKeys};
use crate::package::kind::{PackageKind, is_id};
use crate::package::read::{Package, PackageError, PackageFault, ReadLimits, contents};

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
    /// [`PackError::Source`] if there is nothing at the path, [`InstallError::Registry`] for a
    /// malformed `hub:`.
    pub fn parse(text: &str) -> Result<Self, InstallError> {
        if let Some(reference) = RegistryReference::parse(text)? {
            return Ok(Self::Registry(reference));
        }
        let path = PathBuf::from(text);
        let unusable =
            |problem| InstallError::from(PackError::Source { source: text.to_owned(), problem });
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => Ok(Self::Folder(path)),
            Ok(metadata) if metadata.is_file() => Ok(Self::Archive(path)),
            Ok(_) => Err(unusable("it is neither a folder nor a file".into())),
            Err(error) => Err(unusable(error.to_string())),
        }
    }

    /// What the record calls it.
    fn name(&self) -> String {
        match self {
            Self::Folder(path) | Self::Archive(path) => path.display().to_string(),
            Self::Registry(RegistryReference { id, .. }) => format!("hub:{id}"),
        }
    }

    /// The name of a skill without a `name`: that of its folder, or of its archive.
    fn folder_name(&self) -> String {
        let last =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match self {
            Self::Folder(path) => last(&path.canonicalize().unwrap_or_else(|_| path.clone())),
            Self::Archive(path) => {
                let name = last(path);
                let stem =
                    [".tar.gz", ".tgz", ".zip"].iter().find_map(|end| name.strip_suffix(end));
                stem.unwrap_or(&name).to_owned()
            }
            Self::Registry(RegistryReference { id, .. }) => id.clone(),
        }
    }
}

/// What becomes of a package of the same id that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The new one takes its place.
    Replace,
    /// It stays, and installing is [`InstallError::Exists`].
    Keep,
}

/// Installs packages into one `$WEFT_HOME`.
pub struct Installer<'a> {
    home: PathBuf,
    kind: PackageKind,
    existing: Existing,
    registry: PathBuf,
    limits: ReadLimits,
    check: &'a dyn Fn(&[u8]) -> Result<(), String>,
    observer: &'a dyn Fn(InstallStep),
}

/// A package whose bytes and source have been checked.
struct Verified {
    package: Package,
    record: InstallRecord,
    signed_by: Option<String>,
    warnings: Vec<String>,
}

impl<'a> Installer<'a> {
    /// An installer of plugins with the registry in `$WEFT_HOME/registry`. `check` tells what keeps a module
    /// from running, as a compilation finds it.
    #[must_use]
    pub fn new(home: impl Into<PathBuf>, check: &'a dyn Fn(&[u8]) -> Result<(), String>) -> Self {
        let home = home.into();
        let registry = home.join("registry");
        Self {
            home,
            kind: PackageKind::Plugin,
            existing: Existing::Replace,
            registry,
            limits: ReadLimits::default(),
            check,
            observer: &|_| {},
        }
    }

    /// The kind of the packages. Default: plugins.
    #[must_use]
    pub fn kind(mut self, kind: PackageKind) -> Self {
        self.kind = kind;
        self
    }

    /// What becomes of a package of the same id that is there already. Default: it is replaced.
    #[must_use]
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
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

    /// Installs a package. It is not approved by that: see
    /// [`Installed::missing`].
    ///
    /// # Errors
    ///
    /// [`InstallError`]; what was installed before is untouched then.
    pub fn install(&self, source: &InstallSource) -> Result<Installed, InstallError> {
        self.propose(source)?.put_in_place()
    }

    /// Stages and checks a package, so that it can be asked about before it appears anywhere. Nothing else
    /// can be installed, approved or removed until it is in its place or dropped.
    ///
    /// # Errors
    ///
    /// [`InstallError`]
    pub fn propose(&self, source: &InstallSource) -> Result<ProposedInstall<'a>, InstallError> {
        let lock = HomeLock::acquire(&self.home)?;
        (self.observer)(InstallStep::Locked);
        let staged = lock.staging(self.kind)?;
        let staged = StagedFolder { lock, kind: self.kind, folder: staged };
        let release = self.stage(&staged.folder, source)?;
        let verified = self.verify(&staged.folder, source, release.as_ref())?;
        (self.observer)(InstallStep::Verified);
        let Verified { mut package, record, signed_by, mut warnings } = verified;
        self.check_names(&package, &staged.folder)?;
        let replaced = self.find_existing(&package)?;
        package.module = None;
        let path = staged.folder.join(RECORD_FILE);
        let text = serde_json::to_string_pretty(&record)
            .map_err(|error| HomeError::malformed(&path, error.to_string()))?;
        folder::write_new(&path, text.as_bytes(), FileAccess::Everyone)
            .map_err(|error| HomeError::io(&path, &error))?;
        staging::sync(&staged.folder)?;
        (self.observer)(InstallStep::Recorded);
        if let Some(old) = replaced.as_ref().filter(|old| old.key_id != record.key_id) {
            let signer = old.key_id.as_deref().unwrap_or("nobody");
            warnings.push(format!("it replaces {}, signed by {signer}", old.name()));
        }
        ProposedInstall::new(staged, package, replaced, signed_by, warnings, self.observer)
    }

    /// Refuses a package that brings a name which another one has: its own, or that of a skill. A bundled plugin
    /// is an owner, too.
    fn check_names(&self, package: &Package, staged: &Path) -> Result<(), InstallError> {
        let Package { kind, id, .. } = package;
        if contents::is_bundled(id) {
            return Err(InstallError::Bundled { name: id.clone(), kind: *kind });
        }
        if installed::installed_folder(&self.home, kind.other(), id).is_some() {
            return Err(InstallError::NameTaken { id: id.clone(), by: kind.other() });
        }
        let taken = |name: &String, by, owner: &str| {
            let (name, owner) = (name.clone(), owner.to_owned());
            Err(InstallError::SkillTaken { name, by, owner })
        };
        let mut brings = vec![id.clone()];
        if *kind == PackageKind::Plugin {
            brings = contents::shipped_skills(staged);
            if let Some(name) = brings.iter().find(|name| contents::is_bundled(name)) {
                return Err(InstallError::Bundled { name: name.clone(), kind: PackageKind::Skill });
            }
            let skill = |name: &&String| {
                installed::installed_folder(&self.home, PackageKind::Skill, name).is_some()
            };
            if let Some(name) = brings.iter().find(skill) {
                return taken(name, PackageKind::Skill, name);
            }
        }
        for folder in folder::children(&self.home.join(PackageKind::Plugin.folder()))? {
            let owner = folder.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let is_itself = *kind == PackageKind::Plugin && owner == id;
            if is_itself || !is_id(owner) || brings.is_empty() {
                continue;
            }
            let shipped = contents::shipped_skills(&folder);
            if let Some(name) = brings.iter().find(|name| shipped.contains(name)) {
                return taken(name, PackageKind::Plugin, owner);
            }
        }
        Ok(())
    }

    /// The record of what the package takes the place of. Refused is what has to stay.
    fn find_existing(&self, package: &Package) -> Result<Option<InstallRecord>, InstallError> {
        let Package { kind, id, .. } = package;
        let Some(folder) = installed::installed_folder(&self.home, *kind, id) else {
            return Ok(None);
        };
        let record = InstallRecord::read(&self.home, *kind, id).unwrap_or_default();
        if self.existing == Existing::Keep {
            let digest = DigestList::of(&folder).map(|files| files.digest());
            let untouched = record.as_ref().is_some_and(|it| digest == Ok(it.digest.clone()));
            let version = record.and_then(|it| it.version);
            let (kind, id, edited) = (*kind, id.clone(), !untouched);
            return Err(InstallError::Exists { kind, id, version, edited });
        }
        Ok(Some(record.unwrap_or_else(|| InstallRecord::by_hand(id))))
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
                let bytes = unpack::read(path)?;
                unpack::unpack(&bytes, &source.name(), &mut files).map(|()| None)
            }
            InstallSource::Registry(reference) => {
                let registry = Registry::open(&self.registry)?;
                let release = registry.select(self.kind, reference)?.clone();
                // A key that isn't trusted now won't be so when the archive is unpacked.
                if TrustedKeys::read(&self.home)?.get(&release.key_id).is_none() {
                    let key_id = release.key_id.escape_debug().take(64).collect();
                    return Err(SignatureError::UnknownKey { key_id }.into());
                }
                let bytes = registry.archive(&release)?;
                unpack::unpack(&bytes, &release.archive, &mut files)?;
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
        let named =
            |error: PackageError| PackageError::new(source.name(), PackageFault::from(error).kind);
        let name = source.folder_name();
        let mut package =
            Package::read_named(self.kind, staged, &name, self.limits).map_err(named)?;
        let id = &package.id;
        if let Some(module) = &package.module {
            (self.check)(module)
                .map_err(|problem| InstallError::Module { id: id.clone(), problem })?;
        }
        if let (InstallSource::Registry(reference), Some(release)) = (source, release)
            && (reference.id != *id || Ok(&release.version) != release_version(&package).as_ref())
        {
            return Err(InstallError::OtherPackage {
                expected: format!("{} {}", reference.id, release.version),
                found: format!("{id} {}", package.version.as_deref().unwrap_or_default()),
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
            version: package.version.clone(),
            source: source.name(),
            digest: files.digest(),
            key_id: signer.map(|signer| signer.key.key_id()),
            installed_at_seconds: now.as_secs(),
        };
        let signed_by = signer.map(|signer| signer.name.clone());
        Ok(Verified { package, record, signed_by, warnings })
    }
}
