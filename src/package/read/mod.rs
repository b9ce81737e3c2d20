//! Reading a package: its manifest and its module, from a folder or compiled into the program.
//!
//! `discover` decides which folders are packages. `source` reads one plugin's manifest and module within
//! [`ReadLimits`]; `contents` does it for a package of either kind. `sections` and `compressed` measure a
//! module. `module_source` reads the module again for a call and compares its digest. `bundled`
//! is the table of compiled-in plugins.

#[cfg(feature = "bundled")]
mod bundled;
#[cfg(feature = "package")]
mod compressed;
pub(super) mod contents;
mod discover;
mod error;
mod module_source;
mod sections;
pub(super) mod source;

#[cfg(feature = "bundled")]
pub use bundled::{BUNDLED, BundledPlugin};
pub use contents::Package;
pub(crate) use contents::skill_code;
pub(crate) use discover::unfilled_folders;
pub use discover::{discover, package_folders};
pub use error::{PackageError, PackageErrorKind, PackageFault};
pub(crate) use module_source::ModuleSource;
pub(crate) use sections::{
    COMPONENT_PREAMBLE, CORE_MODULE_SECTION, CORE_PREAMBLE, counted_bytes, section,
};
#[cfg(feature = "bundled")]
pub(crate) use sections::{leb128_u32, push_leb128};
pub use source::{MANIFEST_NAMES, ManifestFormat, PackageOrigin, PluginPackage, ReadLimits};
