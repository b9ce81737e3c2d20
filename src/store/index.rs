//! Which keys a store's file has, and where their records are.

use super::error::StoreError;
use crate::contract::{SortedMap, limits};

use super::record::RECORD_START;

/// The place of a record that sets a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordPlace {
    /// Where the record begins.
    pub(super) at: u64,
    /// Bytes of the value.
    pub(super) value_bytes: usize,
}

/// A change that a record makes: a key has a value at a new place, or none.
pub(super) type KeyChange = (String, Option<RecordPlace>);

/// Keys that are listed without a pause, as the index is locked meanwhile.
const KEYS_AT_ONCE: usize = 256;

/// The keys that begin with a prefix, in ascending order, as far as they are listed.
pub(super) struct KeyList {
    prefix: String,
    pub(super) keys: Vec<String>,
    /// Of the list in a guest's memory.
    bytes: usize,
}

impl KeyList {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), keys: Vec::new(), bytes: 0 }
    }
}

/// The keys with the places of their values, and how much all of them are.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: SortedMap<String, RecordPlace>,
    /// Of all keys and values.
    bytes: usize,
}

impl Index {
    /// The result of all changes in a file, in their order.
    pub(super) fn of(changes: Vec<KeyChange>) -> Self {
        // Collecting sorts once and keeps the last change of each key.
        let last: SortedMap<String, Option<RecordPlace>> = changes.into_iter().collect();
        let kept = last.into_iter().filter_map(|(key, place)| Some((key, place?)));
        let entries: SortedMap<String, RecordPlace> = kept.collect();
        let bytes = entries.iter().map(|(key, place)| key.len() + place.value_bytes).sum();
        Self { entries, bytes }
    }

    pub(super) fn apply(&mut self, (key, place): KeyChange) {
        let added = place.map_or(0, |it| key.len() + it.value_bytes);
        let bytes = key.len();
        let replaced = match place {
            Some(place) => self.entries.insert(key, place),
            None => self.entries.remove(&key),
        };
        self.bytes -= replaced.map_or(0, |it| bytes + it.value_bytes);
        self.bytes += added;
    }

    pub(super) fn get(&self, key: &str) -> Option<RecordPlace> {
        self.entries.get(key).copied()
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all keys and values.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the records that count.
    pub(super) fn record_bytes(&self) -> u64 {
        (self.bytes + self.entries.len() * RECORD_START) as u64
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, RecordPlace)> {
        self.entries.iter().map(|(key, place)| (key, *place))
    }

    /// Whether a value of so many bytes fits under `key`. What takes no more room than before always fits.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] and [`StoreError::Entries`].
    pub(super) fn check(
        &self,
        key: &str,
        value_bytes: usize,
        quota_bytes: usize,
    ) -> Result<(), StoreError> {
        let replaced = self.get(key);
        if replaced.is_none() && self.entries.len() >= limits::STORE_ENTRIES {
            return Err(StoreError::Entries);
        }
        let freed = replaced.map_or(0, |it| key.len() + it.value_bytes);
        let bytes = self.bytes - freed + key.len() + value_bytes;
        match bytes > quota_bytes && bytes > self.bytes {
            true => Err(StoreError::Full { quota_bytes }),
            false => Ok(()),
        }
    }

    /// Adds the next keys to a list, at most [`KEYS_AT_ONCE`]. Returns whether the list is complete.
    ///
    /// # Errors
    ///
    /// [`StoreError::Keys`] if they are too much for one list.
    pub(super) fn list(&self, list: &mut KeyList) -> Result<bool, StoreError> {
        let KeyList { prefix, keys, bytes } = list;
        let last = keys.last();
        let from = self.entries.range_from(last.unwrap_or(prefix)).map(|(key, _)| key);
        let next = from.skip_while(|&key| Some(key) == last);
        let next: Vec<_> =
            next.take_while(|key| key.starts_with(&**prefix)).take(KEYS_AT_ONCE).cloned().collect();
        *bytes += next.iter().map(|key| key.len() + size_of::<u64>()).sum::<usize>();
        if *bytes > limits::STORE_KEYS_BYTES {
            return Err(StoreError::Keys);
        }
        let is_complete = next.len() < KEYS_AT_ONCE;
        keys.extend(next);
        Ok(is_complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Option<RecordPlace> = Some(RecordPlace { at: 0, value_bytes: 0 });

    fn full() -> Index {
        let key = |number| (format!("{number:0>100}"), PLACE);
        Index::of((0..limits::STORE_ENTRIES).map(key).collect())
    }

    #[test]
    fn entries_are_bounded() {
        let mut index = full();
        assert_eq!(index.check("new", 1, usize::MAX), Err(StoreError::Entries));
        let first = format!("{:0>100}", 0);
        assert_eq!(index.check(&first, 1, usize::MAX), Ok(()));
        index.apply((first, None));
        assert_eq!(index.check("new", 1, usize::MAX), Ok(()));
        assert_eq!(index.bytes(), 100 * (limits::STORE_ENTRIES - 1));
    }

    fn keys(index: &Index, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut list = KeyList::new(prefix);
        while !index.list(&mut list)? {}
        Ok(list.keys)
    }

    #[test]
    fn long_lists_of_keys_are_refused() {
        let index = full();
        assert_eq!(keys(&index, ""), Err(StoreError::Keys));
        let listed = keys(&index, &"0".repeat(96)).unwrap();
        assert!(listed.len() == 10_000 && listed.is_sorted());
        assert_eq!(
            (&*listed[0], &*listed[9_999]),
            (&*format!("{:0>100}", 0), &*format!("{:0>100}", 9_999))
        );
    }

    #[test]
    fn keys_are_listed_bit_by_bit() {
        let index = full();
        let mut list = KeyList::new("");
        assert_eq!(index.list(&mut list), Ok(false));
        assert_eq!(list.keys.len(), KEYS_AT_ONCE);
        let mut few = KeyList::new(&"0".repeat(98));
        assert_eq!((index.list(&mut few), few.keys.len()), (Ok(true), 100));
    }

    #[test]
    fn the_last_change_counts() {
        let place = |value_bytes| Some(RecordPlace { at: 1, value_bytes });
        let changes =
            [("a", place(1)), ("b", place(2)), ("a", None), ("c", place(3)), ("b", place(4))];
        let changes = changes.map(|(key, place)| (key.to_owned(), place));
        let index = Index::of(changes.to_vec());
        let mut applied = Index::default();
        changes.into_iter().for_each(|change| applied.apply(change));
        for index in [index, applied] {
            assert_eq!(keys(&index, "").unwrap(), ["b", "c"]);
            assert_eq!((index.len(), index.bytes(), index.record_bytes()), (2, 9, 41));
        }
    }
}
