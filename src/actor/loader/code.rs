//! What is known of a package with a module: its manifest, and whether its content is another one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use super::skills::KnownSkill;
use crate::actor::prepare::PackageHead;
use crate::contract::PluginManifest;
use crate::package::{
    ModuleSource, PackageError, PackageErrorKind, PackageOrigin, PluginPackage, ReadLimits,
    skill_code,
};

/// A package as it was read last.
pub(super) struct Code {
    pub(super) content: Result<Content, PackageError>,
    /// The module's path, as far as it is known.
    module: Option<String>,
    /// Where the module can be had again, and what the manifest's author should know.
    found: Option<(ModuleSource, Vec<String>)>,
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
                let (head, _) = PackageHead::of(package);
                let content = Content::of(&head);
                match before {
                    Some(before) if before.is(&content) => before,
                    _ => Self {
                        module: Some(head.manifest.wasm_module),
                        content: Ok(content),
                        found: Some((head.module, head.warnings)),
                    },
                }
            }
            Err(error) => {
                let module = match &error.kind {
                    PackageErrorKind::ModuleMissing { file } => Some(file.clone()),
                    _ => before.and_then(|before| before.module),
                };
                Self { content: Err(error), module, found: None }
            }
        }
    }

    fn is(&self, content: &Content) -> bool {
        self.content.as_ref().is_ok_and(|known| known.digest == content.digest)
    }

    /// The package in this folder, if it can be read.
    pub(super) fn package(&self, folder: &Path) -> Option<PackageHead> {
        let (module, warnings) = self.found.clone()?;
        let manifest = self.content.as_ref().ok()?.manifest.clone();
        let origin = PackageOrigin::Folder(folder.to_owned());
        Some(PackageHead { manifest, warnings, origin, module })
    }

    /// The module's path inside the folder, as far as it is known.
    pub(super) fn module_path(&self) -> Option<&str> {
        self.module.as_deref()
    }
}

impl Content {
    fn of(package: &PackageHead) -> Self {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(&package.manifest).unwrap_or_default().hash(&mut hasher);
        package.warnings.hash(&mut hasher);
        package.module.digest().hash(&mut hasher);
        Self { manifest: package.manifest.clone(), digest: hasher.finish() }
    }
}
