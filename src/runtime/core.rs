//! [`Runtime`]: loader, plugin host and executor, which start and stop together.

use std::io;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use futures_lite::future::{block_on, or, yield_now};
use serde_json::{Map, Value};
use smol::Executor;

use super::administration::RuntimeAdministration;
#[cfg(feature = "autonomous")]
use super::autonomous::{Learner, LearnerParts};
use super::builder::RuntimeBuilder;
use super::machine;
use super::poll_on_wake::PollOnWake;
use crate::actor::{Loader, PluginHost, PluginHostOptions, Reloaded, SkillWatcher};
use crate::command::{Administration, Commands, built_in_commands};
#[cfg(feature = "autonomous")]
use crate::contract::AutonomousConfig;
use crate::contract::{ChannelConfig, McpConfig, SortedMap};
use crate::package::WorkspaceTrust;
use crate::pipeline::{ChannelRules, Gateway, GatewayOptions};
use crate::sandbox::{PluginSettings, SandboxOptions};
use crate::task::{PanicContainment, TASKS_BETWEEN_EVENTS};

/// A plugin host with its loader, on an executor of its own.
///
/// The actors have no thread of their own: they run while some thread is in
/// [`block_on`](Self::block_on) or runs the [`executor`](Self::executor).
/// [`contain_panics`](Self::contain_panics) gives them one. Dropping the runtime ends everything at
/// once, unless somebody keeps the executor; [`stop`](Self::stop) ends it in order. The audit log
/// is flushed when the runtime is dropped.
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
    pub(super) executor: Arc<Executor<'static>>,
    /// Started with the runtime, without plugins.
    pub(super) host: PluginHost,
    /// Started on first use, so that a program that loads its plugins itself does not even contain a loader.
    pub(super) loader: OnceLock<Loader>,
    /// Whether the runtime was stopped, so that a loader that is started afterwards stops at once.
    pub(super) ended: AtomicBool,
    /// The options that it was built with. They don't change.
    pub(super) sources: RuntimeBuilder,
    /// The actor that observes calls, if the operator has turned it on.
    #[cfg(feature = "autonomous")]
    learner: Option<Learner>,
    /// The thread of the actors, if they have one.
    pub(super) containment: Option<PanicContainment>,
}

