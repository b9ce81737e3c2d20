//! The known word that a misspelt one was probably meant to be.

/// Names that are shown at most.
const SIMILAR: usize = 3;

/// Up to three of `names`: the one that was probably meant, and those that begin with what was typed.
pub fn similar_names<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let names: Vec<&str> = names.into_iter().collect();
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

/// `did you mean ...?`, where something is similar. `before` stands in front of each name.
#[must_use]
pub fn did_you_mean(similar: &[String], before: &str) -> Option<String> {
    let names = similar.join(&format!("` or `{before}"));
    (!similar.is_empty()).then(|| format!("did you mean `{before}{names}`?"))
}

/// The closest of `known` to `word`, if it is close: at most two edits, and at most one for each
/// three characters, so that short words don't resemble everything.
pub(crate) fn closest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let allowed = |candidate: &str| (word.len().max(candidate.len()) / 3).min(2);
    known
        .iter()
        .map(|candidate| (edits(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= allowed(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether two neighbours that have changed places are all that differs.
fn is_swapped(left: &[u8], right: &[u8]) -> bool {
    let differs = |(at, (left, right)): (usize, (&u8, &u8))| (left != right).then_some(at);
    let mut places = left.iter().zip(right).enumerate().filter_map(differs);
    match (places.next(), places.next(), places.next()) {
        (Some(at), Some(next), None) if left.len() == right.len() && next == at + 1 => {
            left[at] == right[next] && left[next] == right[at]
        }
        _ => false,
    }
}

/// The Levenshtein distance in bytes, where neighbours that have changed places are one edit. Words
/// far apart in length are not compared, which also keeps a hostile word of 60 KB cheap.
fn edits(left: &str, right: &str) -> usize {
    if left.len().abs_diff(right.len()) > 2 {
        return usize::MAX;
    }
    if is_swapped(left.as_bytes(), right.as_bytes()) {
        return 1;
    }
    let right = right.as_bytes();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, byte) in left.bytes().enumerate() {
        let mut diagonal = above;
        let mut before = above + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right) {
            let replaced = diagonal + usize::from(byte != *other);
            diagonal = *cell;
            before = replaced.min(before + 1).min(diagonal + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}
