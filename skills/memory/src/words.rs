//! The words of a text as the index has them: each as a hash of its small letters.
//!
//! Hashes of words have the highest bit, those of names and tags don't, so that the former never pass
//! for the latter.

use alloc::string::String;
use letters::lower;

const WORD: u32 = 1 << 31;
/// Where FNV-1a begins with 32 bits, and what it multiplies with.
const BASIS: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// Calls `found` with the hash of each word: runs of letters and digits, and each Chinese or Japanese
/// character by itself, because those texts have no spaces.
pub fn each_word(text: &str, stemming: bool, found: &mut dyn FnMut(u32)) {
    let mut word = String::new();
    for c in text.chars() {
        let is_letter = c.is_alphanumeric();
        let alone = is_ideograph(c);
        if alone || !is_letter {
            end_word(&mut word, stemming, found);
        }
        if is_letter {
            word.push(lower(c));
        }
        if alone {
            end_word(&mut word, stemming, found);
        }
    }
    end_word(&mut word, stemming, found);
}

#[inline(never)]
fn end_word(word: &mut String, stemming: bool, found: &mut dyn FnMut(u32)) {
    if word.is_empty() {
        return;
    }
    if stemming {
        stem(word);
    }
    found(hash(BASIS, word.as_bytes()) | WORD);
    word.clear();
}

/// The hash under which a note is found by its exact name.
pub fn name_hash(name: &str) -> u32 {
    hash(BASIS, name.as_bytes()) & !WORD
}

/// The hash under which notes with a tag are found.
pub fn tag_hash(tag: &str) -> u32 {
    hash(!BASIS, small(tag).as_bytes()) & !WORD
}

/// A text in small letters.
pub fn small(text: &str) -> String {
    text.chars().map(lower).collect()
}

/// FNV-1a.
fn hash(basis: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(basis, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME))
}

/// A check of the bytes of a note.
pub fn check(bytes: &[u8]) -> u16 {
    let sum = hash(BASIS, bytes);
    (sum ^ sum >> 16) as u16
}

fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x3041..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0x20000..=0x3ffff)
}

/// Cuts the common endings of English off a word in small letters: `hoping`, `hopes` and `hoped` become
/// `hop`. Other words stay.
fn stem(word: &mut String) {
    if word.len() < 4 || !word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return;
    }
    if ["sses", "ies", "shes", "ches", "xes", "zes"].iter().any(|end| word.ends_with(end)) {
        cut(word, 2);
    } else if word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        cut(word, 1);
    }
    for end in ["ing", "ed", "ly"] {
        if word.ends_with(end) && !word.ends_with("eed") && has_vowel_before(word, end.len(), 3) {
            cut(word, end.len());
            let mut letters = word.bytes().rev();
            let last = letters.next();
            if last == letters.next()
                && last.is_some_and(|last| {
                    !matches!(last, b'l' | b's' | b'z' | b'a' | b'e' | b'i' | b'o' | b'u')
                })
            {
                cut(word, 1);
            }
            break;
        }
    }
    if word.len() > 3 && word.ends_with('e') {
        cut(word, 1);
    }
    if word.ends_with('y') && has_vowel_before(word, 1, 2) {
        cut(word, 1);
        word.push('i');
    }
}

fn cut(word: &mut String, letters: usize) {
    word.truncate(word.len() - letters);
}

/// Whether there is a vowel, and at least `least` letters, before the last `end` ones.
fn has_vowel_before(word: &str, end: usize, least: usize) -> bool {
    let letters = word.len() - end;
    letters >= least
        && word
            .bytes()
            .take(letters)
            .any(|letter| matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str, stemming: bool) -> Vec<u32> {
        let mut all = Vec::new();
        each_word(text, stemming, &mut |word| all.push(word));
        all
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let words = hashes("It's 3.50, ÄRGER-Ωmega ПРИВЕТ!", false);
        assert_eq!(words, hashes("it s 3 50 ärger ωmega привет", false));
        assert_eq!(words.len(), 7);
        assert_eq!(hashes("x_y  \n", false).len(), 2);
        assert_eq!(hashes("", false), []);
    }

    #[test]
    fn ideographs_are_words_by_themselves() {
        let words = hashes("緑茶がすき tea", false);
        assert_eq!(words.len(), 6);
        assert_eq!(words[..2], hashes("緑 茶", false));
        assert_eq!(words[5..], hashes("TEA", false));
    }

    #[test]
    fn names_tags_and_words_differ() {
        let all = [hashes("tea", false)[0], name_hash("tea"), tag_hash("tea"), name_hash("Tea")];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{all:?}");
        }
        assert_eq!(tag_hash("ÄRGER"), tag_hash("ärger"));
    }

    #[track_caller]
    fn one_stem(words: &str) {
        let stems = hashes(words, true);
        assert!(stems.iter().all(|stem| *stem == stems[0]), "{words}");
    }

    #[test]
    fn english_endings_are_cut() {
        one_stem("hope hopes hoped hoping");
        one_stem("stop stops stopped stopping");
        one_stem("party parties");
        one_stem("box boxes");
        one_stem("watch watches watched watching");
        one_stem("quick quickly");
        one_stem("meeting meetings");
        one_stem("like likes liked");
    }

    #[test]
    fn short_and_foreign_words_stay() {
        for word in ["bus", "is", "red", "sing", "glass", "naïves", "l33ts", "need", "this", "sky"]
        {
            let mut stemmed = word.to_string();
            stem(&mut stemmed);
            assert_eq!(stemmed, word);
        }
    }
}
