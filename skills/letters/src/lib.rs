//! Small letters of the Latin, Greek and Cyrillic alphabets.

#![no_std]
#![forbid(unsafe_code)]

/// The small letter of a Latin, Greek or Cyrillic capital; the full table would be 12 KB.
pub fn lower(c: char) -> char {
    let code = u32::from(c);
    let small = match code {
        0x41..=0x5a | 0xc0..=0xd6 | 0xd8..=0xde | 0x391..=0x3ab | 0x410..=0x42f => code + 32,
        // Latin letters in pairs; a few rows have the capital on the odd place.
        0x139..=0x148 | 0x179..=0x17e if code % 2 == 1 => code + 1,
        0x139..=0x148 | 0x179..=0x17e | 0x130 | 0x131 | 0x138 | 0x149 | 0x17f => code,
        0x100..=0x177 | 0x1e00..=0x1e95 | 0x1ea0..=0x1eff | 0x460..=0x481 | 0x48a..=0x4bf => {
            code | 1
        }
        0x178 => 0xff,
        0x386 => 0x3ac,
        0x388..=0x38a => code + 37,
        0x38c => 0x3cc,
        0x38e | 0x38f => code + 63,
        0x400..=0x40f => code + 80,
        _ => code,
    };
    char::from_u32(small).unwrap_or(c)
}
