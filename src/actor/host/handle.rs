//! The handle to the plugin host, which sends changes to its actor.

use std::sync::Arc;

use arc_swap::ArcSwap;
use smol::Executor;

use super::actor::{HostActor, HostMessage, Update};
use super::state::HostState;
use super::tools::HostTools;
use crate::actor::lifecycle::Lifecycle;
use crate::actor::load::LoadError;
use crate::actor::options::PluginHostOptions;
use crate::actor::prepare::{
    PackageHead, PrepareContext, PreparedPlugin, Warmth, approved, prepare,
};
use crate::actor::registry::{PluginRegistry, RefusedPlugin};
use crate::actor::snapshot::Snapshot;
use crate::actor::subscription::Subscription;
use crate::contract::{BoxFuture, CallError, CancellationSource};
use crate::package::{ApprovalPolicy, Descriptions, PackageError, PluginPackage, StoredApproval};
use crate::skill::SkillRegistry;
use crate::task::{Mailbox, ReplySender, Tasks, off_executor};
use crate::wasm::MemoryBudget;

/// A handle to the plugin host: it puts plugins into service, runs their tools, and keeps the life
/// cycle of [members](crate::actor::Member). Clones address the same host.
///
/// Changes go through the host's actor, one after another, and each becomes one [`Snapshot`]. Calls
/// don't pass the actor: they go to the plugin that the newest snapshot names, so a change never
/// holds up a call, and a call never a change. When a plugin is replaced or unloaded, its calls in
/// flight end on the old version. When it is revoked or the host stops, they are cancelled.
///
/// When the last handle is dropped, the actor ends as after [`stop`](Self::stop).
///
/// ```
/// use std::sync::Arc;
/// use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
/// use weft_lite::sandbox::SandboxOptions;
/// use weft_lite::{Approval, PluginHost, PluginHostOptions, PluginPackage};
///
/// let module = include_bytes!("../../../tests/guests/echo/plugin.wasm").as_slice();
/// let manifest = r#"{
///     "id": "echo", "name": "Echo", "version": "0.1.0",
///     "capabilities": ["tool"], "wasm_module": "plugin.wasm"
/// }"#;
/// let origin = PackageOrigin::Folder("echo".into());
/// let package = PluginPackage::read_parts(
///     manifest, ManifestFormat::Json, module, origin, ReadLimits::default(),
/// )?;
///
/// let executor = Arc::new(smol::Executor::new());
/// let host = PluginHost::start(&executor, PluginHostOptions::new(SandboxOptions::new(".")));
/// smol::block_on(executor.run(async {
///     host.load([(package, Approval::NONE)], []).await;
///     assert!(host.registry().plugin("echo").is_some());
///     assert_eq!(host.call("echo", "[1]".into()).await.result.unwrap(), "[1]");
///
///     assert!(host.unload("echo").await);
///     assert!(host.call("echo", "[1]".into()).await.result.is_err());
/// }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PluginHost {
    mailbox: Mailbox<HostMessage>,
    pub(in crate::actor) shared: Arc<HostState>,
    pub(in crate::actor) lifecycle: Lifecycle,
}

impl PluginHost {
    /// Starts a host without plugins, whose tasks run on `executor`. It does not keep the executor:
    /// once that is dropped, the host has ended.
    #[must_use]
    pub fn start(executor: &Arc<Executor<'static>>, mut options: PluginHostOptions) -> Self {
        let memory = MemoryBudget::new(options.memory_budget_bytes);
        let replaced = CancellationSource::new();
        let first = Snapshot {
            generation: 0,
            plugins: Arc::default(),
            skills: Arc::default(),
            replaced: replaced.token(),
        };
        let snapshot = ArcSwap::from_pointee(first);
        let clock = Arc::clone(&options.sandbox.clock);
        let tasks = Tasks::of(executor);
        let lifecycle = Lifecycle::start(&tasks, clock, options.lifecycle);
        let shared = Arc::new_cyclic(|shared| {
            let (shared, waits) = (shared.clone(), Arc::default());
            let tools = HostTools { shared, members: lifecycle.published(), waits };
            options.sandbox.tools = Some(Arc::new(tools));
            let stopped = CancellationSource::new();
            HostState {
                tasks,
                snapshot,
                options,
                memory,
                stopped,
                #[cfg(feature = "serve")]
                polled: crate::task::Lock::default(),
            }
        });
        let mailbox = HostActor::start(Arc::clone(&shared), replaced);
        Self { mailbox, shared, lifecycle }
    }

    /// The current snapshot. Reading it takes no lock.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// The plugins of the [`snapshot`](Self::snapshot).
    #[must_use]
    pub fn registry(&self) -> Arc<PluginRegistry> {
        Arc::clone(&self.shared.snapshot.load().plugins)
    }

