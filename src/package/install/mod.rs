//! Installing a package: `installer` stages and verifies it, `proposal` asks for its permissions and renames it
//! into place. `staging` decides which files may be written, `registry` finds releases, and `error` says why an
//! install was refused.

mod error;
mod installer;
mod proposal;
mod registry;
mod staging;

pub use error::{InstallError, RegistryError};
pub use installer::{Existing, InstallSource, InstallStep, Installer};
pub use proposal::{Installed, ProposedInstall};
pub use registry::{Registry, RegistryReference, Release};
pub(super) use staging::StagedPackage;
