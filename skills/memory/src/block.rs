//! A block of the index: some documents, and for each word those that have it.
//!
//! It is bytes, read in place: a search looks at a few of its words, and taking all of it apart would cost
//! more than the search. First comes the number of documents, then the documents by ascending id, then
//! the postings: hash, place of the document in the block and count, ascending. Integers are little-endian.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

const HEAD: usize = 4;
pub const DOCUMENT: usize = 16;
pub const POSTING: usize = 8;
/// Of a document. A segment of many long texts stays below 1 MB so. Words beyond it are not found.
const MOST_POSTINGS: usize = 480;
/// A place in the merged block that a document doesn't get.
const DROPPED: u32 = u32::MAX;

/// What the index has of one note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Document {
    pub id: u32,
    /// Seconds since 1970; 0 for never.
    pub until: u32,
    /// Of the note's value; 0 for a note that is gone.
    pub bytes: u32,
    /// Of the note's value.
    pub check: u16,
    pub words: u16,
}

impl Document {
    /// A note that is gone.
    pub fn gone(id: u32) -> Document {
        Document { id, until: 0, bytes: 0, check: 0, words: 0 }
    }

    pub fn is_gone(&self) -> bool {
        self.bytes == 0
    }

    fn write(&self, to: &mut Vec<u8>) {
        let last = u32::from(self.words) << 16 | u32::from(self.check);
        for number in [self.id, self.until, self.bytes, last] {
            to.extend_from_slice(&number.to_le_bytes());
        }
    }
}

/// A word of a document. In the bytes it is hash, place and count from the highest bit to the lowest.
#[derive(Clone, Copy)]
pub struct Posting(u64);

impl Posting {
    pub fn place(self) -> usize {
        (self.0 as u32 >> 8) as usize
    }

    pub fn count(self) -> u8 {
        self.0 as u8
    }
}

pub struct Block {
    bytes: Vec<u8>,
}

impl Block {
    pub fn empty() -> Block {
        Block { bytes: vec![0; HEAD] }
    }

    /// Reads what [`bytes`](Block::bytes) gave.
    pub fn read(bytes: Vec<u8>) -> Option<Block> {
        let block = Block { bytes };
        let documents = block.len().checked_mul(DOCUMENT)?.checked_add(HEAD)?;
        let postings = block.bytes.len().checked_sub(documents)?;
        postings.is_multiple_of(POSTING).then_some(block)
    }

    /// A block of one document with these words, which ascend.
    pub fn of(document: Document, terms: &[u64]) -> Block {
        let mut bytes = 1_u32.to_le_bytes().to_vec();
        document.write(&mut bytes);
        for same in terms.chunk_by(|one, other| one == other).take(MOST_POSTINGS) {
            let posting = same.first().unwrap_or(&0) << 32 | same.len().min(255) as u64;
            bytes.extend_from_slice(&posting.to_le_bytes());
        }
        Block { bytes }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        self.u32_at(0) as usize
    }

    fn u32_at(&self, at: usize) -> u32 {
        let bytes = self.bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    pub fn id(&self, place: usize) -> u32 {
        self.u32_at(HEAD + place * DOCUMENT)
    }

    pub fn words(&self, place: usize) -> u32 {
        self.u32_at(HEAD + place * DOCUMENT + 12) >> 16
    }

    pub fn document(&self, place: usize) -> Document {
        let at = HEAD + place * DOCUMENT;
        Document {
            id: self.u32_at(at),
            until: self.u32_at(at + 4),
            bytes: self.u32_at(at + 8),
            check: self.u32_at(at + 12) as u16,
            words: self.words(place) as u16,
        }
    }

    /// The place of a document.
    pub fn find(&self, id: u32) -> Option<usize> {
        let place = first(0..self.len(), &|place| self.id(place) >= id);
        (place < self.len() && self.id(place) == id).then_some(place)
    }

    /// The places of the postings of a word.
    pub fn run(&self, hash: u32) -> Range<usize> {
        let begin = u64::from(hash) << 32;
        let postings = self.postings();
        let from = first(0..postings, &|at| self.posting(at).0 >= begin);
        let to = first(from..postings, &|at| self.posting(at).0 > begin | 0xffff_ffff);
        from..to
    }

    pub fn posting(&self, at: usize) -> Posting {
        let at = HEAD + self.len() * DOCUMENT + at * POSTING;
        let bytes = self.bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        Posting(bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    fn postings(&self) -> usize {
        (self.bytes.len() - HEAD - self.len() * DOCUMENT) / POSTING
    }

    /// The documents of two blocks. Where both have an id, the newer one counts.
    pub fn merge(older: &Block, newer: &Block) -> Block {
        Block::merge_some(older, newer, &|_| true)
    }

    /// The same, of the documents that are kept. One that is not kept still hides an older one.
    pub fn merge_some(older: &Block, newer: &Block, keep: &dyn Fn(&Document) -> bool) -> Block {
        let mut bytes = vec![0; HEAD];
        let mut old_places = Vec::with_capacity(older.len());
        let mut new_places = Vec::with_capacity(newer.len());
        let mut kept = 0;
        loop {
            let (old, new) = (old_places.len(), new_places.len());
            let (has_old, has_new) = (old < older.len(), new < newer.len());
            let (old_id, new_id) = (older.id(old), newer.id(new));
            let (document, places) = if has_old && (!has_new || old_id < new_id) {
                (older.document(old), &mut old_places)
            } else if has_new {
                if has_old && old_id == new_id {
                    old_places.push(DROPPED);
                }
                (newer.document(new), &mut new_places)
            } else {
                break;
            };
            if keep(&document) {
                document.write(&mut bytes);
                places.push(kept);
                kept += 1;
            } else {
                places.push(DROPPED);
            }
        }
        if let Some(count) = bytes.first_chunk_mut() {
            *count = kept.to_le_bytes();
        }
        let (mut old, mut new) = (0, 0);
        let mut one = older.moved(&mut old, &old_places);
        let mut other = newer.moved(&mut new, &new_places);
        while one.min(other) != u64::MAX {
            bytes.extend_from_slice(&one.min(other).to_le_bytes());
            if one < other {
                one = older.moved(&mut old, &old_places);
            } else {
                other = newer.moved(&mut new, &new_places);
            }
        }
        Block { bytes }
    }

    /// The next posting of a document that is kept, from `at` on, with its new place. After the last comes
    /// the highest number, which is no posting: a block has no place that high.
    fn moved(&self, at: &mut usize, places: &[u32]) -> u64 {
        let end = self.postings();
        while *at < end {
            let posting = self.posting(*at);
            *at += 1;
            let place = places.get(posting.place()).copied().unwrap_or(DROPPED);
            if place != DROPPED {
                return posting.0 & 0xffff_ffff_0000_00ff | u64::from(place) << 8;
            }
        }
        u64::MAX
    }
}

/// The first of a range for which `is_past` holds, or its end; once it holds it goes on to.
fn first(range: Range<usize>, is_past: &dyn Fn(usize) -> bool) -> usize {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start + (end - start) / 2;
        if is_past(middle) {
            end = middle;
        } else {
            start = middle + 1;
        }
    }
    start
}
