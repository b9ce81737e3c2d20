//! The order of what is found, against a plain count of words.

use super::world::{Numbers, World};

/// BM25 over the texts, as its definition says. Words are between spaces.
fn expected(texts: &[String], query: &[&str]) -> Vec<(f64, usize)> {
    let words: Vec<Vec<&str>> = texts.iter().map(|text| text.split(' ').collect()).collect();
    let mean = words.iter().map(Vec::len).sum::<usize>() as f64 / texts.len() as f64;
    let score = |document: &Vec<&str>| -> f64 {
        let of_term = |term: &&str| {
            let count = document.iter().filter(|word| *word == term).count() as f64;
            let with = words.iter().filter(|words| words.contains(term)).count() as f64;
            let idf = (1.0 + (texts.len() as f64 - with + 0.5) / (with + 0.5)).ln();
            let length = document.len() as f64 / mean;
            idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length))
        };
        query.iter().map(of_term).sum()
    };
    let mut scored: Vec<_> =
        words.iter().map(score).zip(0..).filter(|(score, _)| *score > 0.0).collect();
    scored.sort_by(|one, other| other.partial_cmp(one).unwrap());
    scored
}

#[test]
fn the_order_is_that_of_bm25() {
    let mut numbers = Numbers(7);
    let world = World::new();
    let mut texts = Vec::new();
    for number in 0..600 {
        // Low numbers are common, high ones rare.
        let length = 1 + numbers.below(30);
        let mut text = format!("n{number}");
        for _ in 0..length {
            let most = 1 + numbers.below(400);
            text += &format!(" w{}", numbers.below(most));
        }
        world.remember(&text);
        texts.push(text);
    }
    for query in
        [&["w1"][..], &["w300", "w2"], &["w0", "w1", "w2", "w3"], &["n17", "w5"], &["none"]]
    {
        let found = world.recall(&query.join(" "));
        let expected = expected(&texts, query);
        assert_eq!(found.len(), expected.len().min(50), "{query:?}");
        for (text, (score, at)) in found.iter().zip(&expected) {
            let place = texts.iter().position(|other| other == text).unwrap();
            // Scores may differ in the sixth digit, so equal ones may change places.
            let own = expected.iter().find(|(_, at)| *at == place).expect("it has the words").0;
            assert!((own - score).abs() < 1e-4 * score, "{query:?}: {text} before {}", texts[*at]);
        }
    }
}

#[test]
fn rare_words_count_more() {
    let world = World::new();
    for number in 0..20 {
        world.remember(&format!("tea number {number}"));
    }
    world.remember("tea with saffron");
    assert_eq!(world.recall("tea saffron")[0], "tea with saffron");
    assert_eq!(world.recall("tea").len(), 21);
}

#[test]
fn equal_matches_come_newest_first() {
    let world = World::new();
    for text in ["tea one", "tea two", "tea six"] {
        world.remember(text);
    }
    assert_eq!(world.recall("tea"), ["tea six", "tea two", "tea one"]);
}
