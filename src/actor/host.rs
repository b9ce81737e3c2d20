//! The plugin host: the actor that owns what is in service.
//!
//! Its handle is a sender. Changes go through the actor's mailbox, one after another; calls go
//! straight to the mailbox of the plugin that the snapshot names. Dropping the last handle stops
//! the host.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_lite::future::or;
use smol::{Executor, Timer};

use super::lifecycle::Lifecycle;
use super::load::LoadError;
use super::mail;
use super::options::PluginHostOptions;
use super::plugin::{MAILBOX, PluginActor, Seat};
use super::prepare::{Afterwards, PackageHead, PreparedPlugin, Workshop, approved, prepare};
use super::registry::{LoadedPlugin, PluginRegistry, RefusedPlugin};
use super::snapshot::Snapshot;
use super::subscription::Subscription;
use crate::contract::{BoxFuture, CallError, CancellationSource, SortedMap};
use crate::package::{ApprovalPolicy, Descriptions, PackageError, PluginPackage, StoredApproval};
use crate::skill::SkillRegistry;
use crate::task::{Asker, Inbox, Mailbox, Tasks, mailbox, off_executor};
use crate::wasm::MemoryBudget;

/// A handle to the plugin host. Clones address the same host.
#[derive(Clone)]
pub struct PluginHost {
    mailbox: Mailbox<Message>,
    pub(super) shared: Arc<Shared>,
    pub(super) lifecycle: Lifecycle,
}

/// State that handles read and only the actor replaces.
pub(super) struct Shared {
    pub(super) tasks: Tasks,
    pub(super) snapshot: ArcSwap<Snapshot>,
    pub(super) options: PluginHostOptions,
    memory: Arc<MemoryBudget>,
    /// Fires when the host has stopped for good.
    pub(super) stopped: CancellationSource,
}

/// The changes of one reload.
#[derive(Default)]
pub(super) struct Update {
    /// Plugins whose approval was revoked: calls in flight are cancelled.
    pub(super) revoke: Vec<String>,
    /// Plugins that go, or that `add` replaces: calls in flight end on them.
    pub(super) remove: Vec<String>,
    /// Plugins that are ready. Where one of the id is in service still, that one stays.
    pub(super) add: Vec<PreparedPlugin>,
    /// All that the loader has refused, before as well as now.
    pub(super) refused: Vec<RefusedPlugin>,
    /// The skills there are now.
    pub(super) skills: Arc<SkillRegistry>,
}

enum Message {
    Update { update: Update, reply: Asker<u64> },
    Change { prepared: Vec<PreparedPlugin>, refused: Vec<RefusedPlugin>, reply: Asker<()> },
    Skills { skills: Arc<SkillRegistry>, reply: Asker<u64> },
    Unload { id: String, reply: Asker<bool> },
    Review { id: String, policy: ApprovalPolicy, reply: Asker<bool> },
    Stop { reply: Asker<()> },
}

impl PluginHost {
    /// Starts a host without plugins, whose tasks run on `executor`. It does not keep the executor:
    /// once that is dropped, the host has ended.
    #[must_use]
    pub fn start(executor: &Arc<Executor<'static>>, options: PluginHostOptions) -> Self {
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
        let shared = Arc::new(Shared {
            tasks: tasks.clone(),
            snapshot,
            options,
            memory,
            stopped: CancellationSource::new(),
        });
        let (mailbox, inbox) = mailbox(MAILBOX);
        let (stop, shared_by_actor) = (CancellationSource::new(), Arc::clone(&shared));
        let actor = HostActor {
            inbox,
            shared: shared_by_actor,
            stop,
            tasks: tasks.clone(),
            replaced,
            loads: 0,
            draining: Vec::new(),
            refused_by_loader: Vec::new(),
            refused_by_hand: Vec::new(),
            skills: Arc::default(),
        };
        tasks.detach(actor.run());
        Self { mailbox, shared, lifecycle }
    }

    /// The current snapshot, which never changes itself. Reading it takes no lock.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// The plugins of the [`snapshot`](Self::snapshot).
    #[must_use]
    pub fn registry(&self) -> Arc<PluginRegistry> {
        Arc::clone(&self.shared.snapshot.load().plugins)
    }

