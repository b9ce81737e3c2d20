//! A guest's voice as a [`VoiceHandler`]. The audio is copied into the guest and out of it.

use super::Guest;
use crate::contract::{Audio, BoxFuture, PluginError, VoiceHandler};
use crate::wasm::{GuestCall, GuestValue};

/// A guest as voice handler.
pub(super) struct HostedVoice(pub(super) Guest);

impl VoiceHandler for HostedVoice {
    fn process_audio<'a>(
        &'a self,
        bytes: &'a [u8],
        mime: &'a str,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        let audio = Audio { bytes: bytes.to_vec(), mime: mime.to_owned() };
        Box::pin(self.0.ask_text(GuestCall::ProcessAudio(audio)))
    }

    fn synthesize<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<Audio, PluginError>> {
        let call = GuestCall::Synthesize { text: text.to_owned() };
        Box::pin(self.0.ask(call, GuestValue::into_audio))
    }
}