impl Runtime {
    /// A builder with the defaults.
    #[must_use]
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::new()
    }

    /// Moves the actors to a thread of their own, where a panic ends only its call, even in a program that aborts
    /// on panics: see [`PanicContainment`]. Then no other thread may run [`executor`](Self::executor).
    ///
    /// # Errors
    ///
    /// The system can't start a thread.
    pub fn contain_panics(&mut self) -> io::Result<()> {
        self.containment = Some(PanicContainment::start(&self.executor)?);
        Ok(())
    }

    /// Runs `future` on this thread, together with the actors, unless they have a thread of their own
    /// ([`contain_panics`](Self::contain_panics)). For more threads, run [`executor`](Self::executor) on them.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut value = None;
        self.drive(pin!(async { value = Some(future.await) }));
        value.expect("the future has ended")
    }

    /// The one compiled copy of the driving loop, for futures of any type.
    fn drive(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        if self.containment.is_some() {
            return block_on(future);
        }
        smol::block_on(async {
            let mut future = PollOnWake::new(future);
            let mut tasks = 0_usize;
            // `Executor::run` polls its future once in 200 tasks: with busy guests, once in 50 ms. Here the
            // future is polled after every task, if it was woken.
            loop {
                let wanted = async {
                    (&mut future).await;
                    true
                };
                let task = async {
                    self.executor.tick().await;
                    false
                };
                if or(wanted, task).await {
                    return;
                }
                tasks += 1;
                if tasks.is_multiple_of(TASKS_BETWEEN_EVENTS) {
                    yield_now().await;
                }
            }
        });
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

    /// The loader. It is started at the first call, and has loaded nothing then.
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

    /// Loads or reloads all skills and plugins. Removed ones go out of service, new and changed ones are put into
    /// service, and the rest stays. For one id the first plugin wins: named folders come before installed
    /// plugins, and these before bundled ones. Failures are in the registry. `None` means that the runtime has
    /// stopped.
    ///
    /// If the future is dropped, the reload goes on.
    pub async fn load(&self) -> Option<Reloaded> {
        self.loader().reload().await
    }

    /// Loads every change on the disk from now on, until the watcher is dropped. One watcher is
    /// enough: a second one would have the same loader do everything twice.
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

    /// The configuration of each channel, by name.
    #[must_use]
    pub fn channel_config(&self) -> &SortedMap<String, ChannelConfig> {
        &self.sources.channels
    }

    /// The settings of plugins at the start, by id.
    #[must_use]
    pub fn plugin_settings(&self) -> &SortedMap<String, Map<String, Value>> {
        &self.sources.plugin_settings
    }

    /// Bytes that a surface may hold for all its clients together.
    #[must_use]
    pub fn surface_memory_bytes(&self) -> usize {
        self.sources.surface_memory_bytes
    }

    /// The configuration of the MCP server.
    #[must_use]
    pub fn mcp_config(&self) -> &McpConfig {
        &self.sources.mcp
    }

    /// Whether skills are drafted from repeated work.
    #[cfg(feature = "autonomous")]
    #[must_use]
    pub fn autonomous_config(&self) -> AutonomousConfig {
        self.sources.autonomous
    }

    /// The operations of this runtime that slash commands may use.
    #[must_use]
    pub fn administration(&self) -> Arc<dyn Administration> {
        let RuntimeBuilder { weft_home, read_limits, .. } = &self.sources;
        Arc::new(RuntimeAdministration {
            host: self.host.clone(),
            loader: self.loader().clone(),
            weft_home: weft_home.clone(),
            workspace: self.sources.real_workspace(),
            read_limits: *read_limits,
        })
    }

    /// The slash commands of this runtime: the built-in ones and those of its skills.
    #[must_use]
    pub fn commands(&self) -> Arc<Commands> {
        let built_in = built_in_commands(Some(self.administration()));
        Arc::new(Commands::new(self.host.clone(), built_in))
    }

    /// The workspace, if it is trusted. Only then its `SOUL.md` is read.
    #[must_use]
    pub fn trusted_workspace(&self) -> Option<&Path> {
        let is_trusted = self.sources.trust == WorkspaceTrust::Trusted;
        is_trusted.then_some(&*self.sources.workspace)
    }

    /// Starts a gateway that receives messages of the channels in `rules` and answers them with `commands` and
    /// the stages of this runtime's host.
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

    /// Cancels the calls in flight, stops the members and takes everything out of service. The
    /// loader and the watchers end, and can't be started again. It waits for the members, each
    /// within its time limit ([`LifecycleOptions`](crate::actor::LifecycleOptions)).
    pub async fn stop(&self) {
        self.ended.store(true, Ordering::Release);
        if let Some(loader) = self.loader.get() {
            loader.stop();
        }
        #[cfg(feature = "autonomous")]
        if let Some(learner) = &self.learner {
            learner.stop().await;
        }
        self.host.stop().await;
    }
}

impl RuntimeBuilder {
    /// Starts the actors. Nothing is loaded before [`Runtime::load`].
    #[must_use]
    pub fn build(self) -> Runtime {
        let sandbox = SandboxOptions {
            workspace: self.workspace.clone(),
            home: self.user_home.clone(),
            weft_home: self.weft_home.clone(),
            authority: self.authorities().into(),
            plugin_data_bytes: self.plugin_data_bytes,
            environment: Arc::clone(&self.environment),
            never_env: self.never_env.clone(),
            #[cfg(feature = "net")]
            network: self.network.clone(),
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
            audit: Arc::clone(&self.audit),
            settings: PluginSettings::new(self.plugin_settings.clone()),
            stores: Some(self.stores_or_default()),
            tools: None,
        };
        let mut options = PluginHostOptions::new(sandbox);
        options.memory_budget_bytes =
            self.memory_budget_bytes.unwrap_or_else(machine::default_memory_budget_bytes);
        options.idle_timeout = self.idle_timeout;
        options.module_bytes = self.read_limits.module_bytes;
        let executor = Arc::new(Executor::new());
        #[cfg(feature = "autonomous")]
        let learning = self.weft_home.clone().filter(|_| self.autonomous.enabled).map(|home| {
            let (learner, inbox) = Learner::new();
            options.observer = Some(Arc::new(learner.clone()));
            (learner, inbox, home)
        });
        let host = PluginHost::start(&executor, options);
        #[cfg(feature = "autonomous")]
        let learner = learning.map(|(learner, inbox, weft_home)| {
            let parts = LearnerParts {
                weft_home,
                threshold: self.autonomous.threshold,
                secrets: Arc::clone(&self.secrets),
                clock: Arc::clone(&self.clock),
                limits: self.read_limits,
            };
            inbox.start(&executor, host.clone(), parts);
            learner
        });
        let (loader, ended) = (OnceLock::new(), AtomicBool::new(false));
        Runtime {
            executor,
            host,
            loader,
            ended,
            sources: self,
            #[cfg(feature = "autonomous")]
            learner,
            containment: None,
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.sources.audit.flush();
    }
}
