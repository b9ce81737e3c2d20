//! The actor of the plugin host: it owns what is in service and publishes the snapshots.
//!
//! The actor handles one message at a time and never waits while it does, so each message is one
//! atomic change: no reader sees half of a reload. What takes time, such as reading, compiling and
//! describing plugins, is done before the message is sent.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::state::HostState;
use crate::actor::load::LoadError;
use crate::actor::mail;
use crate::actor::plugin::{MAILBOX, PluginActor, Seat};
use crate::actor::prepare::PreparedPlugin;
use crate::actor::registry::{LoadedPlugin, PluginRegistry, RefusedPlugin};
use crate::actor::snapshot::Snapshot;
use crate::contract::{CancellationSource, InstanceMode, PluginCapability, SortedMap};
use crate::package::ApprovalPolicy;
use crate::skill::SkillRegistry;
use crate::task::{Inbox, Mailbox, ReplySender, SystemClock, mailbox, within};

/// The changes of one reload, which become one generation. They are applied in the order of the
/// fields.
#[derive(Default)]
pub(in crate::actor) struct Update {
    /// Plugins whose approval was revoked: calls in flight are cancelled.
    pub(in crate::actor) revoke: Vec<String>,
    /// Plugins that are removed, or that `add` replaces: calls in flight end on them.
    pub(in crate::actor) remove: Vec<String>,
    /// Plugins that are ready. A plugin in service with the same id stays instead.
    pub(in crate::actor) add: Vec<PreparedPlugin>,
    /// All refusals of the loader, old and new.
    pub(in crate::actor) refused: Vec<RefusedPlugin>,
    /// All skills.
    pub(in crate::actor) skills: Arc<SkillRegistry>,
}

/// A request to the actor. The reply comes after the new snapshot is published.
pub(super) enum HostMessage {
    /// The changes of a reload, by the loader. Replies with the generation.
    Update { update: Update, reply: ReplySender<u64> },
    /// Plugins that an embedder loads, and refusals. Refused ones are kept until a load or
    /// reload adds the same id.
    Change { prepared: Vec<PreparedPlugin>, refused: Vec<RefusedPlugin>, reply: ReplySender<()> },
    /// Other skills from folders. Replies with the generation.
    Skills { skills: Arc<SkillRegistry>, reply: ReplySender<u64> },
    /// Takes a plugin out of service. Replies whether it was there.
    Unload { id: String, reply: ReplySender<bool> },
    /// Checks a plugin against an approval. Replies whether it went out of service.
    Review { id: String, policy: ApprovalPolicy, reply: ReplySender<bool> },
    /// Takes everything out of service, and refuses the loader's updates from then on.
    Stop { reply: ReplySender<()> },
}

/// The actor's own state. The rest is in the snapshot, which only this actor replaces.
pub(super) struct HostActor {
    inbox: Inbox<HostMessage>,
    shared: Arc<HostState>,
    /// Cancels the calls in flight of every plugin that was started since the last stop.
    stop: CancellationSource,
    /// Fires when a newer snapshot replaces this one.
    replaced: CancellationSource,
    /// The number of plugins that were ever put into service.
    loads: u64,
    /// Plugins out of service whose calls may still be in flight. They are kept for a revocation
    /// that comes later. The plugin's actor owns the source, so an entry without one is done.
    draining: Vec<(String, Weak<CancellationSource>)>,
    /// The refusals of the last reload. The next one replaces them as a whole.
    refused_by_loader: Vec<RefusedPlugin>,
    /// The refusals of `load` and `review`, which no reload knows of.
    refused_by_hand: Vec<RefusedPlugin>,
    /// The skills from folders, without those that plugins provide.
    skills: Arc<SkillRegistry>,
}

/// The plugins in service, by id. A change works on a copy, which shares the plugins.
type Plugins = SortedMap<String, Arc<LoadedPlugin>>;

impl HostActor {
    /// Starts the actor; `replaced` ends the first snapshot.
    pub(super) fn start(
        shared: Arc<HostState>,
        replaced: CancellationSource,
    ) -> Mailbox<HostMessage> {
        let (mailbox, inbox) = mailbox(MAILBOX);
        let tasks = shared.tasks.clone();
        let actor = Self {
            inbox,
            shared,
            stop: CancellationSource::new(),
            replaced,
            loads: 0,
            draining: Vec::new(),
            refused_by_loader: Vec::new(),
            refused_by_hand: Vec::new(),
            skills: Arc::default(),
        };
        tasks.detach(actor.run());
        mailbox
    }

    /// Handles messages until the last handle is gone, and drops idle instances in between.
    async fn run(mut self) {
        // Idle instances are checked four times within their idle timeout.
        let idle_timeout = self.shared.options.idle_timeout;
        let sweep = (idle_timeout / 4).max(Duration::from_millis(10));
        loop {
            match within(&SystemClock, sweep, self.inbox.next()).await {
                Some(Some(message)) => self.handle(message),
                Some(None) => break,
                None => {
                    // Soon after the start of the machine there may be no such moment.
                    if let Some(moment) = Instant::now().checked_sub(idle_timeout) {
                        self.shared.memory.drop_idle_since(moment);
                    }
                }
            }
        }
        self.stop_all();
    }

