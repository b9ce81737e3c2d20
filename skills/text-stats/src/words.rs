//! Words: runs of letters and digits, with apostrophes and hyphens inside them.
//!
//! Heaps sort here because the standard sorts are several kilobytes of code.

use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use json_text::{Members, Value, characters};
use letters::lower;

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
