//! WAV files: PCM of 8 or 16 bits is read, 8 bits are written.

use crate::speak::RATE;
use alloc::string::String;
use alloc::vec::Vec;

const PCM: u16 = 1;

/// What a file sounds like: how far each sample of its first channel is from silence, of 32,768.
pub struct Sound {
    pub rate: u32,
    pub levels: Vec<u16>,
}

/// A file with one channel of 8-bit samples.
pub fn write(samples: &[u8]) -> Vec<u8> {
    let length = samples.len() as u32;
    let padding = length % 2;
    let mut file = Vec::with_capacity(samples.len() + 45);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length + padding).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    for half in [PCM, 1] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    // A frame is one byte, so as many bytes a second as samples.
    for word in [RATE, RATE] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for half in [1_u16, 8] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(samples);
    file.resize(file.len() + padding as usize, 0);
    file
}

/// Reads the chunks `fmt ` and `data`, and skips all others.
pub fn read(file: &[u8]) -> Result<Sound, String> {
    let body = match (file.get(..4), file.get(8..12)) {
        (Some(b"RIFF"), Some(b"WAVE")) => &file[12..],
        _ => return Err("it is not a WAV file".into()),
    };
    let mut rest = body;
    let mut format = None;
    while let Some((header, after)) = rest.split_at_checked(8) {
        let length = word(header, 4) as usize;
        // A file that was cut, or one that was written as it came, ends before its last chunk does.
        let data = &after[..length.min(after.len())];
        match &header[..4] {
            b"fmt " => format = Some(Format::read(data)?),
            b"data" => {
                let Some(format) = format else {
                    return Err("the WAV file has samples before their format".into());
                };
                return Ok(Sound { rate: format.rate, levels: format.levels(data) });
            }
            _ => {}
        }
        rest = after.get(length + length % 2..).unwrap_or_default();
    }
    Err("the WAV file has no samples".into())
}

struct Format {
    rate: u32,
    /// Bytes of one sample of all channels.
    frame: usize,
    bits: u16,
}

impl Format {
    fn read(chunk: &[u8]) -> Result<Format, String> {
        if chunk.len() < 16 {
            return Err("the WAV file has no whole format".into());
        }
        let (kind, channels, rate) = (half(chunk, 0), half(chunk, 2), word(chunk, 4));
        let bits = half(chunk, 14);
        if kind != PCM || !matches!(bits, 8 | 16) {
            return Err("only PCM of 8 or 16 bits is understood".into());
        }
        if !(1..=8).contains(&channels) || !(1_000..=192_000).contains(&rate) {
            return Err("the WAV file has an impossible format".into());
        }
        Ok(Format { rate, frame: usize::from(channels) * usize::from(bits / 8), bits })
    }

    fn levels(&self, data: &[u8]) -> Vec<u16> {
        let level = |frame: &[u8]| match self.bits {
            8 => u16::from(frame[0].abs_diff(128)) << 8,
            _ => i16::from_le_bytes([frame[0], frame[1]]).unsigned_abs(),
        };
        data.chunks_exact(self.frame).map(level).collect()
    }
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(half(bytes, at)) | u32::from(half(bytes, at + 2)) << 16
}
