//! The Morse voice: every sample is known.

use weft_lite::errors::{CallError, PluginError};
use weft_lite::limits;

use crate::support::{World, guest_error};

/// Samples of a dot at 8,000 a second.
const UNIT: usize = 480;
const HEADER: usize = 44;

fn synthesize(world: &World, text: &str) -> Vec<u8> {
    let voice = world.host().voice("morse").unwrap();
    let audio = world.block_on(voice.synthesize(text)).unwrap();
    assert_eq!(audio.mime, "audio/wav");
    audio.bytes
}

fn hear(world: &World, bytes: &[u8]) -> Result<String, PluginError> {
    let voice = world.host().voice("morse").unwrap();
    world.block_on(voice.process_audio(bytes, "audio/wav"))
}

/// Which units of the sound are heard: `=` for a tone and `.` for silence.
fn units(file: &[u8]) -> String {
    let samples = file[HEADER..].chunks_exact(UNIT);
    samples.map(|unit| if unit.iter().all(|sample| *sample == 128) { '.' } else { '=' }).collect()
}

#[test]
fn a_dot_is_exactly_sixty_milliseconds_of_tone() {
    let world = World::with_example("morse");
    let file = synthesize(&world, "e");
    let mut expected = b"RIFF\x04\x02\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    expected.extend_from_slice(b"\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\xe0\x01\0\0");
    let period = [128, 184, 219, 219, 184, 128, 72, 37, 37, 72];
    expected.extend(period.iter().cycle().take(UNIT));
    assert_eq!(file, expected);
}

#[test]
fn pauses_have_one_three_and_seven_units() {
    let world = World::with_example("morse");
    let file = synthesize(&world, "SOS e t");
    let (s, o) = ("=.=.=", "===.===.===");
    assert_eq!(units(&file), format!("{s}...{o}...{s}.......=.......==="));
}

#[test]
fn what_it_says_it_hears() {
    let world = World::with_example("morse");
    let texts = [
        "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG",
        "0123456789",
        ".,:?'-/()\"=+@!&;_",
        "E",
        "T",
        "EEE",
        "TTT",
        "E E E",
        "T T T",
        "M",
        "I",
        "TE ET",
    ];
    for text in texts {
        assert_eq!(hear(&world, &synthesize(&world, text)).as_deref(), Ok(text));
    }
    let spaced = synthesize(&world, "  sos \n sos\t");
    assert_eq!(hear(&world, &spaced).as_deref(), Ok("SOS SOS"));
}

/// A WAV file of 16 bits, as another program would write it: two channels, another rate, another
/// pitch, a chunk that nobody knows, silence around, and noise.
fn foreign(marks: &str, unit_ms: usize) -> Vec<u8> {
    const RATE: usize = 44_100;
    let mut samples: Vec<i16> = Vec::new();
    let mut seed: u32 = 1;
    for mark in format!("....{marks}..").chars() {
        for at in 0..RATE * unit_ms / 1000 {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            let noise = i16::try_from(seed >> 24).unwrap() - 128;
            let turn = at as f64 * 600.0 / RATE as f64;
            let tone = (turn * std::f64::consts::TAU).sin() * 9_000.0;
            samples.push(noise + if mark == '=' { tone as i16 } else { 0 });
        }
    }
    let data: Vec<u8> =
        samples.iter().flat_map(|sample| [*sample, 0]).flat_map(i16::to_le_bytes).collect();
    let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x12\0\0\0\x01\0\x02\0".to_vec();
    file.extend_from_slice(&(RATE as u32).to_le_bytes());
    file.extend_from_slice(&(RATE as u32 * 4).to_le_bytes());
    file.extend_from_slice(b"\x04\0\x10\0\0\0data");
    file.extend_from_slice(&u32::MAX.to_le_bytes());
    file.extend(data);
    file
}

#[test]
fn it_hears_other_speeds_and_formats() {
    let world = World::with_example("morse");
    let marks = "=.=.=...===.===.===...=.=.=.......===.=.===...=.......===";
    for unit_ms in [25, 40, 60, 100, 150] {
        assert_eq!(hear(&world, &foreign(marks, unit_ms)).as_deref(), Ok("SOS KE T"), "{unit_ms}");
    }
}

#[test]
fn it_says_what_it_can_not_do() {
    let world = World::with_example("morse");
    let voice = world.host().voice("morse").unwrap();
    let refused = |text: &str| guest_error(world.block_on(voice.synthesize(text)));
    assert_eq!(refused("grüße"), "there is no Morse code for `ü`");
    assert_eq!(refused(" "), "there is no text to send");
    assert_eq!(refused(&"0".repeat(1_000)), "the text is too long to be sent at once");
    let unheard = |bytes: &[u8]| guest_error(hear(&world, bytes));
    assert_eq!(unheard(b""), "it is not a WAV file");
    assert_eq!(unheard(b"RIFF\0\0\0\0WAVE"), "the WAV file has no samples");
    assert_eq!(unheard(&synthesize(&world, "e")[..30]), "the WAV file has no whole format");
    assert_eq!(unheard(&foreign("....", 60)), "nothing is to be heard");
    assert_eq!(unheard(&foreign("=.=.=.=.=.=.=", 60)), "`.......` is no character of Morse code");
    let other = world.block_on(voice.process_audio(b"", "audio/ogg; codecs=opus"));
    assert_eq!(guest_error(other), "only audio/wav is understood, not `audio/ogg`");
}

#[test]
fn oversized_audio_never_reaches_the_guest() {
    let world = World::with_example("morse");
    let sound = vec![0; limits::ARGUMENTS_BYTES + 1];
    let refused = hear(&world, &sound);
    assert!(
        matches!(&refused, Err(PluginError::Call(CallError::InvalidParams { .. }))),
        "{refused:?}"
    );
    assert_eq!(hear(&world, &synthesize(&world, "ok")).as_deref(), Ok("OK"));
}