    /// Subscribes to every change from now on. A subscription doesn't keep the host running.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(Arc::clone(&self.shared))
    }

    /// The memory budget of all guests: bytes held, and the limit.
    #[must_use]
    pub fn memory_budget(&self) -> &MemoryBudget {
        &self.shared.memory
    }

    /// Compiles, starts and describes the plugins, then puts those that are ready into service in one change.
    /// Their code is dropped until the first call. On a duplicate id the plugin already in service wins, then
    /// the first listed. The registry keeps each refusal with its reason, also those of `unreadable`.
    ///
    /// The packages are prepared one after another in this future, beside the actor. If it is
    /// dropped before the last one is ready, nothing changes.
    pub async fn load<A: Into<ApprovalPolicy>>(
        &self,
        packages: impl IntoIterator<Item = (PluginPackage, A)>,
        unreadable: impl IntoIterator<Item = PackageError>,
    ) {
        let mut prepared = Vec::new();
        let mut refused: Vec<_> = unreadable.into_iter().map(RefusedPlugin::unreadable).collect();
        for (package, approval) in packages {
            let id = package.manifest.id.clone();
            let origin = package.origin.to_string();
            match self.prepare_package(package, &approval.into()).await {
                Ok(plugin) => prepared.push(plugin),
                Err(error) => refused.push(RefusedPlugin { id: Some(id), origin, error }),
            }
        }
        // Without a reply the host has stopped, and the plugins are dropped.
        self.ask(|reply| HostMessage::Change { prepared, refused, reply }).await;
    }

    /// Replaces all skills. Returns the new generation, or `None` if the host has stopped. It is
    /// for embedders whose skills don't come from folders: a [`Loader`](crate::actor::Loader) of
    /// this host replaces them when it finds a change. Skills that plugins in service provide are
    /// added to them.
    pub async fn put_skills(&self, skills: Arc<SkillRegistry>) -> Option<u64> {
        self.ask(|reply| HostMessage::Skills { skills, reply }).await
    }

    /// Prepares one package. Its approval is checked before its module is validated.
    async fn prepare_package(
        &self,
        package: PluginPackage,
        approval: &ApprovalPolicy,
    ) -> Result<PreparedPlugin, LoadError> {
        approved(&package.manifest, approval)?;
        let context = self.prepare_context(None);
        let ready = move || {
            let (head, bytes) = PackageHead::of(package);
            head.ready(Some(bytes), &context, Warmth::Cold)
        };
        self.contained(Box::pin(async { prepare(off_executor(ready).await?).await })).await
    }

    /// The parts of this host that preparing a package needs.
    pub(in crate::actor) fn prepare_context(
        &self,
        descriptions: Option<Descriptions>,
    ) -> PrepareContext {
        let HostState { options, memory, .. } = &*self.shared;
        PrepareContext {
            sandbox: options.sandbox.clone(),
            memory: Arc::clone(memory),
            module_bytes: options.module_bytes,
            descriptions,
        }
    }

    /// Whether a new version of this plugin is kept translated. It is if the version in service is, because calls
    /// will follow at once.
    pub(in crate::actor) fn warmth(&self, id: &str) -> Warmth {
        let snapshot = self.shared.snapshot.load();
        match snapshot.plugins.plugin(id).is_some_and(|plugin| plugin.module.is_translated()) {
            true => Warmth::Warm,
            false => Warmth::Cold,
        }
    }

    /// Runs work on a plugin that is loading. A panic in it is a failure to load.
    pub(in crate::actor) async fn contained<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, Result<T, LoadError>>,
    ) -> Result<T, LoadError> {
        let panicked = |message| LoadError::Start { error: CallError::Panicked { message } };
        let done = self.shared.tasks.contained(work).await;
        done.unwrap_or_else(|message| Err(panicked(message)))
    }

    /// Applies the changes of one reload. Returns the new generation, or `None` if the host has stopped.
    pub(in crate::actor) async fn update(&self, update: Update) -> Option<u64> {
        self.ask(|reply| HostMessage::Update { update, reply }).await
    }

    /// Takes a plugin out of service; calls in flight end on it. Returns whether it was in service.
    /// A loader of this host does not see that: it puts the plugin back only when its files change.
    pub async fn unload(&self, id: &str) -> bool {
        let id = id.to_owned();
        self.ask(|reply| HostMessage::Unload { id, reply }).await.unwrap_or(false)
    }

    /// Takes a plugin out of service if `policy` does not approve all its permissions; calls in
    /// flight are cancelled. Returns whether it was taken out of service.
    pub async fn review(&self, id: &str, policy: impl Into<ApprovalPolicy>) -> bool {
        let (id, policy) = (id.to_owned(), policy.into());
        self.ask(|reply| HostMessage::Review { id, policy, reply }).await.unwrap_or(false)
    }

    /// Takes a plugin out of service because its approval was revoked; calls in flight are cancelled.
    /// Returns whether it was in service.
    pub async fn revoke(&self, id: &str) -> bool {
        self.review(id, StoredApproval { revoked: true, ..StoredApproval::default() }).await
    }

    /// Cancels the calls in flight, takes every plugin and skill out of service, and stops and forgets
    /// every member; a loader can't put any back. Later calls fail with
    /// [`CallError::UnknownTool`].
    ///
    /// The host stays usable by hand: [`load`](Self::load) can put plugins into service again.
    pub async fn stop(&self) {
        self.ask(|reply| HostMessage::Stop { reply }).await;
        self.lifecycle.stop_all().await;
        self.lifecycle.forget_all().await;
    }

    /// Sends a message to the actor and waits for the reply. `None` means that the actor has ended.
    /// Once it is sent, the actor handles the message even if this future is dropped.
    async fn ask<T>(&self, message: impl FnOnce(ReplySender<T>) -> HostMessage) -> Option<T> {
        self.mailbox.ask(message).await
    }
}
