//! From a text to samples: a tone of 800 Hz, switched on and off.

use crate::code;
use alloc::string::String;
use alloc::vec::Vec;

/// Samples a second.
pub const RATE: u32 = 8_000;
/// Samples of a dot: 60 ms, which is 20 words a minute.
const UNIT: usize = 480;
/// As much as fits into what a call may give back.
const MAX_SAMPLES: usize = 4_000_000;

/// One period of the tone, around the 128 that stands for silence in 8-bit WAV files.
const TONE: [u8; 10] = [128, 184, 219, 219, 184, 128, 72, 37, 37, 72];
const SILENCE: u8 = 128;

/// The samples of a text, whose words are divided by white space.
pub fn samples(text: &str) -> Result<Vec<u8>, String> {
    let mut samples = Vec::new();
    for word in text.split_whitespace() {
        pause(&mut samples, 7);
        for (at, character) in word.chars().enumerate() {
            let Some(code) = code::of(character) else {
                return Err([
                    "there is no Morse code for `",
                    character.encode_utf8(&mut [0; 4]),
                    "`",
                ]
                .concat());
            };
            if at > 0 {
                pause(&mut samples, 3);
            }
            letter(&mut samples, code);
            if samples.len() > MAX_SAMPLES {
                return Err("the text is too long to be sent at once".into());
            }
        }
    }
    if samples.is_empty() { Err("there is no text to send".into()) } else { Ok(samples) }
}

fn letter(samples: &mut Vec<u8>, code: &str) {
    for (at, mark) in code.bytes().enumerate() {
        if at > 0 {
            pause(samples, 1);
        }
        let units = if mark == b'-' { 3 } else { 1 };
        samples.extend(TONE.iter().cycle().take(units * UNIT));
    }
}

/// Silence between two sounds: none before the first.
fn pause(samples: &mut Vec<u8>, units: usize) {
    if !samples.is_empty() {
        samples.extend(core::iter::repeat_n(SILENCE, units * UNIT));
    }
}