    /// Handles one message.
    fn handle(&mut self, message: HostMessage) {
        // Nobody may be waiting for the reply any more.
        match message {
            // A reload that was under way when the host stopped is too late.
            HostMessage::Update { .. } if self.shared.stopped.token().is_cancelled() => {}
            HostMessage::Update { update, reply } => {
                reply.send(self.update(update));
            }
            HostMessage::Change { prepared, refused, reply } => {
                let mut plugins = self.plugins();
                let ids: Vec<_> =
                    prepared.iter().map(|plugin| Some(plugin.manifest.id.clone())).collect();
                // A refusal is of the last attempt: earlier ones must neither pile up nor outlive a success.
                self.refused_by_hand.retain(|known| {
                    let place = (&known.id, &known.origin);
                    !ids.contains(&known.id)
                        && refused.iter().all(|it| (&it.id, &it.origin) != place)
                });
                self.refused_by_hand.extend(refused);
                let shadowed = self.add(&mut plugins, prepared);
                self.refused_by_hand.extend(shadowed);
                self.replace(plugins, None);
                reply.send(());
            }
            HostMessage::Skills { skills, reply } => {
                let plugins = self.plugins();
                reply.send(self.replace(plugins, Some(skills)));
            }
            HostMessage::Unload { id, reply } => {
                let mut plugins = self.plugins();
                let there = self.withdraw(&mut plugins, &id).is_some();
                if there {
                    self.replace(plugins, None);
                }
                reply.send(there);
            }
            HostMessage::Review { id, policy, reply } => {
                reply.send(self.review(&id, &policy));
            }
            HostMessage::Stop { reply } => {
                self.stop_all();
                self.shared.stopped.cancel();
                reply.send(());
            }
        }
    }

    /// Applies a reload. Removals come before additions, because a new version has the id of the
    /// old one.
    fn update(&mut self, update: Update) -> u64 {
        let Update { revoke, remove, add, mut refused, skills } = update;
        let mut plugins = self.plugins();
        for id in revoke {
            self.withdraw(&mut plugins, &id);
            self.cancel(&id);
        }
        for id in remove {
            self.withdraw(&mut plugins, &id);
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

    /// Takes a plugin out of service if its permissions are not all approved. Returns whether it did.
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
        self.withdraw(&mut plugins, id);
        self.cancel(id);
        self.replace(plugins, None);
        true
    }

    /// Removes a plugin from those in service. Its calls in flight end on it, unless its approval is revoked
    /// first.
    fn withdraw(&mut self, plugins: &mut Plugins, id: &str) -> Option<Arc<LoadedPlugin>> {
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

    /// Starts the plugin's actor. The plugin is in service only when a snapshot names it.
    fn spawn(&mut self, plugin: PreparedPlugin) -> LoadedPlugin {
        let PreparedPlugin { manifest, tools, metadata, origin, warnings, spec, instance, .. } =
            plugin;
        let module = Arc::clone(&spec.module);
        let sandbox = Arc::clone(&spec.sandbox);
        let revocation = Arc::new(CancellationSource::new());
        let parked = instance.map(|instance| spec.memory.park(instance, Instant::now()));
        let start = |parked| {
            let (mailbox, inbox) = mail::mailbox(MAILBOX);
            let seat = Seat {
                spec: spec.clone(),
                mode: manifest.instance,
                mailbox: inbox,
                stop: self.stop.token(),
                revocation: Arc::clone(&revocation),
                tasks: self.shared.tasks.clone(),
            };
            PluginActor::start(Arc::new(seat), parked);
            mailbox
        };
        let is_polled = manifest.capabilities.contains(&PluginCapability::Channel);
        let has_several = is_polled && manifest.instance == InstanceMode::Resident;
        let polling = has_several.then(|| start(None));
        #[cfg(feature = "serve")]
        let hooks = (has_several && module.summary().has_webhook()).then(|| start(None));
        let mailbox = start(parked);
        self.loads += 1;
        let tools = tools.into_iter().map(Arc::new).collect();
        let load = self.loads;
        let provided_skill = metadata.skill.as_ref().map(|skill| skill.found(&manifest.id));
        LoadedPlugin {
            manifest,
            tools,
            metadata,
            origin,
            warnings,
            module,
            provided_skill,
            sandbox,
            mailbox,
            polling,
            #[cfg(feature = "serve")]
            hooks,
            revocation,
            load,
        }
    }

    /// A copy of the plugins in service, to be changed.
    fn plugins(&self) -> Plugins {
        self.shared.snapshot.load().plugins.by_id().clone()
    }

    /// Publishes the next snapshot and wakes its waiters. Returns its generation. `None` for
    /// `skills` keeps those from folders; the skills that plugins provide are added in either case.
    /// A plugin that no snapshot names any more ends when its calls have.
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
        // Dropping the old source wakes the waiters of the old snapshot, which find the new one.
        self.replaced = replaced;
        generation
    }

    /// Cancels the calls in flight and takes everything out of service. Later plugins get a new token.
    fn stop_all(&mut self) {
        // Dropping the old source cancels its tokens.
        self.stop = CancellationSource::new();
        self.refused_by_hand.clear();
        self.refused_by_loader.clear();
        self.replace(Plugins::new(), Some(Arc::default()));
    }
}
