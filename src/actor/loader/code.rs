//! What is known of a package with a module: its manifest, and whether its content is another one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use super::skills::KnownSkill;
use crate::contract::PluginManifest;
use crate::package::{PackageError, PackageErrorKind, PluginPackage, ReadLimits, skill_code};

/// A package as it was read last.
pub(super) struct Code {
    pub(super) content: Result<Content, PackageError>,
    /// The module's path, as far as it is known.
    module: Option<String>,
    /// The package itself, until it is either put into service or known to be none for it.
    pub(super) package: Option<PluginPackage>,
}

/// What tells one content of a package from another.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) manifest: PluginManifest,
    /// Of the manifest's meaning and the module's bytes.
    pub(super) digest: u64,
}

impl Code {
    /// The package in a plugin's folder.
    pub(super) fn of_plugin(folder: &Path, before: Option<Self>, limits: ReadLimits) -> Self {
        Self::after(before, PluginPackage::read(folder, limits))
    }

    /// The code in a skill's folder, in which these files are: with the manifest's permissions, or
    /// without a manifest with none. Its id is the skill's name.
    pub(super) fn of_skill(
        folder: &Path,
        files: &[String],
        skill: &KnownSkill,
        before: Option<Self>,
        limits: ReadLimits,
    ) -> Option<Self> {
        let has = |name: &str| files.iter().any(|file| file == name);
        let version = skill.document().and_then(|document| document.version.as_deref());
        let package = skill_code(folder, has, skill.name(), version, limits)?;
        let package = package.map(|mut package| {
            if *package.manifest.id != **skill.name() {
                let id = &package.manifest.id;
                package.warnings.push(format!(
                    "the manifest's id `{id}` is not the skill's name, which is used"
                ));
                package.manifest.id = skill.name().to_string();
            }
            package
        });
        Some(Self::after(before, package))
    }

    /// What was read, or what was known before where that is the same.
    fn after(before: Option<Self>, read: Result<PluginPackage, PackageError>) -> Self {
        match read {
            Ok(package) => {
                let content = Content::of(&package);
                match before {
                    Some(before) if before.is(&content) => before,
                    _ => Self {
                        module: Some(package.manifest.wasm_module.clone()),
                        content: Ok(content),
                        package: Some(package),
                    },
                }
            }
            Err(error) => {
                let module = match &error.kind {
                    PackageErrorKind::ModuleMissing { file } => Some(file.clone()),
                    _ => before.and_then(|before| before.module),
                };
                Self { content: Err(error), module, package: None }
            }
        }
    }

    fn is(&self, content: &Content) -> bool {
        self.content.as_ref().is_ok_and(|known| known.digest == content.digest)
    }

    /// The module's path inside the folder, as far as it is known.
    pub(super) fn module_path(&self) -> Option<&str> {
        self.module.as_deref()
    }
}

impl Content {
    fn of(package: &PluginPackage) -> Self {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(&package.manifest).unwrap_or_default().hash(&mut hasher);
        package.warnings.hash(&mut hasher);
        package.module.hash(&mut hasher);
        Self { manifest: package.manifest.clone(), digest: hasher.finish() }
    }
}
