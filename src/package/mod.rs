//! Plugin packages: a manifest and its module, from a folder or compiled into the program.
//!
//! Reading a package neither runs nor validates its module; it only keeps to sizes and places.

#[cfg(feature = "bundled")]
mod bundled;
mod discover;
mod error;
mod source;

#[cfg(feature = "bundled")]
pub use bundled::{BUNDLED, BundledPlugin};
pub use discover::discover;
pub use error::{PackageError, PackageErrorKind};
pub use source::{MANIFEST_NAMES, ManifestFormat, PackageOrigin, PluginPackage, ReadLimits};
