//! Finds the commands that match the words of a message.

use super::registry::CommandRegistry;
use crate::contract::{SortedSet, sort_by_key};

/// The most commands in an answer.
const MATCHES: usize = 5;

/// The fewest letters of a significant word.
const WORD_LETTERS: usize = 3;

/// Common words, which are not significant.
const COMMON: &str = " about after all also and any are ask but can could did does don for from get give \
    going had has have her here him his how into its just let like make may mean more most much my need \
    not now off one our out over please put say see she should show some tell than thank thanks that \
    the their them then there these they thing this those too use very want was way well were what when \
    where which who why will with would yes you your ";

/// The significant words of a text, in lower case.
fn words(text: &str) -> SortedSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| word.chars().count() >= WORD_LETTERS).map(str::to_lowercase);
    SortedSet::from_iter(words.filter(|word| !COMMON.contains(&format!(" {word} "))))
}

/// How well a name with its description matches the words: 0 for no match. A word of the name counts three
/// times.
fn fit(wanted: &SortedSet<String>, name: &str, description: &str) -> usize {
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
        || (short.chars().count() >= WORD_LETTERS
            && long.starts_with(short)
            && long.len() <= short.len() + 3)
}

impl CommandRegistry {
    /// The commands whose names or summaries contain words of `text`, best first, as lines for people.
    #[must_use]
    pub fn matching(&self, text: &str) -> Vec<String> {
        let wanted = words(text);
        let mut found: Vec<_> = self
            .commands()
            .map(|command| (fit(&wanted, &command.name, &command.summary), command))
            .filter(|(fit, _)| *fit > 0)
            .collect();
        // The sort is stable: equal matches keep the order of `/help`.
        sort_by_key(&mut found, |(fit, _)| std::cmp::Reverse(*fit));
        let lines = found.iter().map(|(_, it)| format!("{}  {}", it.usage(), it.summary));
        lines.take(MATCHES).collect()
    }
}
