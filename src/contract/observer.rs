//! Who sees the calls that messages lead to.

use std::sync::Arc;

/// Where a call began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOrigin {
    /// The channel, or `mcp`.
    pub channel: String,
    /// The chat or client within it.
    pub chat: String,
    /// The host's number of the message; none where each call stands for itself.
    pub message: Option<u64>,
    /// What the message says, so that calls that pass on all of it are not kept.
    pub text: Option<Arc<str>>,
}

/// A call of a plugin's tool that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCall {
    /// Where it began; none if it is to count as a use of the plugin alone.
    pub origin: Option<CallOrigin>,
    /// The plugin's id.
    pub plugin: String,
    /// The full name of the tool.
    pub tool: String,
    /// The parameters as JSON text, and the result; none if the call failed, or they are too large to be looked at.
    pub content: Option<(String, String)>,
    /// Whether the plugin handles secrets or reads the environment: what it was given and returns must not be seen
    /// anywhere else.
    pub is_confidential: bool,
    /// Whether the call failed.
    pub failed: bool,
}

/// Sees calls.
pub trait CallObserver: Send + Sync {
    /// Sees one. Never waits: what there is no room for is lost, and then nothing that could come of it is seen.
    fn observe(&self, call: ObservedCall);
}
