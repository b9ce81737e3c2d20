//! The person or program for whom a call works, as guests see them through the door `conversation`.

use serde_json::Value;

use super::BoxFuture;

/// Whoever waits for what a message leads to. The pipeline has one for each message.
///
/// What it says about the sender comes from the host and its channels, never from a guest or from the text of the
/// message.
pub trait Requester: Send + Sync {
    /// An object with `channel`, `chat`, `thread` if there is one, `sender` and `is_owner`.
    fn current(&self) -> Value;

    /// Passes on a part of the answer. Resolves once the channel has room for more. A channel that shows no parts
    /// drops it.
    fn say(&self, part: String) -> BoxFuture<'_, ()>;

    /// Shows how the work goes on. Never waits: a note that nobody reads in time is lost.
    fn note(&self, note: &str);

    /// Whether nobody waits for the answer any more.
    fn is_cancelled(&self) -> bool;

    /// Where the calls for it begin, if an observer may see them. Default: none may.
    #[cfg(feature = "autonomous")]
    fn origin(&self) -> Option<super::CallOrigin> {
        None
    }

    /// The skills that the message uses, by name. Those that list `allowed-tools` limit the tools that it can lead
    /// to.
    fn skills(&self) -> Vec<String>;

    /// Adds a skill to those that the message uses.
    fn use_skill(&self, name: &str);
}
