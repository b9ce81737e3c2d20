//! The content of a package of either kind, for installing, packing and approving
//! it.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::error::{PackageError, PackageErrorKind, PackageFault};
use super::source::{self, MANIFEST_NAMES, PluginPackage, ReadLimits};
use crate::contract::{PluginPermissions, PluginResourceConfig, sort_by};
use crate::package::kind::PackageKind;
use crate::skill::{ParseMode, SKILL_BYTES, SKILL_FILES, Severity, parse_skill};
#[cfg(feature = "package")]
use crate::skill::{SkillFolder, SkillReader, SkillRoot};

/// The names of a skill's module where there is no manifest to say it: ours, and clawft's.
const MODULES: [&str; 2] = ["plugin.wasm", "module.wasm"];

/// A plugin or a skill as it lies in its folder: neither validated nor approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// What it was read as.
    pub kind: PackageKind,
    /// The plugin's id, or the name under which the skill is loaded.
    pub id: String,
    /// As it was written. Plugins have one, by the rules of semantic versioning; of a skill it may
    /// be any text.
    pub version: Option<String>,
    /// What it asks for. A skill whose `allowed-tools` reach a shell asks for the shell.
    pub permissions: PluginPermissions,
    /// Those tools.
    pub shell_tools: Vec<String>,
    /// How much its code may use.
    pub resources: PluginResourceConfig,
    /// What its author should know.
    pub warnings: Vec<String>,
    /// The module's bytes; a skill may be without one.
    pub module: Option<Cow<'static, [u8]>>,
}

impl Package {
    /// Reads the package in `folder`.
    ///
    /// # Errors
    ///
    /// [`PackageError`], with any of its kinds.
    pub fn read(
        kind: PackageKind,
        folder: &Path,
        limits: ReadLimits,
    ) -> Result<Self, PackageError> {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        Self::read_named(kind, folder, &name, limits)
    }

    /// The same, where `folder` is not called as the package's own is: `name` stands in for it.
    pub(in crate::package) fn read_named(
        kind: PackageKind,
        folder: &Path,
        name: &str,
        limits: ReadLimits,
    ) -> Result<Self, PackageError> {
        match kind {
            PackageKind::Plugin => Self::plugin(folder, limits),
            PackageKind::Skill => Self::skill(folder, name, limits),
        }
    }

    fn plugin(folder: &Path, limits: ReadLimits) -> Result<Self, PackageError> {
        let package = PluginPackage::read(folder, limits).map_err(|error| {
            let PackageFault { path, kind } = error.into();
            let no_manifest = matches!(kind, PackageErrorKind::NoManifest { .. });
            let kind = match no_manifest && has_any(folder, &SKILL_FILES) {
                true => PackageErrorKind::OtherKind { wanted: PackageKind::Plugin },
                false => kind,
            };
            PackageError::new(path, kind)
        })?;
        let PluginPackage { manifest, warnings, module, .. } = package;
        Ok(Self {
            kind: PackageKind::Plugin,
            id: manifest.id,
            version: Some(manifest.version.to_string()),
            permissions: manifest.permissions,
            resources: manifest.resources,
            shell_tools: Vec::new(),
            warnings,
            module: Some(module),
        })
    }

    fn skill(folder: &Path, name: &str, limits: ReadLimits) -> Result<Self, PackageError> {
        let failed = |kind| PackageError::new(folder, kind);
        let bytes = skill_file(folder).map_err(failed)?;
        let parsed = parse_skill(&bytes, name, ParseMode::Lenient);
        let Some(document) = parsed.document else {
            return Err(failed(PackageErrorKind::Skill { diagnostics: parsed.diagnostics }));
        };
        let worth_saying = parsed.diagnostics.iter().filter(|it| it.severity > Severity::Note);
        let mut warnings: Vec<String> = worth_saying
            .map(|it| format!("SKILL.md:{}:{}: {}", it.line, it.column, it.message))
            .collect();
        let (name, version) = (&document.name, document.version.as_deref());
        let has = |file: &str| has_any(folder, &[file]);
        let code = skill_code(folder, has, name, version, limits).transpose()?;
        let mut permissions = PluginPermissions::default();
        let mut resources = PluginResourceConfig::default();
        let mut module = None;
        if let Some(code) = code {
            let id = code.manifest.id;
            if !fits(&id, name) {
                return Err(failed(PackageErrorKind::OtherId { id, name: name.clone() }));
            }
            permissions = code.manifest.permissions;
            resources = code.manifest.resources;
            warnings.extend(code.warnings);
            module = Some(code.module);
        }
        let shell_tools: Vec<String> =
            document.shell_tools().into_iter().map(str::to_owned).collect();
        permissions.shell |= !shell_tools.is_empty();
        Ok(Self {
            kind: PackageKind::Skill,
            id: document.name,
            version: document.version,
            permissions,
            resources,
            shell_tools,
            warnings,
            module,
        })
    }
}