    /// Hears of every change from now on. A subscription doesn't keep the host running.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(Arc::clone(&self.shared))
    }

    /// Bytes of linear memory that all guests hold, and the limit.
    #[must_use]
    pub fn memory_budget(&self) -> &MemoryBudget {
        &self.shared.memory
    }

    /// Compiles, starts and describes the plugins, then puts those that are ready into service, all
    /// in one change. Their code is
    /// dropped until the first call. On a duplicate id the plugin already in service wins, then the first
    /// listed. The registry keeps each refusal with its reason, also for the packages in `unreadable`.
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
        // No answer means that the host has stopped: there is nothing to put it into.
        self.ask(|reply| Message::Change { prepared, refused, reply }).await;
    }

    /// Replaces all skills. Returns the new generation, or `None` when the host has stopped. For embedders whose skills don't come from folders: a
    /// [`Loader`](super::Loader) of this host replaces them when it finds a change.
    pub async fn put_skills(&self, skills: Arc<SkillRegistry>) -> Option<u64> {
        self.ask(|reply| Message::Skills { skills, reply }).await
    }

    async fn prepare_package(
        &self,
        package: PluginPackage,
        approval: &ApprovalPolicy,
    ) -> Result<PreparedPlugin, LoadError> {
        approved(&package.manifest, approval)?;
        let workshop = self.workshop(None);
        let ready = move || {
            let (head, bytes) = PackageHead::of(package);
            head.ready(Some(bytes), &workshop, Afterwards::Cold)
        };
        self.contained(Box::pin(async { prepare(off_executor(ready).await?).await })).await
    }

    /// What preparing a package needs from this host.
    pub(super) fn workshop(&self, descriptions: Option<Descriptions>) -> Workshop {
        let Shared { options, memory, .. } = &*self.shared;
        Workshop {
            sandbox: options.sandbox.clone(),
            memory: Arc::clone(memory),
            module_bytes: options.module_bytes,
            descriptions,
        }
    }

    /// Whether a new version of this plugin is kept translated: if the one in service is, calls will
    /// follow at once.
    pub(super) fn afterwards(&self, id: &str) -> Afterwards {
        let snapshot = self.shared.snapshot.load();
        match snapshot.plugins.plugin(id).is_some_and(|plugin| plugin.module.is_translated()) {
            true => Afterwards::Warm,
            false => Afterwards::Cold,
        }
    }

    /// Runs work on a plugin that is loading. A panic in it is a failure to load.
    pub(super) async fn contained<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, Result<T, LoadError>>,
    ) -> Result<T, LoadError> {
        let panicked = |message| LoadError::Start { error: CallError::Panicked { message } };
        let done = self.shared.tasks.contained(work).await;
        done.unwrap_or_else(|message| Err(panicked(message)))
    }

    /// Applies the changes of one reload. Returns the new generation, or `None` when the host has
    /// stopped.
    pub(super) async fn update(&self, update: Update) -> Option<u64> {
        self.ask(|reply| Message::Update { update, reply }).await
    }

    /// Takes a plugin out of service; calls in flight end on it. Returns whether it was in service.
    pub async fn unload(&self, id: &str) -> bool {
        let id = id.to_owned();
        self.ask(|reply| Message::Unload { id, reply }).await.unwrap_or(false)
    }

    /// Takes a plugin out of service if `policy` does not approve all that it asks for; calls in
    /// flight are cancelled. Returns whether it was taken out of service.
    pub async fn review(&self, id: &str, policy: impl Into<ApprovalPolicy>) -> bool {
        let (id, policy) = (id.to_owned(), policy.into());
        self.ask(|reply| Message::Review { id, policy, reply }).await.unwrap_or(false)
    }

    /// Takes a plugin out of service because its approval was revoked; calls in flight are cancelled.
    /// Returns whether it was in service.
    pub async fn revoke(&self, id: &str) -> bool {
        self.review(id, StoredApproval { revoked: true, ..StoredApproval::default() }).await
    }

    /// Cancels the calls in flight, takes every plugin and skill out of service, and stops and forgets
    /// every member; a loader can't put any back. Later calls are answered with
    /// [`CallError::UnknownTool`](crate::contract::CallError::UnknownTool).
    pub async fn stop(&self) {
        self.ask(|reply| Message::Stop { reply }).await;
        self.lifecycle.stop_all().await;
        self.lifecycle.forget_all().await;
    }

    async fn ask<T>(&self, message: impl FnOnce(Asker<T>) -> Message) -> Option<T> {
        self.mailbox.ask(message).await
    }
}

