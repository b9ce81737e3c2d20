//! Composes everything below into one thing to start, use and stop.

mod administration;
mod config;
mod machine;
mod surroundings;
mod woken;

use administration::RuntimeAdministration;
pub use config::{ConfigError, ConfigErrorKind, workspace_authority};

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_lite::future::{or, yield_now};
use serde_json::{Map, Value};
use smol::Executor;

use crate::actor::{
    Bundled, Loader, LoaderOptions, PluginHost, PluginHostOptions, Reloaded, SkillWatcher,
    WatchMode,
};
use crate::command::{Administration, Commands, built_in_commands};
use crate::contract::{ChannelConfig, McpConfig, NoSecrets, SecretSource, WatchConfig};
use crate::contract::{SortedMap, limits};
use crate::package::{Approval, ReadLimits, WorkspaceTrust};
use crate::pipeline::{ChannelRules, Gateway, GatewayOptions};
#[cfg(feature = "net")]
use crate::sandbox::NetworkOptions;
use crate::sandbox::{AuditLog, Clock, DiscardAudit, Environment, SandboxOptions, SystemClock};
use crate::skill::SkillLevel;
use surroundings::HostSurroundings;
use woken::WhenWoken;

/// Where a workspace keeps its skills, in path order.
const WORKSPACE_SKILLS: [&str; 3] = [".weft/skills", ".clawft/skills", ".agents/skills"];

/// Tasks that run before timers and sockets are looked at again.
const TASKS_BETWEEN_EVENTS: usize = 32;

/// Where a [`Runtime`] finds plugins and what it gives them. Everything has a default.
pub struct RuntimeBuilder {
    workspace: PathBuf,
    weft_home: Option<PathBuf>,
    user_home: Option<PathBuf>,
    plugin_folders: Vec<PathBuf>,
    approval: Approval,
    trust: WorkspaceTrust,
    bundled: Bundled,
    environment: Arc<dyn Environment>,
    never_env: Vec<String>,
    #[cfg(feature = "net")]
    network: NetworkOptions,
    secrets: Arc<dyn SecretSource>,
    audit: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    memory_budget_bytes: Option<usize>,
    surface_memory_bytes: usize,
    plugin_data_bytes: usize,
    idle_timeout: Duration,
    read_limits: ReadLimits,
    watch: WatchConfig,
    watch_mode: WatchMode,
    skill_config: Value,
    channels: SortedMap<String, ChannelConfig>,
    mcp: McpConfig,
    /// The configuration's files, and what was read from them.
    settings: Vec<(PathBuf, String)>,
    authority: Vec<PathBuf>,
}

impl RuntimeBuilder {
    /// What `$WORKSPACE` stands for in grants, and where its skills and its configuration are if
    /// it is trusted. Default: the current folder.
    #[must_use]
    pub fn workspace(mut self, folder: impl Into<PathBuf>) -> Self {
        self.workspace = folder.into();
        self
    }

    /// The folder of installed plugins and of weft-lite's own files. Default: none.
    #[must_use]
    pub fn weft_home(mut self, folder: impl Into<PathBuf>) -> Self {
        self.weft_home = Some(folder.into());
        self
    }

    /// What `~` stands for in grants. Default: none, and such grants stay closed.
    #[must_use]
    pub fn user_home(mut self, folder: impl Into<PathBuf>) -> Self {
        self.user_home = Some(folder.into());
        self
    }

    /// Adds a plugin's folder, or a folder of such folders. Naming it approves the files and hosts
    /// that its plugins name; [`approve`](Self::approve) approves more.
    #[must_use]
    pub fn plugins(mut self, folder: impl Into<PathBuf>) -> Self {
        self.plugin_folders.push(folder.into());
        self
    }

    /// What plugins from [`plugins`](Self::plugins) may have. Default: files and hosts that are
    /// named.
    #[must_use]
    pub fn approve(mut self, approval: Approval) -> Self {
        self.approval = approval;
        self
    }

