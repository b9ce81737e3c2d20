//! Voice: speech to text and text to speech.

use super::{BoxFuture, PluginError};

/// Sound with its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// The encoded sound.
    pub bytes: Vec<u8>,
    /// For instance `audio/wav`.
    pub mime: String,
}

/// Turns sound into text and text into sound.
///
/// Handlers have no life cycle of their own. Dropping a future cancels its work.
pub trait VoiceHandler: Send + Sync {
    /// The text that `bytes` says.
    ///
    /// # Errors
    ///
    /// [`PluginError::Unsupported`] for a MIME type the handler doesn't know,
    /// [`PluginError::Invalid`] for bytes that are not of that type.
    fn process_audio<'a>(
        &'a self,
        bytes: &'a [u8],
        mime: &'a str,
    ) -> BoxFuture<'a, Result<String, PluginError>>;

    /// The sound of `text`.
    ///
    /// # Errors
    ///
    /// [`PluginError::Invalid`] for text that has no sound here.
    fn synthesize<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Audio, PluginError>>;
}
