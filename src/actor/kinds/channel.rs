//! A guest's channel as a [`ChannelAdapter`], which polls it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use smol::Timer;

use super::Guest;
use crate::actor::host::PluginHost;
use crate::actor::registry::LoadedPlugin;
use crate::contract::{
    Acknowledgement, Attachment, BoxFuture, Cancellation, ChannelAdapter, ChannelFormat,
    ChannelHost, ChatId, InboundMessage, MessagePayload, PluginCapability, PluginError, Reply,
    SortedMap, SortedSet, json_line, limits,
};
use crate::sandbox::printable;
use crate::task::{Held, Lock, until};
use crate::wasm::{AnswerOutcome, GuestCall, GuestInbound, GuestValue};

/// Bytes of what is wrong with a message that are logged.
const PROBLEM_BYTES: usize = 300;

/// One plugin's channel. A guest can't call the host when a message arrives, so the host polls it.
///
/// The guest gets a receipt for every message that the host is done with: delivered, refused or unreadable. Without
/// one it would return the message for ever. If a receipt failed and the guest returns the message again, an accepted
/// message is not delivered twice.
pub(super) struct HostedChannel {
    guest: Guest,
    title: String,
    poll_interval: Duration,
    threads: bool,
    media: bool,
    max_message_chars: Option<NonZeroUsize>,
    acknowledges: bool,
    hears_answers: bool,
    shows_drafts: bool,
    /// Ids of accepted messages without a receipt yet.
    taken: Lock<SortedSet<String>>,
}

impl HostedChannel {
    /// The channel of this plugin, with the settings of this version.
    pub(super) fn new(host: PluginHost, plugin: &LoadedPlugin) -> Self {
        let settings = plugin.manifest.channel;
        Self {
            guest: Guest::new(host, &plugin.manifest.id, PluginCapability::Channel),
            title: plugin.manifest.name.clone(),
            poll_interval: settings.poll_interval,
            threads: settings.threads,
            media: settings.media,
            max_message_chars: settings.max_message_chars,
            acknowledges: plugin.module.summary().acknowledges(),
            shows_drafts: plugin.module.summary().shows_drafts(),
            hears_answers: plugin.module.summary().hears_answers(),
            taken: Lock::default(),
        }
    }