    /// Whether the workspace's own skills and configuration are used. Default: they are not even
    /// read.
    #[must_use]
    pub fn trust_workspace(mut self, trust: WorkspaceTrust) -> Self {
        self.trust = trust;
        self
    }

    /// Leaves out the plugins and skills that are compiled in.
    #[must_use]
    pub fn without_bundled(mut self) -> Self {
        self.bundled = Bundled::LeftOut;
        self
    }

    /// When changes on the disk are taken up by [`Runtime::watch`].
    #[must_use]
    pub fn watch(mut self, config: WatchConfig) -> Self {
        self.watch = config;
        self
    }

    /// How [`Runtime::watch`] learns of changes. Default: from the kernel, where it tells.
    #[must_use]
    pub fn watch_mode(mut self, mode: WatchMode) -> Self {
        self.watch_mode = mode;
        self
    }

    /// What skills may ask for under `requires.config`: one mapping. Default: nothing.
    #[must_use]
    pub fn skill_config(mut self, config: Value) -> Self {
        self.skill_config = config;
        self
    }

    /// Where `get-env` takes values from. Default: nowhere, every variable is unset.
    #[must_use]
    pub fn environment(mut self, environment: Arc<dyn Environment>) -> Self {
        self.environment = environment;
        self
    }

    /// Names that `get-env` never gives, beside the built-in ones. Default: none.
    #[must_use]
    pub fn never_env(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.never_env.extend(names);
        self
    }

    /// How `http-request` reaches the network. Default: the system's resolver, TCP, webpki-roots.
    #[cfg(feature = "net")]
    #[must_use]
    pub fn network(mut self, options: NetworkOptions) -> Self {
        self.network = options;
        self
    }

    /// Where the values of `{{secret:NAME}}` come from. Default: nowhere.
    #[must_use]
    pub fn secrets(mut self, source: Arc<dyn SecretSource>) -> Self {
        self.secrets = source;
        self
    }

    /// Where audit records go. Default: nowhere.
    #[must_use]
    pub fn audit(mut self, audit: Arc<dyn AuditLog>) -> Self {
        self.audit = audit;
        self
    }

    /// The time that rates and audit records go by. Default: the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Bytes of linear memory and translated code that all guests may hold together. Default: 64 MB, or a quarter of
    /// the machine's or control group's memory where that is less.
    #[must_use]
    pub fn memory_budget_bytes(mut self, bytes: usize) -> Self {
        self.memory_budget_bytes = Some(bytes);
        self
    }

    /// How long an instance may be idle before it is dropped. Default: five minutes.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// The sizes of what is read from packages.
    #[must_use]
    pub fn read_limits(mut self, limits: ReadLimits) -> Self {
        self.read_limits = limits;
        self
    }

    /// Starts the actors. Nothing is loaded yet; see [`Runtime::load`].
    #[must_use]
    pub fn build(self) -> Runtime {
        let sandbox = SandboxOptions {
            workspace: self.workspace.clone(),
            home: self.user_home.clone(),
            weft_home: self.weft_home.clone(),
            authority: self.places().into(),
            plugin_data_bytes: self.plugin_data_bytes,
            environment: Arc::clone(&self.environment),
            never_env: self.never_env.clone(),
            #[cfg(feature = "net")]
            network: self.network.clone(),
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
            audit: Arc::clone(&self.audit),
        };
        let mut options = PluginHostOptions::new(sandbox);
        options.memory_budget_bytes =
            self.memory_budget_bytes.unwrap_or_else(machine::default_memory_budget_bytes);
        options.idle_timeout = self.idle_timeout;
        options.module_bytes = self.read_limits.module_bytes;
        let executor = Arc::new(Executor::new());
        let host = PluginHost::start(&executor, options);
        let (loader, ended) = (OnceLock::new(), AtomicBool::new(false));
        Runtime { executor, host, loader, ended, sources: self }
    }

