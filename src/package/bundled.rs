//! The plugins compiled into the program: one table, with one line for each.

use super::error::PackageError;
use super::source::{ManifestFormat, PackageOrigin, PluginPackage, ReadLimits};

/// A folder of `skills/`, compiled in.
#[derive(Debug, Clone, Copy)]
pub struct BundledPlugin {
    /// The folder's name.
    pub name: &'static str,
    /// Its `SKILL.md`.
    pub skill: &'static str,
    manifest: &'static str,
    module: &'static [u8],
}

impl BundledPlugin {
    /// The plugin as a package.
    ///
    /// # Errors
    ///
    /// [`PackageError`] if the program was built with a faulty manifest or a module over the limit.
    pub fn package(&self) -> Result<PluginPackage, PackageError> {
        let limits = ReadLimits::default();
        PluginPackage::read_parts(
            self.manifest,
            ManifestFormat::Json,
            self.module,
            PackageOrigin::Bundled,
            limits,
        )
        .map_err(|error| PackageError { path: self.name.into(), ..error })
    }
}

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        &[$(BundledPlugin {
            name: $name,
            skill: include_str!(concat!("../../skills/", $name, "/SKILL.md")),
            manifest: include_str!(concat!("../../skills/", $name, "/weft.plugin.json")),
            module: include_bytes!(concat!("../../skills/", $name, "/plugin.wasm")),
        }),*]
    };
}

/// Every plugin compiled in, in the order of their names.
pub const BUNDLED: &[BundledPlugin] = bundled!["device-health", "json-query", "text-stats",];
