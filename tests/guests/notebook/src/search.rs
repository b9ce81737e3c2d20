//! Search by words: where a word of the query stands decides what it counts.

use crate::entry::Entry;
use crate::exports::memory::Hit;
use alloc::string::String;
use alloc::vec::Vec;

/// What one word of the query counts at each place where it is found.
const IN_KEY: f64 = 3.0;
const AS_TAG: f64 = 2.0;
const IN_VALUE: f64 = 1.0;

/// The entries with at least one word of the query, the best first and equals by key. A query
/// without words finds everything.
pub fn best(entries: Vec<Entry>, query: &str, limit: u32) -> Vec<Hit> {
    let wanted = words(query);
    let mut hits: Vec<Hit> = entries
        .into_iter()
        .filter_map(|entry| {
            let score = score(&entry, &wanted);
            let found = score > 0.0 || wanted.is_empty();
            found.then_some(Hit { key: entry.key, value: entry.value, score })
        })
        .collect();
    hits.sort_unstable_by(|one, other| {
        other.score.total_cmp(&one.score).then_with(|| one.key.cmp(&other.key))
    });
    hits.truncate(limit as usize);
    hits
}

/// The mean over the words of the query, so that 6 is the best there is.
fn score(entry: &Entry, wanted: &[String]) -> f64 {
    let (key, value) = (words(&entry.key), words(&entry.value));
    let mut sum = 0.0;
    for word in wanted {
        let places = [
            (key.contains(word), IN_KEY),
            (entry.tags.iter().any(|tag| lower(tag) == *word), AS_TAG),
            (value.contains(word), IN_VALUE),
        ];
        sum += places.iter().filter(|(there, _)| *there).map(|(_, counts)| counts).sum::<f64>();
    }
    if wanted.is_empty() { 0.0 } else { sum / wanted.len() as f64 }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(lower).collect()
}

/// Letter by letter: the standard library's own for texts takes 5 KB more.
fn lower(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).collect()
}
