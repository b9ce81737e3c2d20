//! Whoever waits for a message's answer, as guests see it.

use std::sync::Arc;

use async_channel::Sender;
use serde_json::{Value, json};

use super::state::MessageState;
use crate::command::{Conversation, ProgressNotes};
#[cfg(feature = "autonomous")]
use crate::contract::CallOrigin;
use crate::contract::{BoxFuture, Cancellation, Requester, SortedSet};
use crate::task::Lock;

/// The way of a message's parts to its channel, and what was said so far.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) way: PartsWay,
    /// The text of all parts. The answer begins with it, or is shown anew.
    pub(super) said: Arc<Lock<String>>,
}

/// How a message's parts get to its channel.
#[derive(Clone)]
pub(super) enum PartsWay {
    /// Each of them. Who says more waits for a slow channel.
    Each(Sender<String>),
    /// As a mark that more was said. A slow channel misses what lies between.
    Newest(Sender<()>),
}

impl PartsWay {
    /// Takes no more parts.
    pub(super) fn close(&self) {
        match self {
            Self::Each(sender) => sender.close(),
            Self::Newest(sender) => sender.close(),
        };
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::Each(sender) => sender.is_closed(),
            Self::Newest(sender) => sender.is_closed(),
        }
    }
}

/// Bytes of an answer that are shown as they come. The rest comes with the answer.
const SAID_BYTES: usize = 256 * 1024;

/// The sender of one message. It ends with the message.
pub(super) struct MessageRequester {
    current: Value,
    progress: ProgressNotes,
    parts: Option<Parts>,
    cancelled: Option<Cancellation>,
    conversation: Arc<Conversation>,
    /// The skills of this message alone: the one that it names, and those that a model has read.
    skills: Lock<SortedSet<String>>,
    /// The host's number of the message and its text, if its calls may be observed: those of strangers are not.
    #[cfg(feature = "autonomous")]
    observed: Option<(u64, Arc<str>)>,
}

impl MessageRequester {
    /// The requester of this message, as its channel has told the host of it.
    pub(super) fn new(
        state: &MessageState,
        conversation: &Arc<Conversation>,
        progress: &ProgressNotes,
        parts: Option<Parts>,
        cancelled: Option<Cancellation>,
    ) -> Self {
        let MessageState { channel, chat, thread, sender, is_owner, .. } = state;
        let mut current = json!({
            "channel": channel, "chat": chat, "sender": sender, "is_owner": is_owner,
        });
        if let Some(thread) = thread {
            current["thread"] = Value::from(thread.as_str());
        }
        Self {
            current,
            progress: progress.clone(),
            parts,
            cancelled,
            conversation: Arc::clone(conversation),
            skills: Lock::default(),
            #[cfg(feature = "autonomous")]
            observed: is_owner.then(|| (state.number, state.text.trim().into())),
        }
    }
}

impl Requester for MessageRequester {
    fn current(&self) -> Value {
        self.current.clone()
    }

    fn say(&self, part: String) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let Some(Parts { way, said }) = self.parts.as_ref().filter(|_| !part.is_empty()) else {
                return;
            };
            {
                let mut said = said.lock();
                if way.is_closed() || said.len() + part.len() > SAID_BYTES {
                    // A later part would not follow what was shown.
                    way.close();
                    return;
                }
                said.push_str(&part);
            }
            match way {
                // Without a reader the message was given up.
                PartsWay::Each(sender) => drop(sender.send(part).await),
                // If there is a mark already, one is enough.
                PartsWay::Newest(sender) => drop(sender.try_send(())),
            }
        })
    }

    fn note(&self, note: &str) {
        self.progress.note(|| note.to_owned());
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.as_ref().is_some_and(Cancellation::is_cancelled)
    }

    #[cfg(feature = "autonomous")]
    fn origin(&self) -> Option<CallOrigin> {
        let text = |key: &str| self.current[key].as_str().unwrap_or_default().to_owned();
        let (channel, chat) = (text("channel"), text("chat"));
        let (number, message) = self.observed.clone()?;
        Some(CallOrigin { channel, chat, message: Some(number), text: Some(message) })
    }

    fn skills(&self) -> Vec<String> {
        let used = self.conversation.used_skills().into_iter().map(|skill| skill.name);
        used.chain(self.skills.lock().iter().cloned()).collect()
    }

    fn use_skill(&self, name: &str) {
        self.skills.lock().insert(name.to_owned());
    }
}

/// The same requester for whoever has no part in the answer: what it says is dropped.
pub(super) struct Silent(pub(super) Arc<dyn Requester>);

impl Requester for Silent {
    fn current(&self) -> Value {
        self.0.current()
    }

    fn say(&self, _part: String) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn note(&self, note: &str) {
        self.0.note(note);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    #[cfg(feature = "autonomous")]
    fn origin(&self) -> Option<CallOrigin> {
        self.0.origin()
    }

    fn skills(&self) -> Vec<String> {
        self.0.skills()
    }

    fn use_skill(&self, name: &str) {
        self.0.use_skill(name);
    }
}
