//! Plugin packages: a manifest and its module, from a folder or compiled into the program; and
//! `$WEFT_HOME`, where they are installed and approved.
//!
//! Reading a package neither runs nor validates its module; it only enforces sizes and places.
//!
//! # What is in a package
//!
//! - A package may be installed from the folder it is built in. Histories, builds and caches (`.git`, `target`, `node_modules`, a folder
//!   with `CACHEDIR.TAG`), archives and what macOS leaves are left out, except for files that the manifest names.
//! - Archives are `.tar.gz` or `.zip`, with or without a folder around the package. Links are refused.
//! - Scripts stay executable, for agents with a shell of their own. The host runs nothing but the module.
//! - Digests and signatures cover the names and contents of files, and not whether they are executable.
//!
//! # Approval
//!
//! An approval binds to content: the digest of every file, the version and the signer. A newer version of the same signer
//! keeps it. So does a newer version of an unsigned package that the user installs. Anything else is
//! pending, with the reason: changed files, an unsigned package in place of a signed one, another signer, an older version.
//!
//! Variables such as `HOME`, and paths whose beginning stands for no folder, can't be approved.
//!
//! # Signatures and registries
//!
//! - Ed25519 over the digest of every file, checked at each load. Weak keys are refused.
//! - A registry is a folder with an `index.json`. It gives nothing without a trusted signature, and can't lie in the folder that is
//!   packed into it.
//! - A package that changed after it was signed can't be packed until it is signed again.
//! - A withdrawn release stays where it is installed.
//!
//! # Loading
//!
//! When a plugin is loaded, its module is checked and describes its tools; then only its digest is kept. The first call reads
//! the file again, compares the digest and translates the code. The code stays until the plugin is idle for
//! `instances.idle_seconds` or `limits.memory_budget_mb` needs the room. A file that changed since then does not run.
//! Descriptions are kept in `$WEFT_HOME/descriptions`, so that a known module is not even compiled at the next start.

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

pub use crate::contract::ParsedManifest;
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
