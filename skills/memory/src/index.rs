//! The index of one namespace, as it is in the store.
//!
//! The notes are what counts, and the index is derived from them. A note is under `<namespace>/e/<id>`. The
//! head under `<namespace>/h` has the newest documents, and hides what the segments under
//! `<namespace>/i/<number>` have of the same ones. A segment has a range of ids, and is written before the
//! head that has less. So the end of the process at any moment leaves an index that is whole, and that lacks
//! at most the last note or still has one that is gone. Both are found out in passing: [`Index::open`] looks
//! for a note under the next id, and a reader finds no note, or another, under the id that it has from the index.

use crate::block::{Block, Document};
use crate::doors::Host;
use crate::note::Note;
use crate::words::check;
use alloc::string::String;
use alloc::vec::Vec;
use json_text::decimal;

/// Ids of a segment.
const SEGMENT_IDS: u32 = 256;
/// The head is written with each note, so what is in it soon moves to a segment.
const HEAD_DOCUMENTS: usize = 32;
const HEAD_BYTES: usize = 16 * 1024;
/// While there is no room for segments, the head grows up to this.
const HEAD_MOST_BYTES: usize = 512 * 1024;
/// The first bytes of a head: the layout, and whether words are stemmed.
const LAYOUT: u32 = 1;
const STEMMED: u32 = 1 << 8;
/// Layout and next id.
const BEFORE_BLOCK: usize = 8;

const NOTE: &str = "/e/";
const SEGMENT: &str = "/i/";

pub struct Index<'a> {
    host: &'a dyn Host,
    namespace: &'a str,
    pub stemming: bool,
    /// The id that a new note gets.
    pub next_id: u32,
    /// The blocks of the segments by their numbers.
    pub segments: Vec<(u32, Block)>,
    /// The documents of the head. They hide what the segments have of them.
    pub newest: Block,
    /// Whether the head in the store is behind.
    is_changed: bool,
}

