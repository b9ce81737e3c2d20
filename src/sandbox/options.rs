//! What the operator provides, and no manifest can change.

use std::path::PathBuf;
use std::sync::Arc;

use super::audit::{AuditLog, DiscardAudit};
use super::environment::Environment;
use super::filesystem::Authority;
#[cfg(feature = "net")]
use super::network::NetworkOptions;
use crate::contract::{NoSecrets, SecretSource, SortedMap, limits};
use crate::task::{Clock, SystemClock};

/// Who a sandbox is for, as logs and the audit log name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginIdentity {
    /// The manifest's `id`.
    pub id: String,
    /// The manifest's `version`.
    pub version: String,
}

/// What the operator provides to every sandbox.
#[derive(Clone)]
pub struct SandboxOptions {
    /// `$WORKSPACE` in grants.
    pub workspace: PathBuf,
    /// `~` in grants; grants that use it stay closed where it is none.
    pub home: Option<PathBuf>,
    /// weft-lite's own folder, with secrets, approvals and keys in it: no grant opens it, but for a
    /// plugin's own folder there (`$PLUGIN_DIR`).
    pub weft_home: Option<PathBuf>,
    /// What no grant opens either, whether it is there yet or not: folders that plugins and skills are
    /// loaded from, files of settings and prompts. A host's loader adds what comes to be one later.
    pub authority: Authority,
    /// Bytes that each plugin may keep in its own data folder (`$PLUGIN_DATA`). Each file counts as what
    /// it takes on a disk, 4 KB at least.
    pub plugin_data_bytes: usize,
    /// Where `get-env` takes values from.
    pub environment: Arc<dyn Environment>,
    /// Names that `get-env` never gives, beside the built-in ones; compared without regard to case.
    pub never_env: Vec<String>,
    /// How `http-request` reaches the network.
    #[cfg(feature = "net")]
    pub network: NetworkOptions,
    /// Where the values of `{{secret:NAME}}` come from. May block: it is asked on a thread of its
    /// own.
    pub secrets: Arc<dyn SecretSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where audit records go.
    pub audit: Arc<dyn AuditLog>,
}

impl SandboxOptions {
    /// A workspace and nothing else: no home, an empty environment, the system's network, no secrets,
    /// the system's clock, no audit log.
    #[must_use]
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self {
            workspace: workspace.into(),
            home: None,
            weft_home: None,
            authority: Authority::default(),
            plugin_data_bytes: limits::PLUGIN_DATA_BYTES,
            environment: Arc::new(SortedMap::new()),
            never_env: Vec::new(),
            #[cfg(feature = "net")]
            network: NetworkOptions::default(),
            secrets: Arc::new(NoSecrets),
            clock: Arc::new(SystemClock),
            audit: Arc::new(DiscardAudit),
        }
    }

    /// Closes the files that values of secrets are read from.
    pub(crate) fn close_secrets(&self) {
        self.authority.add(self.secrets.files());
    }
}
