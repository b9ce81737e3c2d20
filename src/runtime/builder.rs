//! The options of a runtime.
//!
//! A builder has no effects: it reads a file only in [`RuntimeBuilder::configure`], and starts
//! nothing before [`RuntimeBuilder::build`].

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::skill_host::SystemSkillHost;
use super::workspace::{WORKSPACE_SKILLS, same_place, workspace_authority};
use crate::actor::{Bundled, LoaderOptions, WatchMode};
#[cfg(feature = "autonomous")]
use crate::contract::AutonomousConfig;
use crate::contract::{
    ChannelConfig, McpConfig, NoSecrets, SecretSource, SortedMap, StoreSource, WatchConfig, limits,
};
use crate::package::{Approval, ReadLimits, WorkspaceTrust};
#[cfg(feature = "net")]
use crate::sandbox::NetworkOptions;
use crate::sandbox::{AuditLog, DiscardAudit, Environment};
use crate::skill::SkillLevel;
#[cfg(feature = "store")]
use crate::store::DurableStore;
use crate::store::MemoryStores;
use crate::task::{Clock, SystemClock};

/// The options of a [`Runtime`](crate::Runtime). Everything has a default, and the defaults open
/// nothing: no home, no environment, no secrets, no trust in the workspace. Only bundled plugins
/// are loaded.
///
/// ```
/// use std::time::Duration;
/// use weft_lite::Runtime;
///
/// let runtime = Runtime::builder()
///     .without_bundled()
///     .plugins("tests/guests/echo")
///     .memory_budget_bytes(8 << 20)
///     .idle_timeout(Duration::from_secs(60))
///     .build();
/// runtime.block_on(async {
///     runtime.load().await;
///     let outcome = runtime.host().call("echo__echo", "[1, 2]".into()).await;
///     assert_eq!(outcome.result.unwrap(), "[1, 2]");
/// });
/// ```
pub struct RuntimeBuilder {
    pub(super) workspace: PathBuf,
    pub(super) weft_home: Option<PathBuf>,
    pub(super) user_home: Option<PathBuf>,
    pub(super) plugin_folders: Vec<PathBuf>,
    pub(super) approval: Approval,
    pub(super) trust: WorkspaceTrust,
    pub(super) bundled: Bundled,
    pub(super) environment: Arc<dyn Environment>,
    pub(super) never_env: Vec<String>,
    #[cfg(feature = "net")]
    pub(super) network: NetworkOptions,
    pub(super) secrets: Arc<dyn SecretSource>,
    pub(super) audit: Arc<dyn AuditLog>,
    pub(super) stores: Option<Arc<dyn StoreSource>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) memory_budget_bytes: Option<usize>,
    pub(super) surface_memory_bytes: usize,
    pub(super) plugin_data_bytes: usize,
    pub(super) idle_timeout: Duration,
    pub(super) read_limits: ReadLimits,
    pub(super) watch: WatchConfig,
    pub(super) watch_mode: WatchMode,
    pub(super) skill_config: Value,
    pub(super) channels: SortedMap<String, ChannelConfig>,
    pub(super) plugin_settings: SortedMap<String, Map<String, Value>>,
    pub(super) mcp: McpConfig,
    #[cfg(feature = "autonomous")]
    pub(super) autonomous: AutonomousConfig,
    /// The configuration's files with their texts.
    pub(super) settings: Vec<(PathBuf, String)>,
    pub(super) authority: Vec<PathBuf>,
}

impl RuntimeBuilder {
    /// The defaults.
    pub(super) fn new() -> Self {
        Self {
            workspace: PathBuf::from("."),
            weft_home: None,
            user_home: None,
            plugin_folders: Vec::new(),
            approval: Approval { named: true, ..Approval::NONE },
            trust: WorkspaceTrust::Untrusted,
            bundled: Bundled::Included,
            environment: Arc::new(SortedMap::new()),
            never_env: Vec::new(),
            #[cfg(feature = "net")]
            network: NetworkOptions::default(),
            secrets: Arc::new(NoSecrets),
            audit: Arc::new(DiscardAudit),
            stores: None,
            clock: Arc::new(SystemClock),
            memory_budget_bytes: None,
            surface_memory_bytes: limits::SURFACE_BYTES,
            plugin_data_bytes: limits::PLUGIN_DATA_BYTES,
            idle_timeout: Duration::from_secs(300),
            read_limits: ReadLimits::default(),
            watch: WatchConfig::default(),
            watch_mode: WatchMode::default(),
            skill_config: Value::Object(Map::new()),
            channels: SortedMap::new(),
            plugin_settings: SortedMap::new(),
            mcp: McpConfig::default(),
            #[cfg(feature = "autonomous")]
            autonomous: AutonomousConfig::default(),
            settings: Vec::new(),
            authority: Vec::new(),
        }
    }

