//! One package, read within its folder and its size limits.
//!
//! Files are opened beneath the folder's handle, so that no link leads out of it, and are never
//! read further than one byte past their limit.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::error::{PackageError, PackageErrorKind};
use super::sections::without_custom_sections;
use crate::contract::{ParsedManifest, PluginManifest, is_never_given, json_line, limits};
use crate::skill::at_most;

/// The names of a manifest; the first that is there is read. Those of `clawft` are read unchanged.
pub const MANIFEST_NAMES: [&str; 6] = [
    "weft.plugin.json",
    "weft.plugin.yaml",
    "weft.plugin.yml",
    "clawft.plugin.json",
    "clawft.plugin.yaml",
    "clawft.plugin.yml",
];

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageOrigin {
    /// Compiled into the program.
    Bundled,
    /// A folder.
    Folder(PathBuf),
}

impl fmt::Display for PackageOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => formatter.write_str("bundled"),
            Self::Folder(folder) => folder.display().fmt(formatter),
        }
    }
}

/// The language of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestFormat {
    /// JSON
    Json,
    /// YAML
    Yaml,
}

impl ManifestFormat {
    /// The format that a manifest's file name stands for.
    fn of(file: &str) -> Self {
        if file.ends_with(".json") { Self::Json } else { Self::Yaml }
    }
}

/// How large a module may be. Custom sections don't count.
///
/// What is larger needs the operator's yes, up to [`limits::MODULE_APPROVED_BYTES`]; see
/// [`PluginPermissions::module_kb`](crate::PluginPermissions::module_kb).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of a module that comes without a question.
    pub module_bytes: usize,
    /// Bytes of such a module after gzip at its default level; without the feature `package`, nobody
    /// counts them.
    pub module_gzip_bytes: usize,
}

impl ReadLimits {
    /// Whether a module is small enough, as it is and after gzip: `None` where it comes without a
    /// question, and its size in KB where the operator has to say yes to it.
    ///
    /// # Errors
    ///
    /// [`PackageErrorKind::ModuleTooLarge`] and [`PackageErrorKind::ModuleTooLargeCompressed`].
    pub fn check(self, module: &[u8]) -> Result<Option<NonZeroU32>, PackageErrorKind> {
        self.check_counted(&without_custom_sections(module))
    }

    /// The limits for a module of this size, once the operator has said yes to it.
    #[must_use]
    pub fn allowing(self, module_kb: Option<NonZeroU32>) -> Self {
        let Self { module_bytes, module_gzip_bytes } = self;
        if module_kb.is_none() || module_bytes >= limits::MODULE_APPROVED_BYTES {
            return self;
        }
        let more = module_gzip_bytes as u128 * limits::MODULE_APPROVED_BYTES as u128;
        let more = more / module_bytes.max(1) as u128;
        Self {
            module_bytes: limits::MODULE_APPROVED_BYTES,
            module_gzip_bytes: usize::try_from(more).unwrap_or(usize::MAX),
        }
    }

    /// The same as [`check`](Self::check), where the custom sections have been left out.
    fn check_counted(self, module: &[u8]) -> Result<Option<NonZeroU32>, PackageErrorKind> {
        let kb = u32::try_from(module.len().div_ceil(limits::KB)).unwrap_or(u32::MAX);
        let kb = NonZeroU32::new(kb);
        let most = self.allowing(kb);
        check_size(module.len() as u64, most)?;
        let gzip_bytes = gzip_bytes(module, self);
        if gzip_bytes > most.module_gzip_bytes {
            let (bytes, limit) = (gzip_bytes as u64, most.module_gzip_bytes);
            return Err(PackageErrorKind::ModuleTooLargeCompressed { bytes, limit });
        }
        let is_asked = module.len() > self.module_bytes || gzip_bytes > self.module_gzip_bytes;
        Ok(kb.filter(|_| is_asked))
    }
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { module_bytes: limits::MODULE_BYTES, module_gzip_bytes: limits::MODULE_GZIP_BYTES }
    }
}

/// A plugin as it lies in its package: neither validated nor approved.
#[derive(Debug, Clone)]
pub struct PluginPackage {
    /// The checked manifest.
    pub manifest: PluginManifest,
    /// What the manifest's author should know.
    pub warnings: Vec<String>,
    /// The module's bytes.
    pub module: Cow<'static, [u8]>,
    /// Where it comes from.
    pub origin: PackageOrigin,
    /// By which limits its module was read from the folder it comes from; none where it was not.
    pub(in crate::package) read_by: Option<ReadLimits>,
}

