//! The plugin host: the actor that owns what is in service.
//!
//! Its handle is a sender. Changes go through the actor's mailbox, one after another; calls go
//! straight to the mailbox of the plugin that the snapshot names. Dropping the last handle stops
//! the host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use async_channel::{Receiver, Sender};
use futures_lite::future::or;
use smol::{Executor, Timer};

use super::load::{self, LoadError, PreparedPlugin};
use super::plugin::{self, MAILBOX, PluginActor};
use super::registry::{LoadedPlugin, PluginRegistry, RefusedPlugin};
use super::tool::HostedTool;
use crate::contract::{CallError, CallOutcome, CancellationSource, Tool, Usage, limits};
use crate::package::{ApprovalPolicy, PackageError, PluginPackage, StoredApproval};
use crate::sandbox::SandboxOptions;
use crate::wasm::{GuestCall, MemoryBudget};

/// How the host runs plugins.
#[derive(Clone)]
pub struct PluginHostOptions {
    /// What every sandbox is given.
    pub sandbox: SandboxOptions,
    /// Bytes of linear memory that all guests may hold together.
    pub memory_budget_bytes: usize,
    /// How long an instance may be idle before it is dropped.
    pub idle_timeout: Duration,
    /// Bytes that a module may have.
    pub module_bytes: usize,
}

impl PluginHostOptions {
    /// The defaults: a 64 MB budget, instances dropped after five idle minutes.
    #[must_use]
    pub fn new(sandbox: SandboxOptions) -> Self {
        Self {
            sandbox,
            memory_budget_bytes: limits::MEMORY_BUDGET_BYTES,
            idle_timeout: Duration::from_secs(300),
            module_bytes: limits::MODULE_BYTES,
        }
    }
}

/// A handle to the plugin host. Clones address the same host.
#[derive(Clone)]
pub struct PluginHost {
    mailbox: Sender<Message>,
    shared: Arc<Shared>,
}

/// What the handles read and only the actor replaces.
struct Shared {
    registry: ArcSwap<PluginRegistry>,
    options: PluginHostOptions,
    memory: Arc<MemoryBudget>,
}

enum Message {
    Change { prepared: Vec<PreparedPlugin>, refused: Vec<RefusedPlugin>, reply: Sender<()> },
    Unload { id: String, reply: Sender<bool> },
    Review { id: String, policy: ApprovalPolicy, reply: Sender<bool> },
    Stop { reply: Sender<()> },
}

impl PluginHost {
    /// Starts a host without plugins, whose tasks run on `executor`.
    #[must_use]
    pub fn start(executor: Arc<Executor<'static>>, options: PluginHostOptions) -> Self {
        let memory = MemoryBudget::new(options.memory_budget_bytes);
        let registry = ArcSwap::from_pointee(PluginRegistry::default());
        let shared = Arc::new(Shared { registry, options, memory });
        let (mailbox, inbox) = async_channel::bounded(MAILBOX);
        let tasks = Arc::clone(&executor);
        let (stop, shared_by_actor) = (CancellationSource::new(), Arc::clone(&shared));
        let actor = HostActor { inbox, shared: shared_by_actor, stop, executor };
        tasks.spawn(actor.run()).detach();
        Self { mailbox, shared }
    }

    /// What is in service now. The answer doesn't change; ask again for a newer one.
    #[must_use]
    pub fn registry(&self) -> Arc<PluginRegistry> {
        self.shared.registry.load_full()
    }

    /// Bytes of linear memory that all guests hold, and the limit.
    #[must_use]
    pub fn memory_budget(&self) -> &MemoryBudget {
        &self.shared.memory
    }