    /// Sets the workspace: the value of `$WORKSPACE` in grants, and the folder of skills and a
    /// configuration if it is trusted. Default: the current folder. Its `.weft`, `.clawft`,
    /// `.agents` and `SOUL.md` stay closed to plugins in any case, since they become prompts and
    /// settings.
    #[must_use]
    pub fn workspace(mut self, folder: impl Into<PathBuf>) -> Self {
        self.workspace = folder.into();
        self
    }

    /// Sets the folder of installed plugins and of weft-lite's own files. Default: none.
    #[must_use]
    pub fn weft_home(mut self, folder: impl Into<PathBuf>) -> Self {
        self.weft_home = Some(folder.into());
        self
    }

    /// Sets the value of `~` in grants. Default: none, and such grants stay closed.
    #[must_use]
    pub fn user_home(mut self, folder: impl Into<PathBuf>) -> Self {
        self.user_home = Some(folder.into());
        self
    }

    /// Adds a plugin's folder, or a folder of such folders. Naming it approves the files and hosts
    /// that its plugins name; [`approve`](Self::approve) approves more.
    ///
    /// What they ask for beyond that at a later reload waits for a new start.
    #[must_use]
    pub fn plugins(mut self, folder: impl Into<PathBuf>) -> Self {
        self.plugin_folders.push(folder.into());
        self
    }

    /// Sets the approved permissions of plugins from [`plugins`](Self::plugins). Default: files and hosts that
    /// they name.
    #[must_use]
    pub fn approve(mut self, approval: Approval) -> Self {
        self.approval = approval;
        self
    }

    /// Sets whether the workspace's own skills and configuration are used. Default: they are not
    /// even read. Plugins can't write there in either case.
    #[must_use]
    pub fn trust_workspace(mut self, trust: WorkspaceTrust) -> Self {
        self.trust = trust;
        self
    }

    /// Leaves out the bundled plugins and skills.
    #[must_use]
    pub fn without_bundled(mut self) -> Self {
        self.bundled = Bundled::LeftOut;
        self
    }

    /// Sets when [`Runtime::watch`](crate::Runtime::watch) loads changes on the disk.
    #[must_use]
    pub fn watch(mut self, config: WatchConfig) -> Self {
        self.watch = config;
        self
    }

    /// Sets how [`Runtime::watch`](crate::Runtime::watch) notices changes. Default: by the kernel's notifications,
    /// where there are any.
    #[must_use]
    pub fn watch_mode(mut self, mode: WatchMode) -> Self {
        self.watch_mode = mode;
        self
    }

    /// Sets the mapping that `requires.config` of skills is checked against. Default: an empty one.
    #[must_use]
    pub fn skill_config(mut self, config: Value) -> Self {
        self.skill_config = config;
        self
    }

    /// Sets the settings of the plugin with this id, as `plugins.<id>` of the configuration does. Default: none.
    /// The plugin reads them in whole, so a key of a service belongs to [`secrets`](Self::secrets).
    #[must_use]
    pub fn plugin_settings(mut self, id: impl Into<String>, settings: Map<String, Value>) -> Self {
        self.plugin_settings.insert(id.into(), settings);
        self
    }

    /// Sets whether skills are drafted from repeated work, as `autonomous_skills` of the configuration does. Default:
    /// they are not.
    #[cfg(feature = "autonomous")]
    #[must_use]
    pub fn autonomous_skills(mut self, config: AutonomousConfig) -> Self {
        self.autonomous = config;
        self
    }

    /// Sets the source of `get-env`, and of `PATH` and the variables that skills require. Default: every variable is
    /// unset. A plugin gets only variables that its manifest lists and the operator has approved.
    #[must_use]
    pub fn environment(mut self, environment: Arc<dyn Environment>) -> Self {
        self.environment = environment;
        self
    }

    /// Adds variables that `get-env` never returns, beside the built-in ones. Default: none. They
    /// look unset, so a plugin can't tell that they are withheld.
    #[must_use]
    pub fn never_env(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.never_env.extend(names);
        self
    }

    /// How requests reach the network, with what [`configure`](Self::configure) read.
    #[cfg(feature = "net")]
    #[must_use]
    pub fn network_options(&self) -> &NetworkOptions {
        &self.network
    }

