//! How the gateway treats channels and messages.

use std::path::PathBuf;
use std::time::Duration;

use crate::contract::SortedMap;
use crate::contract::limits::SURFACE_BYTES;

/// Whose messages are accepted on one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelRules {
    /// The sender that is the owner of this program, in the channel's own terms. `None`: nobody is.
    pub owner: Option<String>,
    /// Further senders whose messages are accepted. Empty: the owner alone.
    pub allow: Vec<String>,
}

impl ChannelRules {
    /// Only the owner may send: for built-in channels, which know their owner.
    #[must_use]
    pub fn owner_only() -> Self {
        Self { owner: Some(crate::contract::OWNER.into()), allow: Vec::new() }
    }

    /// Whether the sender is the owner.
    #[must_use]
    pub fn is_owner(&self, sender: &str) -> bool {
        self.owner.as_deref() == Some(sender)
    }

    /// Whether messages of the sender are accepted.
    #[must_use]
    pub fn allows(&self, sender: &str) -> bool {
        self.is_owner(sender) || self.allow.iter().any(|allowed| allowed == sender)
    }
}

/// How a gateway treats channels and messages.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// The workspace where `SOUL.md` is looked for; `None` where none is to be read.
    pub soul: Option<PathBuf>,
    /// The rules of each channel by name. Without rules a channel's messages are refused.
    pub rules: SortedMap<String, ChannelRules>,
    /// How long one message may be worked on.
    pub message_limit: Duration,
    /// How long the sending of one part of an answer may take.
    pub send_limit: Duration,
    /// How long observers may take at the end for what waits for them; the rest is dropped.
    pub observer_limit: Duration,
    /// Messages of one chat that wait while another one is worked on; further senders wait.
    pub waiting_per_chat: usize,
    /// Bytes of messages and answers that may be held for all chats of one channel together, and of
    /// copies that wait for one observer. Further senders wait; an answer that waits too long is
    /// refused, and an observer misses what is more.
    pub memory_bytes: usize,
}

impl GatewayOptions {
    /// The defaults, with the `SOUL.md` of a workspace that is trusted: five minutes for a message, ten seconds to send, two for observers at
    /// the end, 16 messages that wait, 16 MB for each channel.
    #[must_use]
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self {
            soul: Some(workspace.into()),
            rules: SortedMap::new(),
            message_limit: Duration::from_secs(300),
            send_limit: Duration::from_secs(10),
            observer_limit: Duration::from_secs(2),
            waiting_per_chat: 16,
            memory_bytes: SURFACE_BYTES,
        }
    }
}
