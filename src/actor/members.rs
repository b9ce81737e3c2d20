//! The plugin host's channels, stages, tools, memory backends and voice handlers.

use std::sync::Arc;

use serde_json::Value;

use super::host::PluginHost;
use super::lifecycle::{LifecycleError, Member, MemberObject, MemberOutcome, MemberStatus};
use super::native::{native_tools, running};
use crate::contract::{
    ChannelAdapter, MemoryBackend, PipelineStage, PluginCapability, Secret, Tool, VoiceHandler,
};
use crate::task::{Clock, off_executor};

impl PluginHost {
    /// Registers a member without starting it.
    ///
    /// # Errors
    ///
    /// [`LifecycleError::Taken`] if there is one of its kind and name,
    /// [`LifecycleError::HostGone`].
    pub async fn register(&self, member: Member) -> Result<(), LifecycleError> {
        self.lifecycle.register(member).await
    }

    /// Stops a member and forgets it. The pending answers of a channel are given up.
    ///
    /// # Errors
    ///
    /// [`LifecycleError::Unknown`] if there is none; otherwise why it did not stop in order.
    pub async fn remove(&self, kind: PluginCapability, name: &str) -> Result<(), LifecycleError> {
        self.lifecycle.remove(kind, name).await
    }

    /// Starts all members at once, and returns the outcome of each. A running member keeps running. A member
    /// that fails, panics or is slow does not delay the others.
    ///
    /// If the future is dropped, the members go on starting, and only the outcomes are lost.
    pub async fn start_all(&self) -> Vec<MemberOutcome> {
        self.lifecycle.start_all().await
    }

    /// Asks every member to stop, then waits for all of them, each with its own time limit.
    pub async fn stop_all(&self) -> Vec<MemberOutcome> {
        self.lifecycle.stop_all().await
    }

    /// Starts every member of one kind, as [`start_all`](Self::start_all) does.
    pub async fn start_kind(&self, kind: PluginCapability) -> Vec<MemberOutcome> {
        self.lifecycle.start_kind(kind).await
    }

    /// Stops every member of one kind, as [`stop_all`](Self::stop_all) does. Channels, for instance, stop
    /// before the members that still answer their messages.
    pub async fn stop_kind(&self, kind: PluginCapability) -> Vec<MemberOutcome> {
        self.lifecycle.stop_kind(kind).await
    }

    /// Starts one member.
    ///
    /// # Errors
    ///
    /// [`LifecycleError`]: why it does not run.
    pub async fn start_member(
        &self,
        kind: PluginCapability,
        name: &str,
    ) -> Result<(), LifecycleError> {
        self.lifecycle.start_one(kind, name).await
    }

    /// Stops one member.
    ///
    /// # Errors
    ///
    /// [`LifecycleError`]: why it did not stop in order.
    pub async fn stop_member(
        &self,
        kind: PluginCapability,
        name: &str,
    ) -> Result<(), LifecycleError> {
        self.lifecycle.stop_one(kind, name).await
    }

    /// Every member and its state, in the order in which they were registered. This is a list of
    /// one moment: take a new one to see changes.
    #[must_use]
    pub fn members(&self) -> Arc<Vec<MemberStatus>> {
        self.lifecycle.members()
    }

    /// The running channel of this name. `None` also while it starts, or waits for its restart.
    #[must_use]
    pub fn running_channel(&self, name: &str) -> Option<Arc<dyn ChannelAdapter>> {
        self.running(name, |object| match object {
            MemberObject::Channel(channel) => Some(Arc::clone(channel)),
            _ => None,
        })
    }

    /// The running native tools.
    #[must_use]
    pub fn native_tools(&self) -> Vec<Arc<dyn Tool>> {
        native_tools(&self.members())
    }

    /// The running memory backend of this name.
    #[must_use]
    pub fn running_memory(&self, name: &str) -> Option<Arc<dyn MemoryBackend>> {
        self.running(name, |object| match object {
            MemberObject::Memory(backend) => Some(Arc::clone(backend)),
            _ => None,
        })
    }

    /// The running voice handler of this name.
    #[must_use]
    pub fn running_voice(&self, name: &str) -> Option<Arc<dyn VoiceHandler>> {
        self.running(name, |object| match object {
            MemberObject::Voice(handler) => Some(Arc::clone(handler)),
            _ => None,
        })
    }

    /// Every stage with its state. Messages must not skip a registered stage because it does not run.
    #[must_use]
    pub fn stages(&self) -> Vec<(Arc<dyn PipelineStage>, MemberStatus)> {
        let members = self.members();
        let stages = members.iter().filter_map(|status| match &status.object {
            MemberObject::Stage(stage) => Some((Arc::clone(stage), status.clone())),
            _ => None,
        });
        stages.collect()
    }

    /// The clock of this host.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.options.sandbox.clock)
    }

    /// The value of a stored secret, for a native channel or stage. Guests can't read secrets: they name them
    /// in header values, and the host fills in the values.
    #[must_use]
    pub fn resolve_secret(&self, name: &str) -> Option<Secret> {
        self.shared.options.sandbox.secrets.secret(name)
    }

    /// The last `count` records of the audit log, oldest first.
    pub async fn recent_audit(&self, count: usize) -> Vec<Value> {
        let audit = Arc::clone(&self.shared.options.sandbox.audit);
        off_executor(move || audit.recent(count)).await
    }

    /// The running member of this name for which `of_kind` returns something. Members of other
    /// kinds may have the same name.
    fn running<T>(&self, name: &str, of_kind: impl Fn(&MemberObject) -> Option<T>) -> Option<T> {
        running(&self.members(), name, of_kind)
    }
}
