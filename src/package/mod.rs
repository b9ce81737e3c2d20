//! Plugin packages: a manifest and its module, from a folder or compiled into the program; and
//! `$WEFT_HOME`, where they are installed and approved.
//!
//! Reading a package neither runs nor validates its module; it only enforces sizes and places.
//!
//! | question | folder |
//! | --- | --- |
//! | What is in a package, and may it be that large? | `read` |
//! | Which files are packed, and which paths are refused? | `archive` |
//! | Who signed it, and is that key trusted? | `keys` |
//! | What has the operator approved, for which content? | `approval` |
//! | How does it get into its place? | `install` |
//! | What does `$WEFT_HOME` hold? | `home` |
//! | What becomes of skills that are drafted from repeated work? | `proposals` |
//! | What distinguishes plugins from skills? | `kind` |
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
//! - A registry is a folder with an `index.json`. It serves no release without a trusted signature, and can't lie in the folder that is
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
#[cfg(feature = "package")]
mod archive;
mod digest;
mod home;
#[cfg(feature = "package")]
mod install;
#[cfg(feature = "package")]
mod keys;
mod kind;
#[cfg(feature = "autonomous")]
mod proposals;
mod read;
mod uninstall;

pub use crate::contract::ParsedManifest;
pub(crate) use approval::trusted_key_ids;
pub use approval::{
    Approval, ApprovalPolicy, Approvals, ApprovedContent, NoPrompt, PackageContent, Prompt,
    StoredApproval, ask_for_permissions,
};
#[cfg(feature = "package")]
pub use archive::{PackError, is_own_archive, left_out_of_package, pack_folder};
#[cfg(feature = "package")]
pub use digest::{SIGNATURE_FILE, sha256_hex};
pub use home::{
    ConfigFile, ConfigFileError, FileSecrets, HomeError, HomeErrorKind, HomeFault, InstallRecord,
    SecretError, SecretSummary, SecretTransport, SecretValue, SkillSwitch, SkillSwitches,
    WorkspaceTrust, installed_folder, installed_ids, recover_home,
};
pub(crate) use home::{Descriptions, is_installed, program_mark, read_text};
#[cfg(feature = "package")]
pub use install::{
    Existing, InstallError, InstallSource, InstallStep, Installed, Installer, ProposedInstall,
    Registry, RegistryError, RegistryReference, Release,
};
#[cfg(feature = "package")]
pub use keys::{
    Difference, DigestList, KeyError, KeyErrorKind, KeyFault, PackageSignature, PrivateKey,
    PublicKey, SignatureError, TrustedKey, TrustedKeys,
};
pub use kind::{PackageKind, skill_approval_id};
#[cfg(feature = "autonomous")]
pub use proposals::{
    ApprovedSkill, ApprovedVersion, Decision, NewProposal, PendingProposals, Proposal,
    ProposalCheck, ProposalError, ProposalKind, ProposalState, Proposals, RecordedCall, SkillUse,
    describe_proposal,
};
#[cfg(feature = "bundled")]
pub use read::{BUNDLED, BundledPlugin};
pub(crate) use read::{
    COMPONENT_PREAMBLE, CORE_MODULE_SECTION, CORE_PREAMBLE, ModuleSource, counted_bytes, section,
    skill_code, unfilled_folders,
};
pub use read::{
    MANIFEST_NAMES, ManifestFormat, Package, PackageError, PackageErrorKind, PackageFault,
    PackageOrigin, PluginPackage, ReadLimits, discover, package_folders,
};
#[cfg(feature = "bundled")]
pub(crate) use read::{leb128_u32, push_leb128};
pub use uninstall::{has_kept, uninstall};
