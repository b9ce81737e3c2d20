//! The morse plugin: a voice that speaks and hears Morse code, as WAV files of 20 words a minute.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod code;
mod hear;
mod speak;
mod wav;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package guests:morse; world morse {
        include clawft:plugin/plugin@0.1.0;
        include weft:kinds/voice@0.1.0;
    }",
});

use exports::voice::Audio;

struct Morse;

export!(Morse);

impl exports::plugin::Guest for Morse {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, _params_json: String) -> Result<String, String> {
        Err(["morse has no tool `", &tool_name, "`"].concat())
    }

    fn describe() -> String {
        r#"{"name":"Morse","version":"0.1.0","tools":[]}"#.to_string()
    }
}

impl exports::voice::Guest for Morse {
    fn process_audio(audio: Vec<u8>, mime: String) -> Result<String, String> {
        let kind = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "audio/wav" | "audio/wave" | "audio/x-wav" | "audio/vnd.wave" => {
                hear::text(&wav::read(&audio)?)
            }
            _ => Err(["only audio/wav is understood, not `", &kind, "`"].concat()),
        }
    }

    fn synthesize(text: String) -> Result<Audio, String> {
        let bytes = wav::write(&speak::samples(&text)?);
        Ok(Audio { bytes, mime: "audio/wav".to_string() })
    }
}