    /// Compiles, starts and describes the plugins, then puts those that are ready into service, all
    /// in one change. Where two have the same id the first one stays, before those as well that come
    /// later. What is refused is noted in the registry with its reason; so are the packages that
    /// `unreadable` says could not even be read.
    pub async fn load<A: Into<ApprovalPolicy>>(
        &self,
        packages: impl IntoIterator<Item = (PluginPackage, A)>,
        unreadable: impl IntoIterator<Item = PackageError>,
    ) {
        let mut prepared = Vec::new();
        let mut refused: Vec<_> = unreadable.into_iter().map(RefusedPlugin::unreadable).collect();
        let Shared { options, memory, .. } = &*self.shared;
        for (package, approval) in packages {
            let id = package.manifest.id.clone();
            let origin = package.origin.to_string();
            let PluginHostOptions { sandbox, module_bytes, .. } = options;
            let approval = approval.into();
            match load::prepare(package, &approval, sandbox, memory, *module_bytes).await {
                Ok(plugin) => prepared.push(plugin),
                Err(error) => refused.push(RefusedPlugin { id: Some(id), origin, error }),
            }
        }
        // No answer means that the host has stopped: there is nothing to put it into.
        self.ask(|reply| Message::Change { prepared, refused, reply }).await;
    }

    /// Takes a plugin out of service; calls in flight end on it. The answer tells whether it was
    /// there.
    pub async fn unload(&self, id: &str) -> bool {
        let id = id.to_owned();
        self.ask(|reply| Message::Unload { id, reply }).await.unwrap_or(false)
    }

    /// Takes a plugin out of service if `policy` does not approve all that it asks for; calls in
    /// flight are cancelled. The answer tells whether it was taken out.
    pub async fn review(&self, id: &str, policy: impl Into<ApprovalPolicy>) -> bool {
        let (id, policy) = (id.to_owned(), policy.into());
        self.ask(|reply| Message::Review { id, policy, reply }).await.unwrap_or(false)
    }

    /// Takes a plugin out of service because its approval was taken back; calls in flight are
    /// cancelled. The answer tells whether it was there.
    pub async fn revoke(&self, id: &str) -> bool {
        self.review(id, StoredApproval { revoked: true, ..StoredApproval::default() }).await
    }

    /// Runs a tool, by its full name or by a bare name that only one plugin has, with its
    /// parameters as JSON text. Dropping the future cancels the call and frees the guest.
    pub async fn call(&self, tool: &str, params: String) -> CallOutcome {
        let failed = |error| CallOutcome { result: Err(error), usage: Usage::default() };
        if params.len() > limits::PARAMS_BYTES {
            let problem = format!("{} bytes, of at most {}", params.len(), limits::PARAMS_BYTES);
            return failed(CallError::InvalidParams { problem });
        }
        let (mailbox, call) = {
            let registry = self.shared.registry.load();
            let entry = match registry.find_tool(tool) {
                Ok(entry) => entry,
                Err(error) => return failed(error),
            };
            let tool = entry.description().name.clone();
            (entry.plugin.mailbox.clone(), GuestCall::Tool { tool, params })
        };
        let CallOutcome { result, usage } = plugin::submit(mailbox, call).await;
        let text = result.map(|value| value.into_text().unwrap_or_default());
        CallOutcome { result: text, usage }
    }

    /// The tool as a trait object, by full or unique bare name.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownTool`] and [`CallError::AmbiguousTool`].
    pub fn tool(&self, name: &str) -> Result<Arc<dyn Tool>, CallError> {
        let registry = self.shared.registry.load();
        let entry = registry.find_tool(name)?;
        Ok(Arc::new(HostedTool::new(self.clone(), entry)))
    }

    /// Cancels the calls in flight and takes every plugin out of service. Later calls are answered
    /// with [`CallError::UnknownTool`].
    pub async fn stop(&self) {
        self.ask(|reply| Message::Stop { reply }).await;
    }

    async fn ask<T>(&self, message: impl FnOnce(Sender<T>) -> Message) -> Option<T> {
        let (reply, answer) = async_channel::bounded(1);
        self.mailbox.send(message(reply)).await.ok()?;
        answer.recv().await.ok()
    }
}

struct HostActor {
    inbox: Receiver<Message>,
    shared: Arc<Shared>,
    stop: CancellationSource,
    executor: Arc<Executor<'static>>,
}