    /// What plugins, skills, settings and prompts come from, now or with another trust in the workspace.
    fn places(&self) -> Vec<PathBuf> {
        let mut places = workspace_authority(&self.workspace);
        places.extend(self.plugin_folders.iter().cloned());
        places.extend(self.settings.iter().map(|(file, _)| file.clone()));
        places.extend(self.authority.iter().cloned());
        places
    }

    fn loader_options(&self) -> LoaderOptions {
        let surroundings = HostSurroundings {
            environment: Arc::clone(&self.environment),
            config: self.skill_config.clone(),
        };
        LoaderOptions {
            skill_roots: self.skill_roots(),
            plugin_folders: self.plugin_folders.clone(),
            approval: self.approval,
            weft_home: self.weft_home.clone(),
            workspace: fs::canonicalize(&self.workspace).unwrap_or_else(|_| self.workspace.clone()),
            bundled: self.bundled,
            read_limits: self.read_limits,
            settings: self.settings.clone(),
            surroundings: Arc::new(surroundings),
        }
    }

    fn skill_roots(&self) -> Vec<(PathBuf, SkillLevel)> {
        let mut roots = Vec::new();
        let managed = self.weft_home.as_ref().map(|home| home.join("skills"));
        if self.trust == WorkspaceTrust::Trusted {
            // Where the workspace is the user's home, its skills are the installed ones.
            let is_managed = |path: &PathBuf| {
                managed.as_ref().is_some_and(|managed| config::same_place(managed, path))
            };
            let paths = WORKSPACE_SKILLS.iter().map(|folder| self.workspace.join(folder));
            roots.extend(
                paths.filter(|path| !is_managed(path)).map(|path| (path, SkillLevel::Workspace)),
            );
        }
        roots.extend(managed.map(|path| (path, SkillLevel::Managed)));
        roots
    }
}

/// A host with everything around it, on an executor of its own.
///
/// Dropping it ends everything at once and leaves nothing behind, unless somebody keeps the executor;
/// [`stop`](Self::stop) ends it in order.
///
/// ```
/// use weft_lite::Runtime;
///
/// let runtime = Runtime::builder().without_bundled().build();
/// runtime.block_on(async {
///     runtime.load().await;
///     assert_eq!(runtime.host().registry().plugins().count(), 0);
///     runtime.stop().await;
/// });
/// ```
pub struct Runtime {
    executor: Arc<Executor<'static>>,
    host: PluginHost,
    /// Started when it is first asked for, so that a program that puts its plugins into service
    /// itself does not even contain one.
    loader: OnceLock<Loader>,
    ended: AtomicBool,
    sources: RuntimeBuilder,
}