impl PluginPackage {
    /// Reads the package in `folder`.
    ///
    /// # Errors
    ///
    /// [`PackageError`], with any of its kinds.
    pub fn read(folder: &Path, limits: ReadLimits) -> Result<Self, PackageError> {
        read(folder, limits).map_err(|kind| PackageError::new(folder, kind))
    }

    /// Reads a module that has no manifest as a package that asks for nothing: the code of a
    /// skill. `module` is the file's name in `folder`; `id` has to follow the rules of an id.
    ///
    /// # Errors
    ///
    /// [`PackageError`], with any of its kinds.
    pub fn read_bare_module(
        folder: &Path,
        module: &str,
        id: &str,
        version: Option<&str>,
        limits: ReadLimits,
    ) -> Result<Self, PackageError> {
        let failed = |kind| PackageError::new(folder, kind);
        let dir = Dir::open_ambient_dir(folder, ambient_authority())
            .map_err(|error| failed(unreadable("", &error)))?;
        let (bytes, module_kb) = read_module(&dir, module, limits).map_err(failed)?;
        // Skills are versioned in any way, plugins by numbers.
        let version = version.filter(|text| semver::Version::parse(text).is_ok());
        let manifest = serde_json::json!({
            "id": id, "name": id, "version": version.unwrap_or("0.0.0"),
            "capabilities": ["tool"], "wasm_module": module,
        });
        let ParsedManifest { mut manifest, warnings } =
            parse(&json_line(&manifest), ManifestFormat::Json).map_err(failed)?;
        manifest.permissions.module_kb = module_kb;
        let origin = PackageOrigin::Folder(folder.to_owned());
        Ok(Self { manifest, warnings, module: bytes.into(), origin, read_by: Some(limits) })
    }

    /// Makes a package of parts that are already in memory.
    ///
    /// # Errors
    ///
    /// [`PackageErrorKind::Manifest`], [`PackageErrorKind::ModuleTooLarge`] and
    /// [`PackageErrorKind::ModuleTooLargeCompressed`].
    pub fn read_parts(
        manifest: &str,
        format: ManifestFormat,
        module: impl Into<Cow<'static, [u8]>>,
        origin: PackageOrigin,
        limits: ReadLimits,
    ) -> Result<Self, PackageError> {
        let module = module.into();
        let parts = parse(manifest, format).and_then(|mut parsed| {
            parsed.manifest.permissions.module_kb = limits.check(&module)?;
            Ok(parsed)
        });
        match parts {
            Ok(ParsedManifest { manifest, warnings }) => {
                Ok(Self { manifest, warnings, module, origin, read_by: None })
            }
            Err(kind) => Err(PackageError::new(origin.to_string(), kind)),
        }
    }
}

fn read(folder: &Path, limits: ReadLimits) -> Result<PluginPackage, PackageErrorKind> {
    let dir = Dir::open_ambient_dir(folder, ambient_authority())
        .map_err(|error| unreadable("", &error))?;
    let (file, text) = read_manifest(&dir)?;
    let ParsedManifest { mut manifest, warnings } = parse(&text, ManifestFormat::of(file))?;
    let (module, module_kb) = read_module(&dir, &manifest.wasm_module, limits)?;
    manifest.permissions.module_kb = module_kb;
    let origin = PackageOrigin::Folder(folder.to_owned());
    Ok(PluginPackage { manifest, warnings, module: module.into(), origin, read_by: Some(limits) })
}

/// The manifest in `folder`, whatever its module is like.
pub(in crate::package) fn manifest(folder: &Path) -> Result<PluginManifest, PackageErrorKind> {
    let dir = Dir::open_ambient_dir(folder, ambient_authority())
        .map_err(|error| unreadable("", &error))?;
    let (file, text) = read_manifest(&dir)?;
    parse(&text, ManifestFormat::of(file)).map(|parsed| parsed.manifest)
}

pub(in crate::package) fn parse(
    text: &str,
    format: ManifestFormat,
) -> Result<ParsedManifest, PackageErrorKind> {
    match format {
        ManifestFormat::Json => PluginManifest::from_json(text),
        ManifestFormat::Yaml => PluginManifest::from_yaml(text),
    }
    .map(|mut parsed| {
        let names = parsed.manifest.permissions.env_vars.iter().filter(|name| is_never_given(name));
        let warnings =
            names.map(|name| format!("`{name}` is given to no plugin, and not asked for"));
        parsed.warnings.extend(warnings);
        parsed
    })
    .map_err(PackageErrorKind::Manifest)
}

