//! Composes everything below into one thing to start, use and stop.

mod config;
mod machine;

pub use config::{ConfigError, ConfigErrorKind};

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::{or, yield_now};
use smol::{Executor, Timer};

use crate::actor::{PluginHost, PluginHostOptions};
use crate::contract::{NoSecrets, SecretSource};
use crate::package::{
    self, Approval, ApprovalPolicy, Approvals, PackageError, PackageOrigin, PluginPackage,
    ReadLimits,
};
#[cfg(feature = "net")]
use crate::sandbox::NetworkOptions;
use crate::sandbox::{AuditLog, Clock, DiscardAudit, Environment, SandboxOptions, SystemClock};

/// How often a running host looks whether the approvals have changed.
const APPROVALS_INTERVAL: Duration = Duration::from_secs(1);
/// Tasks that run before timers and sockets are looked at again.
const TASKS_BETWEEN_EVENTS: usize = 32;

/// Where a [`Runtime`] finds plugins and what it gives them. Everything has a default.
pub struct RuntimeBuilder {
    workspace: PathBuf,
    weft_home: Option<PathBuf>,
    user_home: Option<PathBuf>,
    plugin_folders: Vec<PathBuf>,
    approval: Approval,
    bundled: bool,
    environment: Arc<dyn Environment>,
    never_env: Vec<String>,
    #[cfg(feature = "net")]
    network: NetworkOptions,
    secrets: Arc<dyn SecretSource>,
    audit: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    memory_budget_bytes: Option<usize>,
    idle_timeout: Duration,
    read_limits: ReadLimits,
}

impl RuntimeBuilder {
    /// What `$WORKSPACE` stands for in grants. Default: the current folder.
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

    /// Whether the plugins that are compiled in are left out.
    #[must_use]
    pub fn without_bundled(mut self) -> Self {
        self.bundled = false;
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

    /// Bytes of linear memory that all guests may hold together. Default: 64 MB, or a quarter of
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
        let host = PluginHost::start(Arc::clone(&executor), options);
        Runtime { executor, host, sources: self }
    }
}

/// A host with everything around it, on an executor of its own.
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
            bundled: true,
            environment: Arc::new(BTreeMap::new()),
            never_env: Vec::new(),
            #[cfg(feature = "net")]
            network: NetworkOptions::default(),
            secrets: Arc::new(NoSecrets),
            audit: Arc::new(DiscardAudit),
            clock: Arc::new(SystemClock),
            memory_budget_bytes: None,
            idle_timeout: Duration::from_secs(300),
            read_limits: ReadLimits::default(),
        }
    }

    /// Runs `future` on this thread, and the actors beside it. A program that wants more threads
    /// runs [`executor`](Self::executor) on them.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(async {
            let mut future = pin!(future);
            let mut tasks = 0_usize;
            // `Executor::run` looks at its future once in 200 tasks: with busy guests, once in
            // 50 ms. Here it has its turn after every task.
            loop {
                let wanted = async { Some(future.as_mut().await) };
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

    /// Loads every plugin there is. Those from named folders come before the installed ones, and
    /// these before the compiled-in ones: the first of an id stays. Failures are in the registry.
    pub async fn load(&self) {
        let (packages, unreadable) = self.find();
        self.host.load(packages, unreadable).await;
    }

    /// Cancels the calls in flight and takes every plugin out of service.
    pub async fn stop(&self) {
        self.host.stop().await;
    }

    /// Takes every installed plugin out of service that asks for more than is approved now; calls
    /// in flight on it are cancelled.
    pub async fn review_approvals(&self) {
        let Some(home) = &self.sources.weft_home else { return };
        let (approvals, plugins) = (approvals(home), home.join("plugins"));
        for plugin in self.host.registry().plugins() {
            if matches!(&plugin.origin, PackageOrigin::Folder(folder) if folder.starts_with(&plugins))
            {
                let id = &plugin.manifest.id;
                if self.host.review(id, approvals.of(id)).await {
                    log::warn!("{id} is out of service: its approval was taken back");
                }
            }
        }
    }

    /// Looks at the approvals every second, and [reviews](Self::review_approvals) them when they
    /// have changed. Never ends; dropping it stops it.
    pub async fn follow_approvals(&self) -> Infallible {
        let path = self.sources.weft_home.as_deref().map(Approvals::path);
        let stamp = || {
            let metadata = fs::metadata(path.as_ref()?).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        // What changed between loading and now counts too.
        let mut seen = None;
        let mut first = true;
        loop {
            let now = stamp();
            if first || now != seen {
                (seen, first) = (now, false);
                self.review_approvals().await;
            }
            Timer::after(APPROVALS_INTERVAL).await;
        }
    }

    fn find(&self) -> (Vec<(PluginPackage, ApprovalPolicy)>, Vec<PackageError>) {
        let sources = &self.sources;
        let mut packages = Vec::new();
        let mut unreadable = Vec::new();
        let mut add = |folder: &Path, policy: &dyn Fn(&str) -> ApprovalPolicy| {
            for package in package::discover(folder, sources.read_limits) {
                match package {
                    Ok(package) => {
                        let policy = policy(&package.manifest.id);
                        packages.push((package, policy));
                    }
                    Err(error) => unreadable.push(error),
                }
            }
        };
        for folder in &sources.plugin_folders {
            add(folder, &|_| sources.approval.into());
        }
        if let Some(home) = &sources.weft_home {
            if let Err(error) = package::recover_home(home) {
                log::warn!("what an interrupted install left can't be repaired: {error}");
            }
            let approvals = approvals(home);
            add(&home.join("plugins"), &|id| approvals.of(id).into());
        }
        #[cfg(feature = "bundled")]
        if sources.bundled {
            for plugin in package::BUNDLED {
                match plugin.package() {
                    Ok(package) => packages.push((package, Approval::ALL.into())),
                    Err(error) => unreadable.push(error),
                }
            }
        }
        (packages, unreadable)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.sources.audit.flush();
    }
}

/// What is approved in `home`; nothing, where that can't be read.
fn approvals(home: &Path) -> Approvals {
    Approvals::read(home).unwrap_or_else(|error| {
        log::warn!("no installed plugin is approved: {error}");
        Approvals::default()
    })
}
