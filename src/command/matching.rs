//! What comes close to what was typed, and what fits what was said.

use std::collections::BTreeSet;

use super::registry::CommandRegistry;
use crate::contract::{closest, set_of, sort_by_key};

/// Names that are shown at most.
const SIMILAR: usize = 3;

/// Commands that a message is answered with at most.
const MATCHES: usize = 5;

/// The letters that a word must have to mean something.
const WORD_LETTERS: usize = 4;

/// Up to three names: the one that was probably meant, and those that begin with what was typed.
pub(super) fn similar<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let names: Vec<&str> = names.collect();
    let meant = closest(wanted, &names);
    let longer = names.iter().copied().filter(|name| wanted.len() >= 2 && name.starts_with(wanted));
    let mut similar: Vec<String> = Vec::new();
    for name in meant.into_iter().chain(longer) {
        if !similar.iter().any(|known| known == name) {
            similar.push(name.to_owned());
        }
    }
    similar.truncate(SIMILAR);
    similar
}

/// The words of a text that mean something, in lower case.
fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    set_of(words.filter(|word| word.chars().count() >= WORD_LETTERS).map(str::to_lowercase))
}

/// How well a name with its description fits the words: 0 where it doesn't. A word of the name
/// counts three times.
fn fit(wanted: &BTreeSet<String>, name: &str, description: &str) -> usize {
    let common = |text: &str| {
        let there = words(text);
        wanted.iter().filter(|word| there.iter().any(|other| alike(word, other))).count()
    };
    3 * common(name) + common(description)
}

/// Whether two words are the same but for an ending: `count` and `counts`.
fn alike(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short == long
        || (short.chars().count() > 3 && long.starts_with(short) && long.len() <= short.len() + 3)
}

impl CommandRegistry {
    /// The commands whose names or summaries hold words of `text`, best first, as lines for people.
    #[must_use]
    pub fn matching(&self, text: &str) -> Vec<String> {
        let wanted = words(text);
        let mut found: Vec<_> = self
            .commands()
            .map(|command| (fit(&wanted, &command.name, &command.summary), command))
            .filter(|(fit, _)| *fit > 0)
            .collect();
        // Stable, so that those that fit equally well stay in the order of `/help`.
        sort_by_key(&mut found, |(fit, _)| std::cmp::Reverse(*fit));
        let lines = found.iter().map(|(_, it)| format!("{}  {}", it.usage(), it.summary));
        lines.take(MATCHES).collect()
    }
}