impl Runtime {
    /// A builder with every default.
    #[must_use]
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
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
            mcp: McpConfig::default(),
            settings: Vec::new(),
            authority: Vec::new(),
        }
    }

    /// Runs `future` on this thread, and the actors beside it. A program that wants more threads
    /// runs [`executor`](Self::executor) on them.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(async {
            let mut future = pin!(future);
            let mut future = WhenWoken::new(future.as_mut());
            let mut tasks = 0_usize;
            // `Executor::run` looks at its future once in 200 tasks: with busy guests, once in
            // 50 ms. Here it has its turn after every task, if it was woken.
            loop {
                let wanted = async { Some((&mut future).await) };
                let task = async {
                    self.executor.tick().await;
                    None
                };
                if let Some(value) = or(wanted, task).await {
                    return value;
                }
                tasks += 1;
                if tasks.is_multiple_of(TASKS_BETWEEN_EVENTS) {
                    yield_now().await;
                }
            }
        })
    }

    /// The executor that the actors run on.
    #[must_use]
    pub fn executor(&self) -> &Arc<Executor<'static>> {
        &self.executor
    }

    /// The plugin host.
    #[must_use]
    pub fn host(&self) -> &PluginHost {
        &self.host
    }

    /// The loader.
    #[must_use]
    pub fn loader(&self) -> &Loader {
        self.loader.get_or_init(|| {
            let options = self.sources.loader_options();
            let loader = Loader::start(&self.executor, self.host.clone(), options);
            if self.ended.load(Ordering::Acquire) {
                loader.stop();
            }
            loader
        })
    }

    /// Loads every skill and plugin there is, or looks again at all of them: what is no longer
    /// there goes out of service, what is new or different comes in, and the rest is left alone.
    /// Plugins from named folders come before the installed ones, and these before the compiled-in
    /// ones: the first of an id stays. Failures are in the registry. `None` means that the runtime
    /// has been stopped.
    pub async fn load(&self) -> Option<Reloaded> {
        self.loader().reload().await
    }

    /// Keeps what is in service in line with the disk from now on, until the watcher is dropped.
    #[must_use]
    pub fn watch(&self) -> SkillWatcher {
        let RuntimeBuilder { watch, watch_mode, .. } = self.sources;
        SkillWatcher::start(&self.executor, self.loader().clone(), watch_mode, watch)
    }

    /// Whether the workspace's own skills and configuration are used.
    #[must_use]
    pub fn workspace_trust(&self) -> WorkspaceTrust {
        self.sources.trust
    }

    /// What the configuration says of channels, by their names.
    #[must_use]
    pub fn channel_config(&self) -> &SortedMap<String, ChannelConfig> {
        &self.sources.channels
    }

    /// Bytes that a surface may hold for all its clients together, as the configuration says.
    #[must_use]
    pub fn surface_memory_bytes(&self) -> usize {
        self.sources.surface_memory_bytes
    }

    /// What the configuration says of serving over MCP.
    #[must_use]
    pub fn mcp_config(&self) -> &McpConfig {
        &self.sources.mcp
    }

    /// What slash commands can change of this runtime.
    #[must_use]
    pub fn administration(&self) -> Arc<dyn Administration> {
        let RuntimeBuilder { weft_home, workspace, read_limits, .. } = &self.sources;
        Arc::new(RuntimeAdministration {
            host: self.host.clone(),
            loader: self.loader().clone(),
            weft_home: weft_home.clone(),
            workspace: fs::canonicalize(workspace).unwrap_or_else(|_| workspace.clone()),
            read_limits: *read_limits,
        })
    }

    /// The slash commands of this runtime: the built-in ones and those of its skills.
    #[must_use]
    pub fn commands(&self) -> Arc<Commands> {
        let built_in = built_in_commands(Some(self.administration()));
        Arc::new(Commands::new(self.host.clone(), built_in))
    }

    /// The workspace, if it is trusted: the only one whose `SOUL.md` is read.
    #[must_use]
    pub fn trusted_workspace(&self) -> Option<&Path> {
        let is_trusted = self.sources.trust == WorkspaceTrust::Trusted;
        is_trusted.then_some(&*self.sources.workspace)
    }

    /// Starts a gateway that takes messages of the channels in `rules` and answers them through
    /// `commands` and the stages of this runtime's host.
    #[must_use]
    pub fn gateway(
        &self,
        commands: Arc<Commands>,
        rules: SortedMap<String, ChannelRules>,
    ) -> Gateway {
        let mut options = GatewayOptions::new(&self.sources.workspace);
        options.soul = self.trusted_workspace().map(Path::to_owned);
        (options.rules, options.memory_bytes) = (rules, self.surface_memory_bytes());
        Gateway::start(&self.executor, commands, &options)
    }

    /// Cancels the calls in flight and takes everything out of service, for good.
    pub async fn stop(&self) {
        self.ended.store(true, Ordering::Release);
        if let Some(loader) = self.loader.get() {
            loader.stop();
        }
        self.host.stop().await;
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.sources.audit.flush();
    }
}
