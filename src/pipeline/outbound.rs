//! Sending: each part within its time, and again later where the channel is being started again.

use std::sync::Arc;
use std::time::Duration;

use crate::actor::{LifecycleState, MemberObject, PluginHost};
use crate::contract::{
    Acknowledgement, AnswerPart, BoxFuture, ChannelAdapter, PluginCapability, PluginError,
    Progress, Reply,
};
use crate::task::{Clock, within};

/// How often a part is sent again to a channel that has failed and is started again.
const TRIES: u32 = 6;
/// The wait before the second try; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Sends to channels.
pub(super) struct Outbound {
    /// Where channels are looked up, each time anew: one may have been replaced.
    pub(super) host: PluginHost,
    pub(super) clock: Arc<dyn Clock>,
    /// How long the sending of one part may take.
    pub(super) limit: Duration,
}

impl Outbound {
    /// The channel of this name, in whatever state: what was accepted is answered also while it
    /// stops.
    pub(super) fn channel(&self, name: &str) -> Option<Arc<dyn ChannelAdapter>> {
        self.member(name).map(|(channel, _)| channel)
    }

    /// Sends the parts in their order; the first one replaces the `draft`, if there is one that can be replaced. A part
    /// that fails with an I/O error is sent again, up to [`TRIES`] times, if the channel is being started again. The
    /// parts before it are not repeated.
    ///
    /// # Errors
    ///
    /// The error of the first part that can't be sent. The parts after it are dropped: a text with a gap
    /// would be read as whole.
    pub(super) async fn reply(
        &self,
        channel: &dyn ChannelAdapter,
        replies: &[Reply],
        mut draft: Option<String>,
    ) -> Result<(), PluginError> {
        for reply in replies {
            if let Some(draft) = draft.take() {
                match self.revise(channel, &draft, reply).await {
                    Ok(()) => continue,
                    Err(error) => log::info!(
                        "channel {}: a draft can't be replaced, so the answer is sent beside it: {error}",
                        channel.name()
                    ),
                }
            }
            let mut wait = FIRST_WAIT;
            let mut tries = 1;
            loop {
                let sent = self.within(channel.reply(reply)).await;
                let comes_back = tries < TRIES && self.is_coming_back(channel.name());
                match sent {
                    Ok(_) => break,
                    Err(PluginError::Io { .. }) if comes_back => {
                        self.clock.sleep(wait).await;
                        (wait, tries) = (wait * 2, tries + 1);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Tells how far the message is. A channel that can't pass it on misses it.
    pub(super) fn acknowledge<'a>(
        &'a self,
        channel: &'a dyn ChannelAdapter,
        chat: &'a str,
        id: Option<&'a str>,
        how_far: Acknowledgement,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(id) = id
                && let Err(error) = self.within(channel.acknowledge(chat, id, how_far)).await
            {
                log::debug!("channel {}: not acknowledged: {error}", channel.name());
            }
        })
    }

    /// Shows how the work goes on. Progress that can't be shown is dropped: the answer comes anyway.
    pub(super) async fn progress(&self, channel: &dyn ChannelAdapter, progress: &Progress) {
        if let Err(error) = self.within(channel.progress(progress)).await {
            log::debug!("channel {}: progress not shown: {error}", channel.name());
        }
    }

    /// Shows a part of an answer. One that can't be shown comes with the answer.
    pub(super) async fn part(&self, channel: &dyn ChannelAdapter, part: &AnswerPart) {
        if let Err(error) = self.within(channel.part(part)).await {
            log::debug!("channel {}: part not shown: {error}", channel.name());
        }
    }

    /// Sends the beginning of an answer as a message that can be replaced.
    pub(super) async fn draft(
        &self,
        channel: &dyn ChannelAdapter,
        beginning: &Reply,
    ) -> Result<String, PluginError> {
        self.within(channel.draft(beginning)).await
    }

    /// Replaces a draft.
    pub(super) async fn revise(
        &self,
        channel: &dyn ChannelAdapter,
        draft: &str,
        reply: &Reply,
    ) -> Result<(), PluginError> {
        self.within(channel.revise(draft, reply)).await
    }

    /// Whether the supervisor starts the channel again, so that waiting helps.
    fn is_coming_back(&self, name: &str) -> bool {
        self.member(name).is_some_and(|(_, state)| {
            matches!(
                state,
                LifecycleState::Starting | LifecycleState::Failed { restart_ms: Some(_), .. }
            )
        })
    }

    /// The channel as a member, in any state of its life cycle.
    fn member(&self, name: &str) -> Option<(Arc<dyn ChannelAdapter>, LifecycleState)> {
        let members = self.host.members();
        let member = members
            .iter()
            .find(|member| member.kind == PluginCapability::Channel && member.name == name)?;
        match &member.object {
            MemberObject::Channel(channel) => Some((Arc::clone(channel), member.state.clone())),
            _ => None,
        }
    }

    /// Ends a sending that takes too long, so that a stuck channel does not hold the answer for ever.
    async fn within<T>(
        &self,
        sending: BoxFuture<'_, Result<T, PluginError>>,
    ) -> Result<T, PluginError> {
        within(&*self.clock, self.limit, sending).await.unwrap_or_else(|| {
            let limit = format!("{} s to send one part", self.limit.as_secs_f32());
            Err(PluginError::LimitReached { limit })
        })
    }
}