impl<'a> Index<'a> {
    /// Reads the index, or makes it from the notes if it is damaged or has other words.
    pub fn open(
        host: &'a dyn Host,
        namespace: &'a str,
        stemming: bool,
    ) -> Result<Index<'a>, String> {
        let mut index = Index {
            host,
            namespace,
            stemming,
            next_id: 0,
            segments: Vec::new(),
            newest: Block::empty(),
            is_changed: false,
        };
        if !index.read()? {
            index.rebuild()?;
        }
        // The process may have ended before the head had the last note.
        while let Some(value) = host.get(&index.note_key(index.next_id))? {
            index.add(index.next_id, Note::read(value).as_ref());
        }
        Ok(index)
    }

    /// Whether there is a head, and all could be read.
    fn read(&mut self) -> Result<bool, String> {
        let Some(mut head) = self.host.get(&self.key("/h", None))? else {
            return Ok(false);
        };
        let block = head.split_off(BEFORE_BLOCK.min(head.len()));
        self.next_id = number(&head, 4);
        let Some(block) = Block::read(block).filter(|_| number(&head, 0) == self.layout()) else {
            return Ok(false);
        };
        self.newest = block;
        for number in self.numbers(SEGMENT)? {
            let value = self.host.get(&self.key(SEGMENT, Some(number)))?;
            let Some(block) = value.and_then(Block::read) else {
                return Ok(false);
            };
            self.segments.push((number, block));
        }
        Ok(true)
    }

    fn layout(&self) -> u32 {
        if self.stemming { LAYOUT | STEMMED } else { LAYOUT }
    }

    fn rebuild(&mut self) -> Result<(), String> {
        self.segments.clear();
        self.newest = Block::empty();
        self.next_id = 0;
        for number in self.numbers(SEGMENT)? {
            self.host.delete(&self.key(SEGMENT, Some(number)))?;
        }
        for id in self.numbers(NOTE)? {
            if let Some(value) = self.host.get(&self.note_key(id))? {
                self.add(id, Note::read(value).as_ref());
            }
            if self.is_head_full() {
                self.move_to_segments()?;
            }
        }
        Ok(())
    }

    /// The numbers at the ends of keys, ascending as the keys do.
    fn numbers(&self, kind: &str) -> Result<Vec<u32>, String> {
        let prefix = self.key(kind, None);
        let mut numbers = Vec::new();
        for key in self.host.keys(&prefix)? {
            let digits = key.get(prefix.len()..).unwrap_or_default();
            numbers.extend(digits.parse::<u32>());
        }
        Ok(numbers)
    }

    /// A key. All numbers have ten digits, so that their order is that of the keys.
    fn key(&self, kind: &str, number: Option<u32>) -> String {
        let mut key = [self.namespace, kind].concat();
        if let Some(number) = number {
            let digits = decimal(number.into());
            key.push_str("0000000000".get(digits.len()..).unwrap_or_default());
            key.push_str(&digits);
        }
        key
    }

    /// The key of a note.
    pub fn note_key(&self, id: u32) -> String {
        self.key(NOTE, Some(id))
    }

    /// What the index has of a note. None if it has nothing, or that the note is gone.
    pub fn document(&self, id: u32) -> Option<Document> {
        let mut found = document(&self.newest, id);
        for (number, block) in &self.segments {
            if found.is_none() && *number == id / SEGMENT_IDS {
                found = document(block, id);
            }
        }
        found.filter(|document| !document.is_gone())
    }

    /// The notes that may have a word: what the head hides is among them.
    pub fn with_term(&self, hash: u32) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut add = |block: &Block| {
            for at in block.run(hash) {
                ids.push(block.id(block.posting(at).place()));
            }
        };
        add(&self.newest);
        for (_, block) in &self.segments {
            add(block);
        }
        ids
    }

    /// Puts a note in the place of what the index has under the id. What isn't a note is gone.
    pub fn add(&mut self, id: u32, note: Option<&Note>) {
        let mut document = Document::gone(id);
        let mut terms = Vec::new();
        if let Some(note) = note {
            let words;
            (terms, words) = note.terms(self.stemming);
            document.until = note.until();
            document.bytes = note.json.len() as u32;
            document.check = check(note.json.as_bytes());
            document.words = words.min(0xffff) as u16;
        }
        self.newest = Block::merge(&self.newest, &Block::of(document, &terms));
        self.next_id = self.next_id.max(id.saturating_add(1));
        self.is_changed = true;
    }

    /// Takes a note out of the index.
    pub fn remove(&mut self, id: u32) {
        if self.document(id).is_some() {
            self.add(id, None);
        }
    }

    /// Writes what has changed.
    pub fn commit(&mut self) -> Result<(), String> {
        if !self.is_changed {
            return Ok(());
        }
        if self.is_head_full() {
            // A full store has no room for a larger segment, but room for a head when a note is gone.
            let moved = self.move_to_segments();
            if self.newest.bytes().len() > HEAD_MOST_BYTES {
                moved?;
            }
        }
        let mut head = Vec::new();
        head.extend_from_slice(&self.layout().to_le_bytes());
        head.extend_from_slice(&self.next_id.to_le_bytes());
        head.extend_from_slice(self.newest.bytes());
        self.host.set(&self.key("/h", None), &head)?;
        self.is_changed = false;
        Ok(())
    }

    fn is_head_full(&self) -> bool {
        self.newest.len() > HEAD_DOCUMENTS || self.newest.bytes().len() > HEAD_BYTES
    }

    /// Moves the documents of the head to their segments. If one can't be written, all stay in the head.
    fn move_to_segments(&mut self) -> Result<(), String> {
        let mut at = 0;
        while at < self.newest.len() {
            let number = self.newest.id(at) / SEGMENT_IDS;
            let is_here = |id: u32| id / SEGMENT_IDS == number;
            while at < self.newest.len() && is_here(self.newest.id(at)) {
                at += 1;
            }
            let mut old = Block::empty();
            let place = self.segments.iter().position(|(other, _)| *other == number);
            if let Some(place) = place {
                old = self.segments.swap_remove(place).1;
            }
            let keep = |document: &Document| is_here(document.id) && !document.is_gone();
            let block = Block::merge_some(&old, &self.newest, &keep);
            let key = self.key(SEGMENT, Some(number));
            if block.len() == 0 {
                self.host.delete(&key)?;
                continue;
            }
            let written = self.host.set(&key, block.bytes());
            self.segments.push((number, if written.is_ok() { block } else { old }));
            written?;
        }
        self.newest = Block::empty();
        Ok(())
    }
}

fn document(block: &Block, id: u32) -> Option<Document> {
    block.find(id).map(|place| block.document(place))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
