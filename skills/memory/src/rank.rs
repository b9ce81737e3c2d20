//! Which notes fit a query best: BM25, as Robertson and Zaragoza (2009) describe it.

use crate::block::{Block, DOCUMENT, POSTING};
use crate::index::Index;
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;

/// How fast more of the same word counts less.
const K1: f32 = 1.2;
/// How much a long text counts less.
const B: f32 = 0.75;
/// The score of a document that isn't there, whatever a word adds to it.
const DEAD: f32 = f32::NEG_INFINITY;

/// What is in the index now.
pub struct Survey<'a> {
    /// The blocks, with a score for each of their documents.
    blocks: Vec<(&'a Block, Vec<f32>)>,
    /// The notes that are there.
    pub notes: usize,
    /// Of their values.
    pub bytes: usize,
    words: u32,
    /// Notes whose time is over and that the store still has.
    pub expired: Vec<u32>,
}

/// Found notes, the best first, and newer ones before older ones with the same score.
///
/// The upper half of a number is the score's bits, the lower half the id. A score isn't negative, so its
/// bits have the order of its value.
pub struct Ranking(BinaryHeap<u64>);

impl Ranking {
    /// The next note, with its score.
    pub fn pop(&mut self) -> Option<(u32, f32)> {
        let best = self.0.pop()?;
        Some((best as u32, f32::from_bits((best >> 32) as u32)))
    }
}

impl<'a> Survey<'a> {
    pub fn of(index: &'a Index, now: u32) -> Survey<'a> {
        let mut survey =
            Survey { blocks: Vec::new(), notes: 0, bytes: 0, words: 0, expired: Vec::new() };
        survey.take(&index.newest, &Block::empty(), now);
        for (_, block) in &index.segments {
            survey.take(block, &index.newest, now);
        }
        survey
    }

    /// Takes a block in, without what the newest documents hide.
    fn take(&mut self, block: &'a Block, newest: &Block, now: u32) {
        let mut scores = vec![0.0; block.len()];
        hide(newest, block, &mut scores);
        for (place, score) in scores.iter_mut().enumerate() {
            let document = block.document(place);
            let is_there = *score != DEAD && !document.is_gone();
            *score = DEAD;
            if is_there && document.until != 0 && document.until <= now {
                self.expired.push(document.id);
            } else if is_there {
                *score = 0.0;
                self.notes += 1;
                self.bytes += document.bytes as usize;
                self.words += u32::from(document.words);
            }
        }
        self.blocks.push((block, scores));
    }

    /// What the notes have in the store, with their keys and at most so many bytes of the index.
    pub fn bytes_stored(&self, key_bytes: usize) -> usize {
        self.bytes + self.notes * (key_bytes + DOCUMENT) + self.words as usize * POSTING
    }

    /// Leaves the notes with a tag, by its hash.
    pub fn only_with(&mut self, tag: u32) {
        for (block, scores) in &mut self.blocks {
            let mut tagged = vec![DEAD; scores.len()];
            for at in block.run(tag) {
                let place = block.posting(at).place();
                if let (Some(new), Some(old)) = (tagged.get_mut(place), scores.get(place)) {
                    *new = *old;
                }
            }
            *scores = tagged;
        }
    }

    /// Adds to the scores of the notes that have a word.
    pub fn add(&mut self, word: u32) {
        let mut with = 0;
        for (block, _) in &self.blocks {
            with += block.run(word).len();
        }
        // Notes that are gone may still be among those with the word.
        let all = self.notes.max(with) as f32;
        let with = with as f32;
        let weight = ln(1.0 + (all - with + 0.5) / (with + 0.5)) * (K1 + 1.0);
        let mean = self.words as f32 / all.max(1.0);
        let per_word = K1 * B / mean.max(1.0);
        for (block, scores) in &mut self.blocks {
            for at in block.run(word) {
                let posting = block.posting(at);
                let count = f32::from(posting.count());
                if let Some(score) = scores.get_mut(posting.place()) {
                    let words = block.words(posting.place()) as f32;
                    *score += weight * count / (count + K1 * (1.0 - B) + per_word * words);
                }
            }
        }
    }

    /// The notes that are left, with ids below `before` and scores from `least` on.
    pub fn ranking(self, least: f32, before: u32) -> Ranking {
        let mut found = Vec::new();
        for (block, scores) in &self.blocks {
            for (place, score) in scores.iter().enumerate() {
                let id = block.id(place);
                if *score >= least && id < before {
                    found.push(u64::from(score.to_bits()) << 32 | u64::from(id));
                }
            }
        }
        Ranking(BinaryHeap::from(found))
    }
}

/// Hides what a segment has of the documents of the head.
fn hide(newest: &Block, block: &Block, scores: &mut [f32]) {
    let first = block.id(0);
    let last = block.id(scores.len().saturating_sub(1));
    for place in 0..newest.len() {
        let id = newest.id(place);
        if (first..=last).contains(&id)
            && let Some(score) = block.find(id).and_then(|place| scores.get_mut(place))
        {
            *score = DEAD;
        }
    }
}

/// The natural logarithm of a number from 1 on, to five digits. The core library has none.
fn ln(x: f32) -> f32 {
    let exponent = (x.to_bits() >> 23) as i32 - 127;
    let mantissa = f32::from_bits(x.to_bits() & 0x7f_ffff | 127 << 23);
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let series = 1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square / 9.0)));
    exponent as f32 * core::f32::consts::LN_2 + 2.0 * t * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_close() {
        for x in [1.0_f32, 1.0001, 1.5, 1.999, 2.0, 3.0, 10.0, 12345.6, 1e9] {
            let difference = (ln(x) - x.ln()).abs();
            assert!(difference <= 1e-5 * x.ln().max(0.1), "{x}: {difference}");
        }
    }
}
