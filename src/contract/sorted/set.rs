//! The set.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::{arrange, search};

/// A set in order, kept in a `Vec`.
///
/// It has the methods of a [`BTreeSet`](std::collections::BTreeSet) by the same names, as far as they
/// are needed. Inserting and removing is `O(n)`, except at the end; collecting sorts once.
///
/// ```
/// use weft_lite::sorted::SortedSet;
///
/// let mut names: SortedSet<&str> = ["b", "a", "b"].into_iter().collect();
/// assert!(names.contains("a") && !names.insert("b"));
/// assert_eq!(names.iter().copied().collect::<Vec<_>>(), ["a", "b"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SortedSet<T> {
    /// No two are the same.
    items: Vec<T>,
}

impl<T> SortedSet<T> {
    /// A set without items.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes every item out.
    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// The items, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// Keeps the items that `keep` says.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.items.retain(keep);
    }
}

impl<T: Ord> SortedSet<T> {
    fn place<Q: Ord + ?Sized>(&self, item: &Q) -> Result<usize, usize>
    where
        T: Borrow<Q>,
    {
        search(self.items.len(), &mut |at| match self.items.get(at) {
            Some(other) => other.borrow().cmp(item),
            None => Ordering::Greater,
        })
    }

    /// Whether it is there.
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.place(item).is_ok()
    }

    /// The items from this one on.
    pub fn range_from<Q: Ord + ?Sized>(&self, item: &Q) -> std::slice::Iter<'_, T>
    where
        T: Borrow<Q>,
    {
        let (Ok(place) | Err(place)) = self.place(item);
        self.items.get(place..).unwrap_or_default().iter()
    }

    /// Adds the item, and says whether it is new: `O(n)` if so, except at the end.
    pub fn insert(&mut self, item: T) -> bool {
        let place = self.place(&item);
        if let Err(place) = place {
            self.items.insert(place, item);
        }
        place.is_err()
    }

    /// Takes the item out, and says whether it was there: `O(n)`.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let place = self.place(item);
        if let Ok(place) = place {
            self.items.remove(place);
        }
        place.is_ok()
    }
}

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for SortedSet<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self).finish()
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items: Vec<T> = items.into_iter().collect();
        arrange(&mut items, T::cmp);
        Self { items }
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for SortedSet<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

/// Inserts one after the other.
impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a SortedSet<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Serialize> Serialize for SortedSet<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for SortedSet<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_set_does_what_the_standard_librarys_does() {
        let (mut ours, mut theirs) = (SortedSet::new(), BTreeSet::new());
        let mut number = 1_u32;
        for _ in 0..1_000 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let item = (number >> 16) % 30;
            match number >> 30 {
                0 => assert_eq!(ours.remove(&item), theirs.remove(&item)),
                1 => assert_eq!(ours.contains(&item), theirs.contains(&item)),
                _ => assert_eq!(ours.insert(item), theirs.insert(item)),
            }
            assert!(ours.iter().eq(&theirs));
        }
        let items = || (0..50_u32).map(|number| number * 7 % 30);
        let (ours, theirs) = (items().collect::<SortedSet<_>>(), items().collect::<BTreeSet<_>>());
        assert!(ours.iter().eq(&theirs));
        let json = serde_json::to_string(&theirs).unwrap();
        assert_eq!(serde_json::to_string(&ours).unwrap(), json);
        assert_eq!(serde_json::from_str::<SortedSet<u32>>("[3,1,3]").unwrap().items, [1, 3]);
    }
}
