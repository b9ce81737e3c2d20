//! The plugins compiled into the program: one table, with one line for each.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::error::{PackageError, PackageFault};
use super::source::{self, ManifestFormat, PackageOrigin, PluginPackage, ReadLimits};
use crate::contract::PluginManifest;

/// A folder of `skills/`, compiled in.
#[derive(Debug, Clone, Copy)]
pub struct BundledPlugin {
    /// The folder's name.
    pub name: &'static str,
    /// Its `SKILL.md`.
    pub skill: &'static str,
    manifest: &'static str,
    /// As the build compressed it.
    module: &'static [u8],
}

impl BundledPlugin {
    /// What the plugin says of itself; its module stays packed.
    ///
    /// # Errors
    ///
    /// [`PackageError`] if the program was built with a faulty manifest.
    pub fn manifest(&self) -> Result<PluginManifest, PackageError> {
        source::parse(self.manifest, ManifestFormat::Json)
            .map(|parsed| parsed.manifest)
            .map_err(|kind| PackageError::new(self.name, kind))
    }

    /// Its module as the build compressed it.
    pub(super) fn packed(&self) -> &'static [u8] {
        self.module
    }

    /// The plugin as a package, with its module unpacked.
    ///
    /// # Errors
    ///
    /// [`PackageError`] if the program was built with a faulty manifest or a module over the limit.
    pub fn package(&self) -> Result<PluginPackage, PackageError> {
        let mut module = Vec::new();
        let failed = |kind| PackageError::new(self.name, kind);
        DeflateDecoder::new(self.module)
            .read_to_end(&mut module)
            .map_err(|error| failed(source::unreadable("plugin.wasm", &error)))?;
        module.shrink_to_fit();
        PluginPackage::read_parts(
            self.manifest,
            ManifestFormat::Json,
            module,
            PackageOrigin::Bundled,
            ReadLimits::default(),
        )
        .map_err(|error| failed(PackageFault::from(error).kind))
    }
}

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        &[$(BundledPlugin {
            name: $name,
            skill: include_str!(concat!("../../../skills/", $name, "/SKILL.md")),
            manifest: include_str!(concat!("../../../skills/", $name, "/weft.plugin.json")),
            module: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".deflate")),
        }),*]
    };
}

/// Every plugin compiled in, in the order of their names.
pub const BUNDLED: &[BundledPlugin] =
    bundled!["device-health", "json-query", "memory", "mind", "text-stats",];