impl HostActor {
    async fn run(mut self) {
        // Idle instances are looked for four times in the time they may be idle.
        let idle_timeout = self.shared.options.idle_timeout;
        let sweep = (idle_timeout / 4).max(Duration::from_millis(10));
        loop {
            let received = or(async { Some(self.inbox.recv().await) }, async {
                Timer::after(sweep).await;
                None
            });
            match received.await {
                Some(Ok(message)) => self.handle(message).await,
                Some(Err(_)) => break,
                None => {
                    if let Some(moment) = Instant::now().checked_sub(idle_timeout) {
                        self.shared.memory.drop_idle_since(moment);
                    }
                }
            }
        }
        self.stop_all();
    }

    async fn handle(&mut self, message: Message) {
        // A reply that nobody waits for any more is no failure.
        match message {
            Message::Change { prepared, refused, reply } => {
                self.change(prepared, refused);
                let _ = reply.send(()).await;
            }
            Message::Unload { id, reply } => {
                let there = self.shared.registry.load().plugin(&id).is_some();
                if there {
                    self.replace(|registry| registry.without(&id));
                }
                let _ = reply.send(there).await;
            }
            Message::Review { id, policy, reply } => {
                let _ = reply.send(self.review(&id, &policy)).await;
            }
            Message::Stop { reply } => {
                self.stop_all();
                let _ = reply.send(()).await;
            }
        }
    }

    /// Puts plugins into service, but for those whose id is taken.
    fn change(&self, prepared: Vec<PreparedPlugin>, mut refused: Vec<RefusedPlugin>) {
        let registry = self.shared.registry.load();
        let mut added: BTreeMap<String, Arc<LoadedPlugin>> = BTreeMap::new();
        for plugin in prepared {
            let id = plugin.manifest.id.clone();
            match registry.plugin(&id).or_else(|| added.get(&id)) {
                Some(other) => refused.push(RefusedPlugin {
                    error: LoadError::Shadowed { by: other.origin.to_string() },
                    origin: plugin.origin.to_string(),
                    id: Some(id),
                }),
                None => {
                    added.insert(id, Arc::new(self.spawn(plugin)));
                }
            }
        }
        self.replace(|registry| registry.with(added, refused));
    }

    /// Whether the plugin was taken out of service, because it asks for more than it may have.
    fn review(&self, id: &str, policy: &ApprovalPolicy) -> bool {
        let registry = self.shared.registry.load();
        let Some(plugin) = registry.plugin(id) else { return false };
        let unapproved = policy.missing(&plugin.manifest.permissions);
        if unapproved.is_empty() {
            return false;
        }
        plugin.revocation.cancel();
        let refused = RefusedPlugin {
            id: Some(id.to_owned()),
            origin: plugin.origin.to_string(),
            error: LoadError::pending(id, unapproved, policy),
        };
        self.replace(|registry| registry.without(id).with(BTreeMap::new(), vec![refused]));
        true
    }

    fn spawn(&self, plugin: PreparedPlugin) -> LoadedPlugin {
        let PreparedPlugin { manifest, tools, facts, origin, warnings, recipe, instance } = plugin;
        let (mailbox, inbox) = async_channel::bounded(MAILBOX);
        let module = Arc::clone(&recipe.module);
        let revocation = Arc::new(CancellationSource::new());
        let actor = PluginActor {
            parked: Some(recipe.memory.park(instance, Instant::now())),
            recipe,
            mode: manifest.instance,
            mailbox: inbox,
            stop: self.stop.token(),
            revocation: Arc::clone(&revocation),
            executor: Arc::clone(&self.executor),
        };
        self.executor.spawn(actor.run()).detach();
        LoadedPlugin { manifest, tools, facts, origin, warnings, module, mailbox, revocation }
    }

    fn replace(&self, change: impl FnOnce(&PluginRegistry) -> PluginRegistry) {
        let next = change(&self.shared.registry.load());
        self.shared.registry.store(Arc::new(next));
    }

    /// Cancels what runs; what comes later finds no plugin and a new, uncancelled token.
    fn stop_all(&mut self) {
        self.stop = CancellationSource::new();
        self.replace(PluginRegistry::emptied);
    }
}
