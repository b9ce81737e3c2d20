//! Where the name of an MCP tool or prompt is made: each gets a name that clients accept.
//!
//! Many clients accept only `^[a-zA-Z0-9_-]{1,64}$` and drop the whole list for one other name. A name that
//! fits stays as it is. The others are shortened by a rule that depends on the set of names alone:
//! neither on the order in which plugins are loaded nor on anything that a restart forgets. The files
//! `tools` and `skills` beside this one say which name a tool or a skill wants: qualified, bare or `skill__...`.

use crate::contract::{Sha256, SortedMap, SortedSet, sort_by, to_hex};

/// Digits of the hash that tells two names apart.
const HASH_DIGITS: usize = 8;

/// A name that is to be offered.
pub(super) struct WantedName {
    /// The name that comes first, if it fits.
    pub(super) preferred: String,
    /// The name that nothing else has.
    pub(super) full: String,
}

/// The names to offer, of at most `limit` characters, in the order of `wanted`. None of them is the
/// full name of another entry.
pub(super) fn offered(wanted: &[WantedName], limit: usize) -> Vec<String> {
    let plain: Vec<String> = wanted.iter().map(|name| plain(&name.preferred)).collect();
    let fits =
        |at: usize| (1..=limit).contains(&plain[at].len()) && plain[at] == wanted[at].preferred;
    let fitting = (0..wanted.len()).filter(|&at| fits(at)).map(|at| plain[at].clone());
    let mut used: SortedSet<String> =
        wanted.iter().map(|name| name.full.clone()).chain(fitting).collect();
    let mut uses: SortedMap<&str, usize> = SortedMap::new();
    for name in &plain {
        *uses.entry(name).or_default() += 1;
    }
    let mut order: Vec<usize> = (0..wanted.len()).filter(|&at| !fits(at)).collect();
    sort_by(&mut order, |&one, &other| wanted[one].full.cmp(&wanted[other].full));
    let mut names = plain.clone();
    for at in order {
        let name = &plain[at];
        let is_free = !used.contains(name) && uses.get(name.as_str()) == Some(&1);
        if !is_free || name.len() > limit {
            let mut hashed = (0_u32..).map(|salt| hashed(name, &wanted[at].full, salt, limit));
            names[at] = hashed.find(|name| !used.contains(name)).unwrap_or_default();
        }
        used.insert(names[at].clone());
    }
    names
}

/// The name with `_` for what clients don't take.
fn plain(name: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    name.chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect()
}

/// The beginning of a plain name with a hash of the full one. `salt` makes another hash where one is in use.
fn hashed(plain: &str, full: &str, salt: u32, limit: usize) -> String {
    let mut hash = Sha256::new();
    hash.update(full.as_bytes());
    if salt > 0 {
        hash.update(&salt.to_le_bytes());
    }
    let digits = to_hex(&hash.finish());
    let kept = plain.len().min(limit.saturating_sub(HASH_DIGITS + 1));
    format!("{}_{}", &plain[..kept], &digits[..HASH_DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(full: &[&str], limit: usize) -> Vec<String> {
        let wanted = |full: &&str| WantedName { preferred: (*full).into(), full: (*full).into() };
        offered(&full.iter().map(wanted).collect::<Vec<_>>(), limit)
    }

    #[test]
    fn names_fit_and_are_unique_whatever_the_order() {
        let long = "a".repeat(130);
        // Names that want the place of another, or of the hash of another.
        let collided = names(&["a.b__t", "a.b__t"], 64)[0].clone();
        let mut nasty: Vec<String> =
            ["a.b__t", "a-b__t", "a_b__t", "com.example.x__run", "\u{65e5}", "_", "__", ""]
                .map(str::to_owned)
                .into();
        nasty.extend([long.clone(), format!("{long}b"), collided]);
        nasty.extend((0..200).map(|at| format!("{}.{at}", &long[..70 + at % 50])));
        let mut seed = 7_u64;
        for limit in [32, 64, 128] {
            let straight: Vec<&str> = nasty.iter().map(String::as_str).collect();
            let first = names(&straight, limit);
            let unique: SortedSet<&String> = first.iter().collect();
            assert_eq!(unique.len(), nasty.len());
            for (full, name) in nasty.iter().zip(&first) {
                assert!((1..=limit).contains(&name.len()) && plain(name) == *name, "{name}");
                let fitting = plain(full) == *full && (1..=limit).contains(&full.len());
                assert!(!fitting || name == full, "{full} became {name}");
                assert!(name == full || !nasty.contains(name), "{name} is another's full name");
            }
            for _ in 0..20 {
                let mut order: Vec<usize> = (0..nasty.len()).collect();
                for at in (1..order.len()).rev() {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    order.swap(at, (seed >> 33) as usize % (at + 1));
                }
                let shuffled: Vec<&str> = order.iter().map(|&at| straight[at]).collect();
                let again = names(&shuffled, limit);
                assert!(order.iter().zip(&again).all(|(&at, name)| first[at] == *name));
            }
        }
    }

    #[test]
    fn dots_become_underscores_and_long_names_are_cut() {
        assert_eq!(names(&["com.example.tool__run"], 64), ["com_example_tool__run"]);
        let long = names(&[&"x".repeat(65)], 64);
        assert!(long[0].starts_with(&"x".repeat(55)) && long[0].len() == 64, "{long:?}");
    }
}
