//! One chat: what is worked on, what waits for it, and what is remembered of it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::inbound::Inbound;
use crate::command::Conversation;
use crate::contract::{CancellationSource, ChatId, PluginError};
use crate::task::ReplySender;

/// A thread of a chat, or the chat where there are no threads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ChatKey {
    /// The channel and its chat.
    pub(super) id: ChatId,
    /// The thread, for a channel that has threads.
    pub(super) thread: Option<String>,
}

impl ChatKey {
    pub(super) fn of(inbound: &Inbound) -> Self {
        let state = &inbound.state;
        Self { id: ChatId::new(&state.channel, &state.chat), thread: state.thread.clone() }
    }
}

/// The reply to a channel that delivers a message: whether it was accepted.
pub(super) type Acceptance = ReplySender<Result<(), PluginError>>;

/// A message that waits. It is accepted once its channel has been notified.
pub(super) struct WaitingMessage {
    pub(super) inbound: Inbound,
    /// Told as soon as there is room; `None` where it has been.
    untold: Option<Acceptance>,
    /// It was cancelled while it waited.
    pub(super) cancelled: bool,
}

impl WaitingMessage {
    /// Notifies the channel that its message is accepted. Returns `false` if the channel is gone: it
    /// was never notified, so no answer is due.
    fn accept(&mut self) -> bool {
        match self.untold.take() {
            None => true,
            Some(taken) => taken.send(Ok(())),
        }
    }
}

/// One chat: at most one message is worked on, the others wait.
#[derive(Default)]
pub(super) struct Chat {
    /// What is remembered between messages. It outlives a message that is worked on.
    pub(super) conversation: Arc<Conversation>,
    /// What is worked on; `None` for an idle chat.
    pub(super) current: Option<CurrentMessage>,
    /// Messages in the order of their arrival; those beyond the room are not accepted yet.
    waiting: VecDeque<WaitingMessage>,
    /// When it was last used, in the gateway's own count.
    pub(super) used: u64,
}

/// The message that is processed.
pub(super) struct CurrentMessage {
    /// The channel's id, by which it can be cancelled.
    pub(super) id: Option<String>,
    /// Set when the sender cancels it.
    pub(super) cancel: CancellationSource,
    /// Set when the chat has ended: nobody reads the answer.
    pub(super) unheard: CancellationSource,
}

impl Chat {
    /// Lets a message wait, and accepts it where at most `room` wait.
    pub(super) fn push(&mut self, inbound: Inbound, taken: Acceptance, room: usize) {
        let mut waiting = WaitingMessage { inbound, untold: Some(taken), cancelled: false };
        if self.waiting.len() >= room || waiting.accept() {
            self.waiting.push_back(waiting);
        }
    }

    /// The next message to work on. The first of those for which there was no room is accepted now.
    pub(super) fn pop(&mut self, room: usize) -> Option<WaitingMessage> {
        let next = loop {
            let mut next = self.waiting.pop_front()?;
            if next.accept() {
                break next;
            }
        };
        let mut index = 0;
        while index < room.min(self.waiting.len()) {
            if self.waiting[index].accept() {
                index += 1;
            } else {
                self.waiting.remove(index);
            }
        }
        Some(next)
    }

    /// Tells all that are not accepted that they never will be.
    pub(super) fn refuse_unaccepted(&mut self) {
        self.waiting.retain_mut(|waiting| match waiting.untold.take() {
            Some(taken) => {
                taken.send(Err(PluginError::Cancelled));
                false
            }
            None => true,
        });
    }

    /// Cancels the message of this id, or what is worked on. The answer tells whether there was one.
    pub(super) fn cancel(&mut self, id: Option<&str>) -> bool {
        if let Some(current) = &self.current
            && (id.is_none() || current.id.as_deref() == id)
        {
            current.cancel.cancel();
            return true;
        }
        let is_meant =
            |waiting: &&mut WaitingMessage| id.is_some() && waiting.inbound.id.as_deref() == id;
        match self.waiting.iter_mut().find(is_meant) {
            Some(waiting) => {
                waiting.cancelled = true;
                true
            }
            None => false,
        }
    }

    /// Nobody reads answers here any more.
    pub(super) fn end(&mut self) {
        self.waiting.clear();
        self.conversation.clear();
        if let Some(current) = &self.current {
            current.unheard.cancel();
            current.cancel.cancel();
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.current.is_none() && self.waiting.is_empty()
    }
}
