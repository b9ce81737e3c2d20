//! The operator's settings for sandboxes, which no manifest can change.

use std::path::PathBuf;
use std::sync::Arc;

use super::audit::{AuditLog, DiscardAudit};
use super::environment::Environment;
use super::filesystem::Authority;
#[cfg(feature = "net")]
use super::network::NetworkOptions;
use super::settings::PluginSettings;
use super::tools::ToolHost;
use crate::contract::{NoSecrets, SecretSource, SortedMap, StoreSource, limits};
use crate::task::{Clock, SystemClock};

/// The plugin of a sandbox, as logs and the audit log name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginIdentity {
    /// The manifest's `id`.
    pub id: String,
    /// The manifest's `version`.
    pub version: String,
}

/// The operator's settings for every sandbox.
#[derive(Clone)]
pub struct SandboxOptions {
    /// `$WORKSPACE` in grants.
    pub workspace: PathBuf,
    /// `~` in grants. Without it, grants that use `~` stay closed.
    pub home: Option<PathBuf>,
    /// weft-lite's own folder, with secrets, approvals and keys in it: no grant opens it, but for a
    /// plugin's own folder there (`$PLUGIN_DIR`).
    pub weft_home: Option<PathBuf>,
    /// Further places that no grant opens, whether they exist yet or not: folders that plugins and skills are
    /// loaded from, files of settings and prompts. A host's loader adds places that it finds later.
    pub authority: Authority,
    /// Bytes that each plugin may keep in its own data folder (`$PLUGIN_DATA`). Each file counts with its size
    /// on disk, at least 4 KB.
    pub plugin_data_bytes: usize,
    /// The source of values for `get-env`.
    pub environment: Arc<dyn Environment>,
    /// Names that `get-env` never returns, beside the built-in ones; compared without regard to case.
    pub never_env: Vec<String>,
    /// How requests reach the network.
    #[cfg(feature = "net")]
    pub network: NetworkOptions,
    /// The source of values for `{{secret:NAME}}`. May block: it runs on the pool of blocking threads.
    pub secrets: Arc<dyn SecretSource>,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The log for audit records.
    pub audit: Arc<dyn AuditLog>,
    /// The settings of plugins by id, as the operator has written them (`plugins.<id>` of the configuration).
    pub settings: PluginSettings,
    /// Where plugins keep keys and values by the door `store`. Each has the namespace of its id; one that is loaded
    /// from a folder other than that of installed plugins has its own (`ID@FOLDER`), and so has one that is compiled
    /// in (`bundled:ID`).
    pub stores: Option<Arc<dyn StoreSource>>,
    /// The tools of others that plugins may call. A plugin host puts its own here.
    pub tools: Option<Arc<dyn ToolHost>>,
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
            settings: PluginSettings::default(),
            stores: None,
            tools: None,
        }
    }

    /// Closes the files from which values of secrets are read.
    pub(crate) fn close_secrets(&self) {
        self.authority.add(self.secrets.files());
    }
}
