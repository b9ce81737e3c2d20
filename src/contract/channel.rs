//! Channels: where messages come from and go to.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::{
    Acknowledgement, AnswerPart, BoxFuture, Cancellation, ChatId, InboundMessage, MessagePayload,
    PluginError, Progress, Reply,
};

/// The sender that a built-in channel names where it knows that the message comes from whoever runs
/// this program: the person at the console, the same user at a Unix socket, the holder of the token.
/// From a guest the word means nothing.
pub const OWNER: &str = "owner";

/// The host's side of a channel: what an adapter may call.
pub trait ChannelHost: Send + Sync {
    /// Hands a message from the outside to the host. When the future resolves, the host has taken
    /// the message: it will be answered through [`ChannelAdapter::send`], or its failure will be.
    ///
    /// # Errors
    ///
    /// The message was not taken: [`PluginError::Cancelled`] when the host is stopping,
    /// [`PluginError::Refused`] when this sender may not talk to it, [`PluginError::LimitReached`]
    /// when too many messages of this chat wait.
    fn deliver_inbound(&self, message: InboundMessage) -> BoxFuture<'_, Result<(), PluginError>>;

    /// Cancels the message `id` of a chat, or what the chat is busy with. Its failure is reported
    /// like any other. The answer tells whether there was something to cancel; a host that can't
    /// cancel says no.
    fn cancel<'a>(&'a self, chat: &'a ChatId, id: Option<&'a str>) -> BoxFuture<'a, bool> {
        let _ = (chat, id);
        Box::pin(std::future::ready(false))
    }

    /// Says that a chat has ended: nobody will read answers there. What it was busy with is
    /// cancelled, and what the host remembers of it is dropped.
    fn chat_ended<'a>(&'a self, chat: &'a ChatId) -> BoxFuture<'a, ()> {
        let _ = chat;
        Box::pin(std::future::ready(()))
    }

    /// Says that a channel has been taken out for good: every chat of it has ended.
    fn channel_ended<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, ()> {
        let _ = channel;
        Box::pin(std::future::ready(()))
    }
}

/// What messages of a channel may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelFormat {
    /// Characters of one message: the host splits longer text. `None`: as many as there are.
    pub max_message_chars: Option<NonZeroUsize>,
    /// Whether structured data is sent as it is; otherwise the host makes text of it.
    pub structured: bool,
    /// How text is made safe.
    pub text: TextFormat,
}

/// How text is made safe for whoever reads a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextFormat {
    /// A person or a terminal reads it: what would control one appears in Rust's notation.
    Printable,
    /// A program reads it, as it is.
    Verbatim,
}

impl Default for ChannelFormat {
    fn default() -> Self {
        Self { max_message_chars: None, structured: false, text: TextFormat::Printable }
    }
}

/// A connection to people or programs that send messages: a console, a socket, a chat service.
pub trait ChannelAdapter: Send + Sync {
    /// A unique, stable name, for instance `console`.
    fn name(&self) -> &str;

    /// The name as people read it.
    fn display_name(&self) -> &str;

    /// Whether messages belong to threads.
    fn supports_threads(&self) -> bool;

    /// Whether binary payloads can be sent.
    fn supports_media(&self) -> bool;

    /// What its messages may look like. Default: text of any length for people.
    fn format(&self) -> ChannelFormat {
        ChannelFormat::default()
    }

    /// Makes ready to receive: opens the socket, makes the connection. When it resolves the channel
    /// is running. It is called before each [`start`](Self::start). Default: nothing to do.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    fn open(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Receives messages until the channel ends or `cancellation` fires, handing each to `host`.
    ///
    /// Returns `Ok` when the outside closed the channel or when it was cancelled: both are orderly
    /// ends. An adapter that is told to stop gives up waiting for input at once; messages it has
    /// already handed over are answered by the host through [`send`](Self::send), which must go on
    /// working until the adapter is dropped.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when the channel can't be opened or breaks. The host decides whether to
    /// start it again; an adapter never retries by itself.
    fn start<'a>(
        &'a self,
        host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>>;

    /// Sends a message to `target` and returns the id the channel gave it.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when it could not be sent, [`PluginError::Unsupported`] for a payload
    /// the channel can't carry, [`PluginError::Cancelled`] when whoever should hear it has left.
    /// Never a made-up id.
    fn send<'a>(
        &'a self,
        target: &'a str,
        payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>>;

    /// Sends one part of an answer and returns the id the channel gave it. Default: its payload
    /// through [`send`](Self::send), to the chat.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    fn reply<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        self.send(&reply.chat, &reply.payload)
    }

    /// Whether people see an answer as it comes: then [`part`](Self::part) gets its parts. Default: no.
    fn shows_parts(&self) -> bool {
        false
    }

    /// Shows a part of an answer that is not finished yet. The parts of one message come in their order, and its
    /// [`reply`](Self::reply) says how much of the text they were. Default: nothing to do.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); the answer goes its way all the same.
    fn part<'a>(&'a self, part: &'a AnswerPart) -> BoxFuture<'a, Result<(), PluginError>> {
        let _ = part;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether people see an answer as it comes in a message that is replaced: then there are
    /// [`draft`](Self::draft) and [`revise`](Self::revise), which come before [`part`](Self::part). Default: no.
    fn shows_drafts(&self) -> bool {
        false
    }

    /// Sends the beginning of an answer, and returns the id by which it can be replaced. Default: unsupported.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); the answer then comes by [`reply`](Self::reply).
    fn draft<'a>(&'a self, beginning: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        let _ = beginning;
        Box::pin(std::future::ready(Err(no_drafts())))
    }

    /// Replaces a draft: by more of the answer, by the whole one or by its first part, or by the failure. Default:
    /// unsupported.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); the answer then comes by [`reply`](Self::reply).
    fn revise<'a>(
        &'a self,
        draft: &'a str,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        let _ = (draft, reply);
        Box::pin(std::future::ready(Err(no_drafts())))
    }

    /// Hears how far the host is with the message `id` of `chat`, for channels that show it or that
    /// must not be given the message again. Default: nothing to do.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when it could not be passed on; the message goes its way all the same.
    fn acknowledge<'a>(
        &'a self,
        chat: &'a str,
        id: &'a str,
        acknowledgement: Acknowledgement,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        let _ = (chat, id, acknowledgement);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Shows how the work on a message goes on that asked for it. Default: nothing to do.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when it could not be passed on; the message goes its way all the same.
    fn progress<'a>(&'a self, progress: &'a Progress) -> BoxFuture<'a, Result<(), PluginError>> {
        let _ = progress;
        Box::pin(std::future::ready(Ok(())))
    }

    /// The sender in `chat` wants to leave: closes what belongs to the chat. Default: nothing to do.
    ///
    /// # Errors
    ///
    /// [`PluginError::Io`] when it could not be closed.
    fn leave<'a>(&'a self, chat: &'a str) -> BoxFuture<'a, Result<(), PluginError>> {
        let _ = chat;
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The error of a channel without drafts.
fn no_drafts() -> PluginError {
    PluginError::Unsupported { what: "replacing a message".into() }
}
