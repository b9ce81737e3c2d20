//! Guests as members: plugins that are channels, stages, memory backends or voice handlers live under
//! the same life cycle as native ones.

use std::sync::Arc;

use futures_lite::future::or;

use super::host::PluginHost;
use super::lifecycle::{LifecycleError, Member, MemberOrigin};
use super::registry::LoadedPlugin;
use crate::contract::{ChannelHost, PluginCapability};

/// Which channels of plugins are wanted, by the plugins' ids.
pub type WantedChannels = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Names of built-in channels, which no plugin may take: their senders can be the owner.
const BUILT_IN: [&str; 2] = ["console", "socket"];

impl PluginHost {
    /// Registers the channels, stages, memory backends and voice handlers of every plugin in
    /// service that is not registered yet, and takes out those whose plugin is gone: what a channel
    /// among them still waited for is given up. Messages of the channels go to `inbound`; those that
    /// `wanted` leaves out are left alone. Nothing is started.
    pub async fn adopt_guests(&self, inbound: &Arc<dyn ChannelHost>, wanted: &WantedChannels) {
        let snapshot = self.snapshot();
        for member in self.members().iter() {
            if let MemberOrigin::Plugin(id) = &member.origin {
                let declares = |plugin: &Arc<LoadedPlugin>| {
                    plugin.manifest.capabilities.contains(&member.kind)
                };
                if !snapshot.plugins.plugin(id).is_some_and(declares) {
                    self.let_go(member.kind, &member.name).await;
                }
            }
        }
        for plugin in snapshot.plugins.plugins() {
            let id = &plugin.manifest.id;
            let is_wanted =
                |kind: &&PluginCapability| **kind != PluginCapability::Channel || wanted(id);
            for kind in plugin.manifest.capabilities.iter().filter(is_wanted) {
                self.adopt(id, *kind, inbound).await;
            }
        }
    }

    /// Does the same whenever what is in service changes, and starts what is new. Ends when the host is
    /// [stopped](Self::stop), after what it had adopted is taken out; dropping it stops it.
    pub async fn follow_guests(&self, inbound: Arc<dyn ChannelHost>, wanted: WantedChannels) {
        let (mut changes, stopped) = (self.subscribe(), self.shared.stopped.token());
        loop {
            self.adopt_guests(&inbound, &wanted).await;
            for member in self.members().iter() {
                let is_new = member.state == super::lifecycle::LifecycleState::Registered;
                if is_new && matches!(member.origin, MemberOrigin::Plugin(_)) {
                    // Why it doesn't run is in its state.
                    let _ = self.start_member(member.kind, &member.name).await;
                }
            }
            // The last change comes before the end, so that nothing stays that was adopted meanwhile.
            let ended = async {
                stopped.cancelled().await;
                None
            };
            let Some(change) = or(changes.next(), ended).await else { return };
            // Another version may be another kind of stage: it begins anew. One that is no channel any
            // more is taken out above.
            let snapshot = self.snapshot();
            for changed in &change.plugins.changed {
                let plugin = snapshot.plugins.plugin(&changed.after.id);
                for member in self.members().iter() {
                    let stays =
                        plugin.is_some_and(|it| it.manifest.capabilities.contains(&member.kind));
                    if stays && member.origin == MemberOrigin::Plugin(changed.after.id.clone()) {
                        self.let_go(member.kind, &member.name).await;
                    }
                }
            }
        }
    }

    async fn adopt(&self, id: &str, kind: PluginCapability, inbound: &Arc<dyn ChannelHost>) {
        let known = self.members();
        if known.iter().any(|member| {
            member.kind == kind && member.origin == MemberOrigin::Plugin(id.to_owned())
        }) {
            return;
        }
        let member = match kind {
            PluginCapability::Channel if BUILT_IN.contains(&id) => {
                log::warn!("plugin {id}: `{id}` is a built-in channel, so it is not a channel");
                return;
            }
            PluginCapability::Channel => {
                self.channel(id).map(|channel| Member::channel(channel, Arc::clone(inbound)))
            }
            PluginCapability::PipelineStage => self.stage(id).map(Member::stage),
            PluginCapability::MemoryBackend => {
                self.memory(id).map(|memory| Member::memory(id, memory))
            }
            PluginCapability::Voice => self.voice(id).map(|voice| Member::voice(id, voice)),
            // Tools and skills are in the snapshot, and have no life of their own.
            PluginCapability::Tool | PluginCapability::Skill => return,
        };
        let registered = match member {
            Ok(member) => self.register(member.from_plugin(id)).await.map_err(|it| it.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(problem) = registered {
            log::warn!("plugin {id}: its {kind} can't be used: {problem}");
        }
    }

    /// Takes a member out, also one that doesn't stop in order.
    async fn let_go(&self, kind: PluginCapability, name: &str) {
        if let Err(error) = self.remove(kind, name).await
            && error != LifecycleError::Unknown
        {
            log::warn!("{kind} {name}: {error}");
        }
    }
}
