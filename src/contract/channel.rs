//! Channels: where messages come from and go to.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{BoxFuture, Cancellation, MessagePayload, PluginError};

/// The host's side of a channel: what an adapter may call.
pub trait ChannelHost: Send + Sync {
    /// Hands a message from the outside to the host. When the future resolves, the host has taken
    /// the message: it will be answered through [`ChannelAdapter::send`], or its failure will be.
    ///
    /// - `channel`: the adapter's name
    /// - `sender`: who wrote, in the channel's own terms
    /// - `chat`: where the answer goes: what `send` takes as its target
    /// - `metadata`: anything else the channel knows, for instance a thread
    ///
    /// # Errors
    ///
    /// [`PluginError::Cancelled`] when the host is stopping: the message was not taken.
    fn deliver_inbound<'a>(
        &'a self,
        channel: &'a str,
        sender: &'a str,
        chat: &'a str,
        payload: MessagePayload,
        metadata: BTreeMap<String, Value>,
    ) -> BoxFuture<'a, Result<(), PluginError>>;
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
    /// the channel can't carry. Never a made-up id.
    fn send<'a>(
        &'a self,
        target: &'a str,
        payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>>;
}