    /// Sets how requests reach the network. Default: the system's resolver, TCP, webpki-roots.
    #[cfg(feature = "net")]
    #[must_use]
    pub fn network(mut self, options: NetworkOptions) -> Self {
        self.network = options;
        self
    }

    /// Sets the source of `{{secret:NAME}}`. Default: there are no secrets.
    #[must_use]
    pub fn secrets(mut self, source: Arc<dyn SecretSource>) -> Self {
        self.secrets = source;
        self
    }

    /// Sets the audit log. Default: records are discarded.
    #[must_use]
    pub fn audit(mut self, audit: Arc<dyn AuditLog>) -> Self {
        self.audit = audit;
        self
    }

    /// Sets where plugins keep what they store by the door `store`. Default: `store/` in the folder of
    /// [`weft_home`](Self::weft_home). Without that, or without the feature `store`, it is kept in memory.
    #[must_use]
    pub fn stores(mut self, stores: Arc<dyn StoreSource>) -> Self {
        self.stores = Some(stores);
        self
    }

    /// Sets the clock of rates, audit records, channels and the gateway. Default: the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how many bytes of linear memory and translated code all guests may hold together. Default: 64 MB, or
    /// a quarter of the machine's or control group's memory if that is less.
    #[must_use]
    pub fn memory_budget_bytes(mut self, bytes: usize) -> Self {
        self.memory_budget_bytes = Some(bytes);
        self
    }

    /// Sets how long an instance may be idle before it is dropped. Default: five minutes. A
    /// resident plugin loses what it has in memory then.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the size limits of packages.
    #[must_use]
    pub fn read_limits(mut self, limits: ReadLimits) -> Self {
        self.read_limits = limits;
        self
    }

    /// Closes a file or folder to every plugin, because it gives authority: a token, a key, the program itself.
    /// Those of [`configure`](Self::configure) are closed anyway.
    #[must_use]
    pub fn authority(mut self, place: impl Into<PathBuf>) -> Self {
        self.authority.push(place.into());
        self
    }

    /// The sources of plugins, skills, settings and prompts, including those of a workspace that is not trusted
    /// yet.
    ///
    /// They are closed from the start: otherwise a plugin could prepare what is trusted later.
    pub(super) fn authorities(&self) -> Vec<PathBuf> {
        let mut places = workspace_authority(&self.workspace);
        places.extend(self.plugin_folders.iter().cloned());
        places.extend(self.settings.iter().map(|(file, _)| file.clone()));
        places.extend(self.authority.iter().cloned());
        places
    }

    /// The workspace by its real path, as approvals of its skills name it.
    pub(super) fn real_workspace(&self) -> PathBuf {
        fs::canonicalize(&self.workspace).unwrap_or_else(|_| self.workspace.clone())
    }

    /// Where plugins keep what they store.
    pub(super) fn stores_or_default(&self) -> Arc<dyn StoreSource> {
        if let Some(stores) = &self.stores {
            return Arc::clone(stores);
        }
        #[cfg(feature = "store")]
        if let Some(home) = &self.weft_home {
            return Arc::new(DurableStore::of_home(home));
        }
        Arc::new(MemoryStores::default())
    }

    /// The options for the loader.
    pub(super) fn loader_options(&self) -> LoaderOptions {
        let skill_host = SystemSkillHost {
            environment: Arc::clone(&self.environment),
            config: self.skill_config.clone(),
        };
        LoaderOptions {
            skill_roots: self.skill_roots(),
            plugin_folders: self.plugin_folders.clone(),
            approval: self.approval,
            weft_home: self.weft_home.clone(),
            workspace: self.real_workspace(),
            bundled: self.bundled,
            read_limits: self.read_limits,
            settings: self.settings.clone(),
            skill_host: Arc::new(skill_host),
        }
    }

    /// The folders of skills with their levels. Those of an untrusted workspace are not among them,
    /// so they are not even read.
    fn skill_roots(&self) -> Vec<(PathBuf, SkillLevel)> {
        let mut roots = Vec::new();
        let managed = self.weft_home.as_ref().map(|home| home.join("skills"));
        if self.trust == WorkspaceTrust::Trusted {
            // If the workspace is the user's home, its skills are the installed ones.
            let is_managed =
                |path: &PathBuf| managed.as_ref().is_some_and(|managed| same_place(managed, path));
            let paths = WORKSPACE_SKILLS.iter().map(|folder| self.workspace.join(folder));
            roots.extend(
                paths.filter(|path| !is_managed(path)).map(|path| (path, SkillLevel::Workspace)),
            );
        }
        roots.extend(managed.map(|path| (path, SkillLevel::Managed)));
        roots
    }
}
