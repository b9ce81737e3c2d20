//! The notes of one namespace: kept, found and forgotten.

use crate::doors::Host;
use crate::index::Index;
use crate::note::Note;
use crate::rank::{Ranking, Survey};
use crate::settings::Settings;
use crate::words::{check, each_word, name_hash, tag_hash};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::decimal;

/// What the notes of one namespace and their index have at most: a quarter of the plugin's room, so that one person
/// or chat can't take all of it.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Words of a query that count.
const MOST_WORDS: usize = 32;
/// How many expired notes one call removes, because each costs a write.
const EXPIRED_IN_PASSING: usize = 8;
/// The same when there is no room.
const EXPIRED_FOR_ROOM: usize = 256;

pub struct Notes<'a> {
    host: &'a dyn Host,
    namespace: String,
    pub settings: Settings,
    /// Seconds since 1970.
    pub now: u32,
}

/// What became of a note.
pub struct Kept {
    pub id: u32,
    pub is_new: bool,
    /// When it ends, as it is in the store now.
    pub until: u32,
}

/// What to look for.
pub struct Query<'a> {
    /// Its words, or none for all notes, the newest first.
    pub text: Option<&'a str>,
    pub tag: Option<&'a str>,
    /// Only ids below it.
    pub before: u32,
    pub limit: usize,
    /// No more are found when the values of those that are have so much.
    pub most_bytes: usize,
}

/// What is known after a search.
pub struct Summary {
    /// Whether there are other notes that fit.
    pub more: bool,
    /// All notes of the namespace.
    pub total: usize,
}

impl<'a> Notes<'a> {
    /// The notes of a namespace.
    #[inline(never)]
    pub fn of(host: &'a dyn Host, namespace: String) -> Result<Notes<'a>, String> {
        let now = (host.now_ms() / 1000).min(u32::MAX.into()) as u32;
        Ok(Notes { host, namespace, settings: Settings::read(host)?, now })
    }

    #[inline(never)]
    fn index(&self) -> Result<Index<'_>, String> {
        Index::open(self.host, &self.namespace, self.settings.stemming)
    }

    /// Keeps a note. If there is one with the same name, `change` makes a value of the old one.
    pub fn keep(
        &self,
        name: &str,
        value: String,
        change: &dyn Fn(&Note) -> Option<String>,
    ) -> Result<Kept, String> {
        let mut index = self.index()?;
        let (mut id, mut value, mut before) = (index.next_id, value, None);
        if let Some((old_id, old)) = self.named(&mut index, name)? {
            id = old_id;
            value = change(&old).unwrap_or(value);
            before = Some(old.json);
        }
        let note = Note::read(value.into_bytes()).ok_or("the note is no JSON: report this")?;
        let kept = Kept { id, is_new: before.is_none(), until: note.until() };
        if before.as_ref() == Some(&note.json) {
            self.commit_best_effort(&mut index);
            return Ok(kept);
        }
        self.make_room(&mut index, note.json.len(), kept.is_new)?;
        let key = index.note_key(id);
        self.host.set(&key, note.json.as_bytes()).map_err(not_kept)?;
        index.add(id, Some(&note));
        if let Err(error) = index.commit() {
            // As before. If this fails too, the next reader repairs the index.
            let _ = match before {
                Some(old) => self.host.set(&key, old.as_bytes()),
                None => self.host.delete(&key).map(drop),
            };
            return Err(not_kept(error));
        }
        // Another instance may have put a note under the same id at the same time.
        if self.host.get(&key)?.is_none_or(|now| now != note.json.as_bytes()) {
            return Err("another call changed these notes at the same time: try again".to_string());
        }
        Ok(kept)
    }

    /// Removes expired notes, and fails if there is no room for so many bytes.
    fn make_room(&self, index: &mut Index, bytes: usize, is_new: bool) -> Result<(), String> {
        let survey = Survey::of(index, self.now);
        let most = self.settings.max_entries as usize;
        let mut fault = String::new();
        if is_new && survey.notes >= most {
            fault =
                [&decimal(most as u64), " notes are kept here, as `max_entries` allows"].concat();
        } else if survey.bytes_stored(index.note_key(0).len()) + bytes > MOST_BYTES {
            fault = "4 MB of notes are kept here, the most there may be".to_string();
        }
        let removed = if fault.is_empty() { EXPIRED_IN_PASSING } else { EXPIRED_FOR_ROOM };
        for id in survey.expired.into_iter().take(removed) {
            self.host.delete(&index.note_key(id))?;
            index.remove(id);
        }
        if fault.is_empty() {
            return Ok(());
        }
        self.commit_best_effort(index);
        fault.push_str(": forget some that are no longer needed, `list` shows them");
        Err(fault)
    }

