//! A module that stays where it is until somebody needs it. It is known by the digest of its bytes, so
//! that nobody gets others than those that were checked.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::error::PackageErrorKind;
#[cfg(feature = "bundled")]
use super::error::PackageFault;
use super::source::{self, PackageOrigin, PluginPackage, ReadLimits};
use crate::contract::{Sha256, to_hex};

/// Where a module is, and which one it is.
#[derive(Clone)]
pub(crate) struct ModuleSource {
    digest: [u8; 32],
    place: ModulePlace,
}

#[derive(Clone)]
enum ModulePlace {
    File {
        folder: PathBuf,
        file: String,
        limits: ReadLimits,
    },
    Memory(Arc<Cow<'static, [u8]>>),
    #[cfg(feature = "bundled")]
    Bundled(&'static super::BundledPlugin),
}

impl ModuleSource {
    /// Takes the module out of a package: where it can be had again, and its bytes. What was read from a
    /// folder stays there; the rest is kept.
    pub(crate) fn take(package: &mut PluginPackage) -> (Self, Arc<Cow<'static, [u8]>>) {
        let bytes = Arc::new(std::mem::replace(&mut package.module, Cow::Borrowed(&[])));
        let digest = Sha256::of(&bytes);
        let place = match (&package.origin, package.read_by) {
            (PackageOrigin::Folder(folder), Some(limits)) => ModulePlace::File {
                folder: folder.clone(),
                file: package.manifest.wasm_module.clone(),
                limits,
            },
            _ => ModulePlace::Memory(Arc::clone(&bytes)),
        };
        (Self { digest, place }, bytes)
    }

    /// The module of a plugin that is compiled in. It is packed until it is needed, and known by that.
    #[cfg(feature = "bundled")]
    pub(crate) fn bundled(plugin: &'static super::BundledPlugin) -> Self {
        Self { digest: Sha256::of(plugin.packed()), place: ModulePlace::Bundled(plugin) }
    }

    /// Whether it comes with the program.
    pub(crate) fn is_trusted(&self) -> bool {
        #[cfg(feature = "bundled")]
        if let ModulePlace::Bundled(_) = self.place {
            return true;
        }
        false
    }

    /// The digest by which the module is known, as hex.
    pub(crate) fn digest(&self) -> String {
        to_hex(&self.digest)
    }

    /// The very bytes that are known by the digest.
    ///
    /// # Errors
    ///
    /// [`PackageErrorKind::ModuleGone`], [`PackageErrorKind::ModuleChanged`], and what else keeps a file
    /// from being read.
    pub(crate) fn read(&self) -> Result<Arc<Cow<'static, [u8]>>, PackageErrorKind> {
        let (bytes, file) = match &self.place {
            ModulePlace::Memory(bytes) => return Ok(Arc::clone(bytes)),
            ModulePlace::File { folder, file, limits } => {
                (Arc::new(Cow::Owned(read_file(folder, file, *limits)?)), file.as_str())
            }
            #[cfg(feature = "bundled")]
            ModulePlace::Bundled(plugin) => {
                let package = plugin.package().map_err(|error| PackageFault::from(error).kind)?;
                return Ok(Arc::new(package.module));
            }
        };
        if Sha256::of(&bytes) != self.digest {
            return Err(PackageErrorKind::ModuleChanged { file: file.to_owned() });
        }
        Ok(bytes)
    }
}

fn read_file(folder: &Path, file: &str, limits: ReadLimits) -> Result<Vec<u8>, PackageErrorKind> {
    let gone = || PackageErrorKind::ModuleGone { file: file.to_owned() };
    let dir = Dir::open_ambient_dir(folder, ambient_authority());
    let dir = dir.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => gone(),
        _ => source::unreadable("", &error),
    })?;
    source::module_bytes(&dir, file, limits).map_err(|kind| match kind {
        PackageErrorKind::ModuleMissing { .. } => gone(),
        kind => kind,
    })
}

impl fmt::Debug for ModuleSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ModuleSource").field(&self.digest()).finish()
    }
}
