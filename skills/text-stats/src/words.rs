//! Words: runs of letters and digits, with apostrophes and hyphens inside them.
//!
//! Heaps sort here because the standard sorts are several kilobytes of code.

use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use json_text::{Members, Value, characters};

/// The words of a text, in order.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '-'))
        .map(|word| word.trim_matches(['\'', '’', '-']))
        .filter(|word| !word.is_empty())
}

/// The most frequent words of at least `min_length` characters, small and capital letters as one.
pub fn frequency(text: &str, min_length: usize, limit: usize) -> Value {
    let all: BinaryHeap<String> = words(text)
        .filter(|word| characters(word) >= min_length)
        .map(|word| word.chars().map(lower).collect())
        .collect();
    let all = all.into_sorted_vec();
    // The most frequent first, and words of one count in the order of the alphabet.
    let mut counted: BinaryHeap<(usize, Reverse<&str>)> =
        all.chunk_by(|a, b| a == b).map(|same| (same.len(), Reverse(same[0].as_str()))).collect();
    let distinct = counted.len();
    let mut top = Vec::new();
    while top.len() < limit
        && let Some((count, Reverse(word))) = counted.pop()
    {
        let mut entry = Members::new();
        entry.add("word", Value::from(word));
        entry.count("count", count);
        top.push(entry.build());
    }
    let mut result = Members::new();
    result.add("words", Value::Array(top));
    result.count("total", all.len());
    result.count("distinct", distinct);
    result.build()
}

/// The small letter of a Latin, Greek or Cyrillic capital; the full table would be 12 KB.
fn lower(c: char) -> char {
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