    /// Polls until a call or a delivery fails, or the channel is stopped. A stop waits for the polled
    /// messages, because a guest without receipts would not return them again.
    async fn receive(
        &self,
        host: &dyn ChannelHost,
        cancellation: &Cancellation,
    ) -> Result<(), PluginError> {
        #[cfg(feature = "serve")]
        let wanted = self.guest.host.wanted_polls(&self.guest.id);
        loop {
            let poll = self.guest.ask(GuestCall::Poll, GuestValue::into_inbound);
            let Some(messages) = until(cancellation.cancelled(), poll).await else { return Ok(()) };
            for message in messages? {
                self.hand_over(host, message).await?;
            }
            let wait = async {
                Timer::after(self.poll_interval).await;
            };
            #[cfg(feature = "serve")]
            let wait = futures_lite::future::or(wait, wanted.next());
            if until(cancellation.cancelled(), wait).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Delivers one message, unless it was delivered before, and gives the receipt.
    ///
    /// # Errors
    ///
    /// What ends the channel: a host that can't accept any message, or a failed receipt.
    async fn hand_over(
        &self,
        host: &dyn ChannelHost,
        message: GuestInbound,
    ) -> Result<(), PluginError> {
        let id = message.message_id.clone().filter(|_| self.acknowledges);
        let is_known = id.as_ref().is_some_and(|id| self.taken().contains(id));
        let is_accepted = is_known || self.deliver(host, message).await?;
        let Some(id) = id else { return Ok(()) };
        if is_accepted {
            self.taken().insert(id.clone());
        }
        self.guest.tell(GuestCall::Acknowledge { message_id: id.clone() }).await?;
        self.taken().remove(&id);
        Ok(())
    }

    /// Delivers one message. Returns whether the host has accepted it: one message that can't be read
    /// or is refused is logged and left out, and must not end the channel for the others.
    ///
    /// # Errors
    ///
    /// The host can't accept any message.
    async fn deliver(
        &self,
        host: &dyn ChannelHost,
        message: GuestInbound,
    ) -> Result<bool, PluginError> {
        let channel = &self.guest.id;
        let parts =
            payload(&message).and_then(|payload| Ok((payload, metadata(&message.metadata_json)?)));
        let (payload, metadata) = match parts {
            Ok(parts) => parts,
            Err(problem) => {
                // A sender may have chosen a part of the words.
                let cut = &problem[..problem.floor_char_boundary(PROBLEM_BYTES)];
                let problem = printable(cut).replace('\n', "\\n");
                log::warn!(
                    "channel {channel}: a message is left out, because {problem}; report this to \
                     the author of the plugin"
                );
                return Ok(false);
            }
        };
        let accepted = match inbound(channel, message, payload, metadata) {
            Ok(message) => host.deliver_inbound(message).await,
            Err(error) => Err(error),
        };
        match accepted {
            Ok(()) => Ok(true),
            Err(error @ (PluginError::Refused { .. } | PluginError::Invalid { .. })) => {
                log::info!("channel {channel}: {error}");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// A payload as the guest gets it, with the thread that it belongs to.
    fn payload_json(
        &self,
        payload: &MessagePayload,
        thread: Option<&str>,
    ) -> Result<String, PluginError> {
        if let (MessagePayload::Binary { mime, .. }, false) = (payload, self.media) {
            let what = format!("{mime} on channel `{}`", self.guest.id);
            return Err(PluginError::Unsupported { what });
        }
        let mut sent = serde_json::to_value(payload).map_err(|error| PluginError::Invalid {
            what: "payload".into(),
            problem: error.to_string(),
        })?;
        if let Some(thread) = thread.filter(|_| self.threads) {
            sent["thread"] = thread.into();
        }
        Ok(json_line(&sent))
    }

    /// The target of a reply, and its payload as the guest gets it.
    fn target_and_payload(&self, reply: &Reply) -> Result<(String, String), PluginError> {
        Ok((reply.chat.clone(), self.payload_json(&reply.payload, reply.thread.as_deref())?))
    }

    /// The accepted messages without a receipt.
    fn taken(&self) -> Held<'_, SortedSet<String>> {
        // The set is consistent at every step, so a panic under the lock does no harm.
        self.taken.lock()
    }
}

/// The payload of a message, or what is wrong with it.
fn payload(message: &GuestInbound) -> Result<MessagePayload, String> {
    let GuestInbound { sender, chat, thread, message_id, .. } = message;
    let names = [
        ("id", message_id.as_ref()),
        ("thread", thread.as_ref()),
        ("chat", Some(chat)),
        ("sender", Some(sender)),
    ];
    // They are keys for as long as the message is worked on, and count in no one's memory.
    for (what, name) in names {
        let (bytes, limit) = (name.map_or(0, String::len), limits::MESSAGE_ID_BYTES);
        if bytes > limit {
            return Err(format!("its {what} has {bytes} bytes, of at most {limit}"));
        }
    }
    let payload = serde_json::from_str::<Value>(&message.payload_json);
    let payload = payload.map_err(|error| error.to_string()).and_then(MessagePayload::try_from);
    payload.map_err(|problem| format!("its payload can't be read: {problem}"))
}

/// The metadata of a message. An empty text means none.
fn metadata(json: &str) -> Result<SortedMap<String, Value>, String> {
    let known: Map<String, Value> = match json {
        "" => Map::new(),
        text => serde_json::from_str(text)
            .map_err(|error| format!("its metadata can't be read: {error}"))?,
    };
    Ok(SortedMap::from_iter(known))
}

/// The message, with the four keys of `metadata` that the host understands in their own places.
///
/// # Errors
///
/// [`PluginError::Invalid`] if one of the four has the wrong type.
fn inbound(
    channel: &str,
    message: GuestInbound,
    payload: MessagePayload,
    mut metadata: SortedMap<String, Value>,
) -> Result<InboundMessage, PluginError> {
    let [id, thread] = ["message_id", "thread"].map(|key| match metadata.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= limits::MESSAGE_ID_BYTES => Ok(Some(text)),
        Some(_) => {
            let limit = limits::MESSAGE_ID_BYTES;
            Err(invalid(key, format!("it must be a text of at most {limit} bytes")))
        }
    });
    let attachments = Attachment::list(metadata.remove("attachments"));
    let progress = metadata.remove("progress") == Some(Value::Bool(true));
    Ok(InboundMessage {
        // The message's own fields win over its metadata.
        id: message.message_id.map_or(id, |id| Ok(Some(id)))?,
        thread: message.thread.map_or(thread, |thread| Ok(Some(thread)))?,
        attachments: attachments.map_err(|problem| invalid("attachments", problem))?,
        progress,
        metadata,
        ..InboundMessage::new(ChatId::new(channel, message.chat), message.sender, payload)
    })
}

/// The error for a key of the metadata.
fn invalid(key: &str, problem: String) -> PluginError {
    PluginError::Invalid { what: format!("metadata `{key}`"), problem }
}

impl ChannelAdapter for HostedChannel {
    fn name(&self) -> &str {
        &self.guest.id
    }

    fn display_name(&self) -> &str {
        &self.title
    }

    fn supports_threads(&self) -> bool {
        self.threads
    }

    fn supports_media(&self) -> bool {
        self.media
    }

    fn format(&self) -> ChannelFormat {
        ChannelFormat { max_message_chars: self.max_message_chars, ..ChannelFormat::default() }
    }

    fn start<'a>(
        &'a self,
        host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move { self.receive(&*host, &cancellation).await })
    }

    fn send<'a>(
        &'a self,
        target: &'a str,
        payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async move {
            let (target, payload_json) = (target.to_owned(), self.payload_json(payload, None)?);
            self.guest.ask_text(GuestCall::Send { target, payload_json }).await
        })
    }

    /// Receipts are given where messages are handed over, so a taken message has had its own.
    fn acknowledge<'a>(
        &'a self,
        _chat: &'a str,
        id: &'a str,
        acknowledgement: Acknowledgement,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let outcome = match acknowledgement {
                _ if !self.hears_answers => return Ok(()),
                Acknowledgement::Taken => return Ok(()),
                Acknowledgement::Answered => AnswerOutcome::Answered,
                Acknowledgement::Failed => AnswerOutcome::Failed,
                Acknowledgement::Unsent => AnswerOutcome::Unsent,
            };
            self.guest.tell(GuestCall::Answered { message_id: id.to_owned(), outcome }).await
        })
    }

    fn reply<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async move {
            let (target, payload_json) = self.target_and_payload(reply)?;
            self.guest.ask_text(GuestCall::Send { target, payload_json }).await
        })
    }

    fn shows_drafts(&self) -> bool {
        self.shows_drafts
    }

    fn draft<'a>(&'a self, beginning: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async move {
            let (target, payload_json) = self.target_and_payload(beginning)?;
            self.guest.ask_text(GuestCall::Draft { target, payload_json }).await
        })
    }

    fn revise<'a>(
        &'a self,
        draft: &'a str,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let (target, payload_json) = self.target_and_payload(reply)?;
            let id = draft.to_owned();
            self.guest.tell(GuestCall::Revise { target, id, payload_json }).await
        })
    }
}
