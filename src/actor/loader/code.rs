//! A package with a module as it was read last, and the digest by which a change is noticed.
//!
//! It keeps no bytes of the module. They are read again when the package is fetched, and compared
//! with the digest that was taken here.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use serde_json::{Map, Value};

use crate::actor::prepare::{PackageHead, SettingsAccess};
use crate::contract::PluginManifest;
use crate::package::{
    ModuleSource, PackageError, PackageErrorKind, PackageOrigin, PluginPackage, ReadLimits,
    skill_code,
};

/// A package as it was read last. If it can't be read now, the error takes the place of its
/// content, and the plan decides what that means for the version in service.
pub(super) struct Code {
    pub(super) content: Result<Content, PackageError>,
    /// The module's path, as far as it is known. It is kept after a failed read, so that the module
    /// is watched and its return is noticed.
    module: Option<String>,
    /// The source of the module, and warnings for the manifest's author.
    found: Option<(ModuleSource, Vec<String>)>,
}

/// One version of a package's content.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) manifest: PluginManifest,
    /// It only tells changes apart within one process. Approvals compare SHA-256 digests.
    pub(super) digest: ContentDigest,
}

/// What tells two versions of a package apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ContentDigest {
    /// Of the manifest, the warnings and the module.
    pub(super) files: u64,
    /// Of the operator's settings; 0 without any.
    pub(super) settings: u64,
}

impl Code {
    /// The package in a plugin's folder.
    pub(super) fn of_plugin(folder: &Path, before: Option<Self>, limits: ReadLimits) -> Self {
        Self::after(before, PluginPackage::read(folder, limits))
    }

    /// The code of a skill, whose name is the package's id. `files` are the files in the skill's folder. Without
    /// a manifest the code has no permissions.
    pub(super) fn of_skill(
        folder: &Path,
        files: &[String],
        skill: &str,
        version: Option<&str>,
        before: Option<Self>,
        limits: ReadLimits,
    ) -> Option<Self> {
        let has = |name: &str| files.iter().any(|file| file == name);
        let package = skill_code(folder, has, skill, version, limits)?;
        let package = package.map(|mut package| {
            if package.manifest.id != skill {
                let id = &package.manifest.id;
                package.warnings.push(format!(
                    "the manifest's id `{id}` is not the skill's name, which is used"
                ));
                package.manifest.id = skill.to_owned();
            }
            package
        });
        Some(Self::after(before, package))
    }

    /// The package as it was read, or the known one if the content is the same.
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

    /// Whether this is the same content.
    fn is(&self, content: &Content) -> bool {
        self.content.as_ref().is_ok_and(|known| known.digest == content.digest)
    }

    /// The package in this folder, if it can be read.
    pub(super) fn package(&self, folder: &Path) -> Option<PackageHead> {
        let (module, warnings) = self.found.clone()?;
        let manifest = self.content.as_ref().ok()?.manifest.clone();
        let origin = PackageOrigin::Folder(folder.to_owned());
        let settings = SettingsAccess::Operator;
        Some(PackageHead { manifest, warnings, origin, module, settings })
    }

    /// The module's path inside the folder, if it is known.
    pub(super) fn module_path(&self) -> Option<&str> {
        self.module.as_deref()
    }
}

impl Content {
    /// Digests a package. Warnings count too, because the registry shows them.
    fn of(package: &PackageHead) -> Self {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(&package.manifest).unwrap_or_default().hash(&mut hasher);
        package.warnings.hash(&mut hasher);
        package.module.digest().hash(&mut hasher);
        let digest = ContentDigest { files: hasher.finish(), settings: 0 };
        Self { manifest: package.manifest.clone(), digest }
    }

    /// Has the digest depend on the plugin's settings too.
    pub(super) fn mix_in(&mut self, settings: &Map<String, Value>) {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(settings).unwrap_or_default().hash(&mut hasher);
        self.digest.settings = hasher.finish();
    }
}
