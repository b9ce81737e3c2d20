//! Guests as members: plugins that are channels, stages, memory backends or voice handlers have the same
//! life cycle as native members.
//!
//! A member made from a guest holds the plugin's id. So it outlives a new version of the plugin,
//! and only its kind and its answers at load may become outdated. That is why the members of a
//! changed plugin are registered again.

use std::sync::Arc;

use futures_lite::future::or;

use super::host::PluginHost;
use super::lifecycle::{LifecycleError, Member, MemberOrigin};
use super::registry::LoadedPlugin;
use crate::contract::{ChannelHost, PluginCapability};

/// Whether a plugin's channel is served, by the plugin's id. The program serves all of them, or
/// only those that the operator names.
pub type WantedChannels = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Names of built-in channels. No plugin's channel may have them, because their senders can be the owner.
const BUILT_IN: [&str; 2] = ["console", "socket"];

impl PluginHost {
    /// Registers the channels, stages, memory backends and voice handlers of all plugins in
    /// service, and removes those whose plugin is gone or no longer of their kind, with the pending answers of a removed
    /// channel. Messages of the channels go to `inbound`. Channels that `wanted` excludes are not
    /// registered. No member is started.
    ///
    /// If the future is dropped, the rest is left to the next call: each member is registered or
    /// removed on its own.
    pub async fn adopt_guests(&self, inbound: &Arc<dyn ChannelHost>, wanted: &WantedChannels) {
        let snapshot = self.snapshot();
        for member in self.members().iter() {
            if let MemberOrigin::Plugin(id) = &member.origin {
                let declares = |plugin: &Arc<LoadedPlugin>| {
                    plugin.manifest.capabilities.contains(&member.kind)
                };
                if !snapshot.plugins.plugin(id).is_some_and(declares) {
                    self.remove_guest(member.kind, &member.name).await;
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

    /// Calls [`adopt_guests`](Self::adopt_guests) after every change, and starts the new members. It ends when
    /// the host is [stopped](Self::stop), after it has removed its members. Dropping the future stops it.
    pub async fn follow_guests(&self, inbound: Arc<dyn ChannelHost>, wanted: WantedChannels) {
        let (mut changes, stopped) = (self.subscribe(), self.shared.stopped.token());
        loop {
            self.adopt_guests(&inbound, &wanted).await;
            for member in self.members().iter() {
                let is_new = member.state == super::lifecycle::LifecycleState::Registered;
                if is_new && matches!(member.origin, MemberOrigin::Plugin(_)) {
                    // A failure is in the member's state.
                    let _ = self.start_member(member.kind, &member.name).await;
                }
            }
            // The last change is handled before the end, so that no adopted member stays.
            let ended = async {
                stopped.cancelled().await;
                None
            };
            let Some(change) = or(changes.next(), ended).await else { return };
            // A new version may be another kind of stage, so its members are registered again. Members of
            // kinds that it no longer has are removed above.
            let snapshot = self.snapshot();
            for changed in &change.plugins.changed {
                let plugin = snapshot.plugins.plugin(&changed.after.id);
                for member in self.members().iter() {
                    let stays =
                        plugin.is_some_and(|it| it.manifest.capabilities.contains(&member.kind));
                    if stays && member.origin == MemberOrigin::Plugin(changed.after.id.clone()) {
                        self.remove_guest(member.kind, &member.name).await;
                    }
                }
            }
        }
    }

    /// Registers one plugin as a member of one kind, unless it is one already. A failure is only
    /// logged: the plugin's other kinds still work.
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
            // Tools and skills are in the snapshot, and are not started.
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

    /// Removes a member, even if it does not stop in order.
    async fn remove_guest(&self, kind: PluginCapability, name: &str) {
        if let Err(error) = self.remove(kind, name).await
            && error != LifecycleError::Unknown
        {
            log::warn!("{kind} {name}: {error}");
        }
    }
}