/// The first manifest there is: its name and its text.
fn read_manifest(dir: &Dir) -> Result<(&'static str, String), PackageErrorKind> {
    for file in MANIFEST_NAMES {
        let content = match read_bounded(dir, file, limits::MANIFEST_BYTES) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(refused(file, &error)),
        };
        if content.bytes.len() > limits::MANIFEST_BYTES {
            let limit = limits::MANIFEST_BYTES;
            return Err(PackageErrorKind::ManifestTooLarge { file: file.to_owned(), limit });
        }
        return match String::from_utf8(content.bytes) {
            // With zeros it is UTF-16, most of all.
            Ok(text) if !text.contains('\0') => Ok((file, text)),
            _ => {
                let problem = "it is not UTF-8 text".to_owned();
                Err(PackageErrorKind::Unreadable { file: file.to_owned(), problem })
            }
        };
    }
    Err(PackageErrorKind::NoManifest { looked_for: &MANIFEST_NAMES })
}

/// The module in a file, and its size where the operator has to say yes to that. What is large is
/// kept without its custom sections.
fn read_module(
    dir: &Dir,
    file: &str,
    limits: ReadLimits,
) -> Result<(Vec<u8>, Option<NonZeroU32>), PackageErrorKind> {
    let module = module_bytes(dir, file, limits)?;
    let module_kb = limits.check_counted(&module)?;
    Ok((module, module_kb))
}

/// The same without a look at the size after gzip.
pub(in crate::package) fn module_bytes(
    dir: &Dir,
    file: &str,
    limits: ReadLimits,
) -> Result<Vec<u8>, PackageErrorKind> {
    // With custom sections, the file may be as large as a whole package.
    let most = limits.allowing(Some(NonZeroU32::MIN));
    let file_bytes = most.module_bytes.max(limits::PACKAGE_BYTES as usize);
    let content = read_bounded(dir, file, file_bytes).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            PackageErrorKind::ModuleMissing { file: file.to_owned() }
        } else {
            refused(file, &error)
        }
    })?;
    let mut module = content.bytes;
    if module.len() > file_bytes {
        // A file that grew while it was read is as large as what came of it.
        check_size(content.length.max(module.len() as u64), most)?;
    }
    if module.len() > limits.module_bytes.min(limits.module_gzip_bytes)
        && let Cow::Owned(counted) = without_custom_sections(&module)
    {
        module = counted;
    }
    Ok(module)
}

fn check_size(bytes: u64, limits: ReadLimits) -> Result<(), PackageErrorKind> {
    let limit = limits.module_bytes;
    if bytes > limit as u64 {
        return Err(PackageErrorKind::ModuleTooLarge { bytes, limit });
    }
    Ok(())
}

/// Bytes of a module after gzip; zero where that is surely within the limits.
#[cfg(feature = "package")]
fn gzip_bytes(module: &[u8], limits: ReadLimits) -> usize {
    match super::compressed::is_surely_within(module, limits.module_gzip_bytes) {
        true => 0,
        false => super::compressed::gzip_bytes(module),
    }
}

#[cfg(not(feature = "package"))]
fn gzip_bytes(_module: &[u8], _limits: ReadLimits) -> usize {
    0
}

/// The beginning of a file, and how long the whole of it is.
pub(in crate::package) struct FileStart {
    length: u64,
    pub(in crate::package) bytes: Vec<u8>,
}

/// Reads one byte more than `limit` at most, so that the caller sees that the file is too large.
pub(in crate::package) fn read_bounded(
    dir: &Dir,
    file: &str,
    limit: usize,
) -> io::Result<FileStart> {
    let mut options = OpenOptions::new();
    // Opening a pipe would wait for its writer otherwise.
    options.read(true).nonblock(true);
    let mut opened = dir.open_with(file, &options)?;
    let metadata = opened.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let length = metadata.len();
    // One byte more, so that the end is found without growing.
    let expected = usize::try_from(length).unwrap_or(limit).min(limit).saturating_add(1);
    let mut bytes = Vec::with_capacity(expected);
    at_most(&mut opened, (limit as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(FileStart { length, bytes })
}

/// The kind of an error that opening a file beneath the folder gave.
pub(in crate::package) fn refused(file: &str, error: &io::Error) -> PackageErrorKind {
    // Containment refuses with an error of its own; a lack of permission has the system's number.
    if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        return PackageErrorKind::Outside { file: file.to_owned() };
    }
    unreadable(file, error)
}

pub(in crate::package) fn unreadable(file: &str, error: &io::Error) -> PackageErrorKind {
    PackageErrorKind::Unreadable { file: file.to_owned(), problem: error.to_string() }
}
