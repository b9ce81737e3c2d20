//! Installing a package: `installer` stages and verifies it, `proposal` asks for its permissions and renames it
//! into place. `staging` decides which files may be written, `unpack` reads archives (`.zip` by `zip`), `registry` finds releases, and `error` says why an
//! install was refused.

mod error;
mod installer;
mod proposal;
mod registry;
mod staging;
mod unpack;
mod zip;

pub use error::{InstallError, RegistryError};
pub use installer::{Existing, InstallSource, Installer};
pub use proposal::{InstallStep, Installed, ProposedInstall};
pub use registry::{Registry, RegistryReference, Release};