struct HostActor {
    inbox: Inbox<Message>,
    shared: Arc<Shared>,
    stop: CancellationSource,
    tasks: Tasks,
    /// Fires when a newer snapshot replaces this one.
    replaced: CancellationSource,
    /// How many plugins were ever put into service.
    loads: u64,
    /// Plugins out of service whose calls may still be in flight.
    draining: Vec<(String, Weak<CancellationSource>)>,
    refused_by_loader: Vec<RefusedPlugin>,
    refused_by_hand: Vec<RefusedPlugin>,
    /// The skills from folders, without those that plugins provide.
    skills: Arc<SkillRegistry>,
}

type Plugins = SortedMap<String, Arc<LoadedPlugin>>;

impl HostActor {
    async fn run(mut self) {
        // Idle instances are looked for four times in the time they may be idle.
        let idle_timeout = self.shared.options.idle_timeout;
        let sweep = (idle_timeout / 4).max(Duration::from_millis(10));
        loop {
            let received = or(async { Some(self.inbox.next().await) }, async {
                Timer::after(sweep).await;
                None
            });
            match received.await {
                Some(Some(message)) => self.handle(message),
                Some(None) => break,
                None => {
                    if let Some(moment) = Instant::now().checked_sub(idle_timeout) {
                        self.shared.memory.drop_idle_since(moment);
                    }
                }
            }
        }
        self.stop_all();
    }

    fn handle(&mut self, message: Message) {
        // A reply that nobody waits for any more is no failure.
        match message {
            // Whatever the loader was at when all was stopped came too late.
            Message::Update { .. } if self.shared.stopped.token().is_cancelled() => {}
            Message::Update { update, reply } => {
                reply.send(self.update(update));
            }
            Message::Change { prepared, refused, reply } => {
                let mut plugins = self.plugins();
                self.refused_by_hand.extend(refused);
                let shadowed = self.add(&mut plugins, prepared);
                self.refused_by_hand.extend(shadowed);
                self.replace(plugins, None);
                reply.send(());
            }
            Message::Skills { skills, reply } => {
                let plugins = self.plugins();
                reply.send(self.replace(plugins, Some(skills)));
            }
            Message::Unload { id, reply } => {
                let mut plugins = self.plugins();
                let there = self.take_out(&mut plugins, &id).is_some();
                if there {
                    self.replace(plugins, None);
                }
                reply.send(there);
            }
            Message::Review { id, policy, reply } => {
                reply.send(self.review(&id, &policy));
            }
            Message::Stop { reply } => {
                self.stop_all();
                self.shared.stopped.cancel();
                reply.send(());
            }
        }
    }

    fn update(&mut self, update: Update) -> u64 {
        let Update { revoke, remove, add, mut refused, skills } = update;
        let mut plugins = self.plugins();
        for id in revoke {
            self.take_out(&mut plugins, &id);
            self.cancel(&id);
        }
        for id in remove {
            self.take_out(&mut plugins, &id);
        }
        let added: Vec<_> = add.iter().map(|plugin| Some(plugin.manifest.id.clone())).collect();
        self.refused_by_hand.retain(|refused| !added.contains(&refused.id));
        refused.extend(self.add(&mut plugins, add));
        self.refused_by_loader = refused;
        self.replace(plugins, Some(skills))
    }

    /// Adds plugins whose id is not in service yet, and returns refusals for the others.
    fn add(&mut self, plugins: &mut Plugins, prepared: Vec<PreparedPlugin>) -> Vec<RefusedPlugin> {
        let mut refused = Vec::new();
        for plugin in prepared {
            let id = plugin.manifest.id.clone();
            match plugins.get(&id) {
                Some(other) => refused.push(RefusedPlugin {
                    error: LoadError::Shadowed { by: other.origin.to_string() },
                    origin: plugin.origin.to_string(),
                    id: Some(id),
                }),
                None => {
                    plugins.insert(id, Arc::new(self.spawn(plugin)));
                }
            }
        }
        refused
    }

