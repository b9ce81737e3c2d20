//! Plugin packages: a manifest and its module, from a folder or compiled into the program; and
//! `$WEFT_HOME`, where they are installed and approved.
//!
//! Reading a package neither runs nor validates its module; it only keeps to sizes and places.

mod approval;
mod approvals;
#[cfg(feature = "package")]
mod archive;
#[cfg(feature = "bundled")]
mod bundled;
#[cfg(feature = "package")]
mod compressed;
mod consent;
mod content;
mod contents;
mod descriptions;
#[cfg(feature = "package")]
mod digest;
mod discover;
#[cfg(feature = "package")]
mod ed25519;
mod error;
#[cfg(feature = "package")]
mod files;
mod home;
#[cfg(feature = "package")]
mod install;
#[cfg(feature = "package")]
mod install_error;
#[cfg(feature = "package")]
mod keys;
mod kind;
mod module_source;
#[cfg(feature = "package")]
mod paths;
#[cfg(feature = "package")]
mod proposal;
mod record;
#[cfg(feature = "package")]
mod registry;
mod secrets;
mod sections;
#[cfg(feature = "package")]
mod signature;
mod source;
#[cfg(feature = "package")]
mod staging;
mod switches;
mod trust;
#[cfg(feature = "package")]
mod zip;

pub use approval::{Approval, ApprovalPolicy, StoredApproval};
pub use approvals::Approvals;
#[cfg(feature = "package")]
pub use archive::pack_folder;
#[cfg(feature = "bundled")]
pub use bundled::{BUNDLED, BundledPlugin};
pub use consent::{NoPrompt, Prompt, ask_for_permissions};
pub use content::{ApprovedContent, PackageContent};
pub(crate) use content::{is_installed, trusted_key_ids};
pub use contents::Package;
pub(crate) use contents::skill_code;
pub(crate) use descriptions::{Descriptions, program_mark};
#[cfg(feature = "package")]
pub use digest::{Difference, DigestList, sha256_hex};
pub(crate) use discover::unfilled_folders;
pub use discover::{discover, package_folders};
pub use error::{PackageError, PackageErrorKind, PackageFault};
#[cfg(feature = "package")]
pub use files::{is_own_archive, left_out_of_package};
pub(crate) use home::read as read_text;
pub use home::{
    HomeError, HomeErrorKind, HomeFault, installed_folder, installed_ids, recover_home, uninstall,
};
#[cfg(feature = "package")]
pub use install::{Existing, InstallSource, InstallStep, Installer};
#[cfg(feature = "package")]
pub use install_error::{InstallError, RegistryError};
#[cfg(feature = "package")]
pub use keys::{KeyError, KeyErrorKind, KeyFault, PrivateKey, PublicKey, TrustedKey, TrustedKeys};
pub use kind::{PackageKind, skill_approval_id};
pub(crate) use module_source::ModuleSource;
#[cfg(feature = "package")]
pub use proposal::{Installed, ProposedInstall};
pub use record::InstallRecord;
#[cfg(feature = "package")]
pub use registry::{Registry, RegistryReference, Release};
pub use secrets::{FileSecrets, SecretError, SecretSummary, SecretTransport, SecretValue};
pub(crate) use sections::{
    COMPONENT_PREAMBLE, CORE_MODULE_SECTION, CORE_PREAMBLE, counted_bytes, section,
};
#[cfg(feature = "package")]
pub use signature::{PackageSignature, SIGNATURE_FILE, SignatureError};
pub use source::{MANIFEST_NAMES, ManifestFormat, PackageOrigin, PluginPackage, ReadLimits};
pub use switches::{SkillSwitch, SkillSwitches};
pub use trust::WorkspaceTrust;