/// The code of the skill in `folder`, if there is any: with the manifest's permissions, or without
/// a manifest with none. `has` returns whether a file of this name is there.
///
/// The manifest's own id is in it, which need not be the skill's name.
pub(crate) fn skill_code(
    folder: &Path,
    has: impl Fn(&str) -> bool,
    name: &str,
    version: Option<&str>,
    limits: ReadLimits,
) -> Option<Result<PluginPackage, PackageError>> {
    if MANIFEST_NAMES.into_iter().any(&has) {
        return Some(PluginPackage::read(folder, limits));
    }
    let module = MODULES.into_iter().find(|module| has(module))?;
    Some(PluginPackage::read_bare_module(folder, module, name, version, limits))
}

/// Whether a plugin of this id is compiled in.
#[cfg(feature = "package")]
pub(in crate::package) fn is_bundled(id: &str) -> bool {
    #[cfg(feature = "bundled")]
    let is_bundled = super::bundled::BUNDLED.iter().any(|plugin| plugin.name == id);
    #[cfg(not(feature = "bundled"))]
    let (is_bundled, _) = (false, id);
    is_bundled
}

/// The names of the skills that the plugin in `folder` brings: its own, and those in the folders that
/// its manifest names.
#[cfg(feature = "package")]
pub(in crate::package) fn shipped_skills(folder: &Path) -> Vec<String> {
    let named = source::manifest(folder).map(|manifest| manifest.skills).unwrap_or_default();
    let beneath = named.iter().filter_map(|path| SkillRoot::open(&folder.join(path)));
    let mut names = Vec::new();
    let mut read = |root: &SkillRoot, found: SkillFolder| {
        let (Ok(reader), Ok(files)) = (SkillReader::open(root), found.content) else { return };
        let name = found.path.file_name().or_else(|| root.real.file_name());
        let name = name.unwrap_or_default().to_string_lossy();
        let parsed = reader.read(&files.place.join(files.file), &name);
        names.extend(parsed.document.map(|document| document.name));
    };
    if let Some(root) = SkillRoot::open(folder)
        && let Some(own) = root.look(folder)
    {
        read(&root, own);
    }
    for root in beneath {
        for found in root.walk() {
            read(&root, found);
        }
    }
    names
}

/// Whether a manifest's id is that of the skill: its name, or one by the rules of domains that ends
/// with it.
fn fits(id: &str, name: &str) -> bool {
    id.rsplit('.').next() == Some(name)
}

/// The first of a skill's files that is there.
fn skill_file(folder: &Path) -> Result<Vec<u8>, PackageErrorKind> {
    let dir = Dir::open_ambient_dir(folder, ambient_authority())
        .map_err(|error| source::unreadable("", &error))?;
    for file in SKILL_FILES {
        match source::read_bounded(&dir, file, SKILL_BYTES) {
            Ok(content) => return Ok(content.bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(source::refused(file, &error)),
        }
    }
    if has_any(folder, &MANIFEST_NAMES) {
        return Err(PackageErrorKind::OtherKind { wanted: PackageKind::Skill });
    }
    Err(PackageErrorKind::NoSkillFile { beneath: beneath(&dir) })
}

/// A folder with a skill directly inside a package that is none itself: archives are often made of
/// the folder and not of what is in it.
fn beneath(dir: &Dir) -> Option<String> {
    let entries = dir.entries().ok()?.flatten();
    let mut folders: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    sort_by(&mut folders, Ord::cmp);
    let is_skill = |name: &String| {
        SKILL_FILES.iter().any(|file| dir.symlink_metadata(Path::new(name).join(file)).is_ok())
    };
    folders.into_iter().find(is_skill)
}

/// Whether anything in a folder has one of these names, a broken link included: reading it tells
/// what is wrong.
fn has_any(folder: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| folder.join(name).symlink_metadata().is_ok())
}