    /// Whether the plugin was taken out of service, because it asks for more than it may have.
    fn review(&mut self, id: &str, policy: &ApprovalPolicy) -> bool {
        let mut plugins = self.plugins();
        let Some(plugin) = plugins.get(id) else { return false };
        let unapproved = policy.missing(&plugin.manifest.permissions);
        if unapproved.is_empty() {
            return false;
        }
        self.refused_by_hand.push(RefusedPlugin {
            id: Some(id.to_owned()),
            origin: plugin.origin.to_string(),
            error: LoadError::pending(id, unapproved, policy),
        });
        self.take_out(&mut plugins, id);
        self.cancel(id);
        self.replace(plugins, None);
        true
    }

    /// Takes a plugin out of those in service. Its calls in flight end on it, unless its approval
    /// is taken back before.
    fn take_out(&mut self, plugins: &mut Plugins, id: &str) -> Option<Arc<LoadedPlugin>> {
        let plugin = plugins.remove(id)?;
        self.draining.retain(|(_, source)| source.strong_count() > 0);
        self.draining.push((id.to_owned(), Arc::downgrade(&plugin.revocation)));
        Some(plugin)
    }

    /// Cancels the calls in flight on every version of a plugin that is out of service.
    fn cancel(&self, id: &str) {
        let of_this = self.draining.iter().filter(|(other, _)| other == id);
        for source in of_this.filter_map(|(_, source)| source.upgrade()) {
            source.cancel();
        }
    }

    fn spawn(&mut self, plugin: PreparedPlugin) -> LoadedPlugin {
        let PreparedPlugin { manifest, tools, facts, origin, warnings, spec, instance, .. } =
            plugin;
        let (mailbox, inbox) = mail::mailbox(MAILBOX);
        let module = Arc::clone(&spec.module);
        let sandbox = Arc::clone(&spec.sandbox);
        let revocation = Arc::new(CancellationSource::new());
        let parked = instance.map(|instance| spec.memory.park(instance, Instant::now()));
        let seat = Seat {
            spec,
            mode: manifest.instance,
            mailbox: inbox,
            stop: self.stop.token(),
            revocation: Arc::clone(&revocation),
            tasks: self.tasks.clone(),
        };
        PluginActor::start(Arc::new(seat), parked);
        self.loads += 1;
        let tools = tools.into_iter().map(Arc::new).collect();
        let load = self.loads;
        let provided_skill = facts.skill.as_ref().map(|skill| skill.found(&manifest.id));
        LoadedPlugin {
            manifest,
            tools,
            facts,
            origin,
            warnings,
            module,
            provided_skill,
            sandbox,
            mailbox,
            revocation,
            load,
        }
    }

    fn plugins(&self) -> Plugins {
        self.shared.snapshot.load().plugins.by_id().clone()
    }

    /// Publishes the next snapshot and wakes those who wait for it.
    fn replace(&mut self, plugins: Plugins, skills: Option<Arc<SkillRegistry>>) -> u64 {
        let now = self.shared.snapshot.load_full();
        let generation = now.generation + 1;
        let refused = [self.refused_by_hand.as_slice(), &self.refused_by_loader].concat();
        let replaced = CancellationSource::new();
        if let Some(skills) = skills {
            self.skills = skills;
        }
        let provided: Vec<_> =
            plugins.values().filter_map(|plugin| plugin.provided_skill.clone()).collect();
        let skills = match provided.is_empty() {
            true => Arc::clone(&self.skills),
            false => Arc::new(self.skills.with_plugin_skills(provided)),
        };
        self.shared.snapshot.store(Arc::new(Snapshot {
            generation,
            plugins: Arc::new(PluginRegistry::build(generation, plugins, refused)),
            skills,
            replaced: replaced.token(),
        }));
        self.replaced = replaced;
        generation
    }

    /// Cancels what runs; what comes later finds nothing and a new, uncancelled token.
    fn stop_all(&mut self) {
        self.stop = CancellationSource::new();
        self.refused_by_hand.clear();
        self.refused_by_loader.clear();
        self.replace(Plugins::new(), Some(Arc::default()));
    }
}