    /// Writes the index. If that fails, the next reader repairs it again.
    fn commit_best_effort(&self, index: &mut Index) {
        let _ = index.commit();
    }

    /// The note with exactly this name.
    fn named(&self, index: &mut Index, name: &str) -> Result<Option<(u32, Note)>, String> {
        for id in index.with_term(name_hash(name)) {
            if let Some(note) = self.fetch(index, id)?
                && note.name() == name
            {
                return Ok(Some((id, note)));
            }
        }
        Ok(None)
    }

    /// Reads a note that hasn't expired. If the index has something else of it, that is repaired.
    fn fetch(&self, index: &mut Index, id: u32) -> Result<Option<Note>, String> {
        let note = self.host.get(&index.note_key(id))?.and_then(Note::read);
        let is_known = match (&note, index.document(id)) {
            (Some(note), Some(document)) => document.check == check(note.json.as_bytes()),
            (one, other) => one.is_none() && other.is_none(),
        };
        if !is_known {
            index.add(id, note.as_ref());
        }
        Ok(note.filter(|note| note.until() == 0 || note.until() > self.now))
    }

    /// Looks for notes. Each that is found is taken with its id and its score.
    pub fn find(
        &self,
        query: &Query,
        take: &mut dyn FnMut(u32, f32, &Note),
    ) -> Result<Summary, String> {
        let mut index = self.index()?;
        let (mut ranking, total) = self.rank(&index, query);
        let mut summary = Summary { more: false, total };
        let (mut notes, mut bytes) = (0, 0);
        while let Some((id, score)) = ranking.pop() {
            summary.more = notes >= query.limit || bytes >= query.most_bytes;
            if summary.more {
                break;
            }
            if let Some(note) = self.fetch(&mut index, id)? {
                notes += 1;
                bytes += note.json.len();
                take(id, score, &note);
            }
        }
        self.commit_best_effort(&mut index);
        Ok(summary)
    }

    fn rank(&self, index: &Index, query: &Query) -> (Ranking, usize) {
        let mut survey = Survey::of(index, self.now);
        let total = survey.notes;
        if let Some(tag) = query.tag {
            survey.only_with(tag_hash(tag));
        }
        let mut least = 0.0;
        if let Some(text) = query.text {
            least = f32::MIN_POSITIVE;
            for word in words(text, index.stemming) {
                survey.add(word);
            }
        }
        (survey.ranking(least, query.before), total)
    }

    /// The note with exactly this name.
    pub fn get(&self, name: &str) -> Result<Option<Note>, String> {
        let mut index = self.index()?;
        let named = self.named(&mut index, name)?;
        self.commit_best_effort(&mut index);
        Ok(named.map(|(_, note)| note))
    }

    /// Forgets the note with this name. Returns whether there was one.
    pub fn forget_name(&self, name: &str) -> Result<bool, String> {
        let mut index = self.index()?;
        match self.named(&mut index, name)? {
            Some((id, _)) => self.forget(&mut index, id),
            None => {
                self.commit_best_effort(&mut index);
                Ok(false)
            }
        }
    }

    /// Forgets the note with this id. Returns whether there was one.
    pub fn forget_id(&self, id: u32) -> Result<bool, String> {
        let mut index = self.index()?;
        self.forget(&mut index, id)
    }

    fn forget(&self, index: &mut Index, id: u32) -> Result<bool, String> {
        let was_there = self.host.delete(&index.note_key(id))?;
        index.remove(id);
        // The note is gone, whatever the index still has of it.
        self.commit_best_effort(index);
        Ok(was_there)
    }
}

/// The distinct words of a query, as the index has them.
pub fn words(text: &str, stemming: bool) -> Vec<u32> {
    let mut words = Vec::new();
    each_word(text, stemming, &mut |word| {
        if words.len() < MOST_WORDS && words.iter().all(|other| *other != word) {
            words.push(word);
        }
    });
    words
}

fn not_kept(error: String) -> String {
    [
        "the note is not kept: ",
        &error,
        "; if there is no room, forget notes that are no longer needed",
    ]
    .concat()
}
