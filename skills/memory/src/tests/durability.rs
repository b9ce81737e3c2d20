//! Nothing that was acknowledged is lost, whenever the process ends, and nothing else comes.

use super::world::{Numbers, World, notes, number, text};
use json_text::Value;
use std::collections::BTreeMap;

/// What the notes are to be: the tags of each text.
type Expected = BTreeMap<String, Vec<String>>;

/// The words of texts, so that some come again.
const WORDS: [&str; 8] = ["tea", "bins", "monday", "green", "ann", "bea", "key", "door"];

fn some_text(numbers: &mut Numbers) -> String {
    let mut text = format!("{}", numbers.below(150));
    for _ in 0..numbers.below(5) {
        text = text + " " + WORDS[numbers.below(WORDS.len())];
    }
    text
}

#[track_caller]
fn check(world: &World, expected: &Expected) {
    let mut found = Expected::new();
    let mut before = u32::MAX;
    loop {
        let page = world.run("list", &format!(r#"{{"limit":100,"before":{before}}}"#));
        for note in notes(&page) {
            let tags = match note.get("tags") {
                Some(Value::Array(tags)) => tags.iter().map(Value::to_text).collect(),
                _ => Vec::new(),
            };
            assert!(
                found.insert(text(note, "text").into(), tags).is_none(),
                "twice: {}",
                note.to_text()
            );
            before = number(note, "id");
        }
        if page.get("more") == Some(&Value::Bool(false)) {
            break;
        }
    }
    assert_eq!(&found, expected);
    for word in WORDS {
        let recalled = world.run("recall", &format!(r#"{{"query":"{word}","limit":50}}"#));
        let with = expected.iter().filter(|(text, tags)| {
            text.split(' ').any(|other| other == word) || tags.contains(&format!("\"{word}\""))
        });
        assert_eq!(notes(&recalled).len(), with.count().min(50), "{word}");
    }
}

/// One random change, and what is expected after it.
fn change(
    world: &World,
    numbers: &mut Numbers,
    expected: &Expected,
) -> (Result<Value, String>, Expected) {
    let text = some_text(numbers);
    let mut after = expected.clone();
    let known: Vec<_> = expected.keys().cloned().collect();
    let result = match numbers.below(10) {
        0..6 => {
            let tag = WORDS[numbers.below(WORDS.len())];
            let tags = after.entry(text.clone()).or_default();
            let tag_json = format!("\"{tag}\"");
            if !tags.contains(&tag_json) && tags.len() < 16 {
                tags.push(tag_json);
            }
            world.try_run("remember", &format!(r#"{{"text":"{text}","tags":["{tag}"]}}"#))
        }
        6..9 if !known.is_empty() => {
            let text = &known[numbers.below(known.len())];
            after.remove(text);
            world.try_run("forget", &format!(r#"{{"text":"{text}"}}"#))
        }
        _ => {
            after.remove(&text);
            world.try_run("forget", &format!(r#"{{"text":"{text}"}}"#))
        }
    };
    (result, after)
}

#[test]
fn random_changes_match_a_plain_map() {
    for seed in 0..8 {
        let (world, mut numbers) = (World::new(), Numbers(seed));
        let mut expected = Expected::new();
        for step in 0..700 {
            let (result, after) = change(&world, &mut numbers, &expected);
            result.unwrap();
            expected = after;
            if step % 50 == 0 {
                check(&world, &expected);
            }
        }
        check(&world, &expected);
    }
}

#[test]
fn an_end_at_any_write_loses_nothing() {
    for seed in 100..104 {
        let (world, mut numbers) = (World::new(), Numbers(seed));
        let mut expected = Expected::new();
        for _ in 0..400 {
            let writes = (numbers.below(2) == 0).then(|| numbers.below(5) as u32);
            world.writes_left.set(writes);
            let (result, after) = change(&world, &mut numbers, &expected);
            world.writes_left.set(None);
            if result.is_ok() {
                expected = after;
            } else {
                // The change was not acknowledged: it is there as a whole, or not at all.
                let text = expected
                    .keys()
                    .chain(after.keys())
                    .find(|text| expected.get(*text) != after.get(*text));
                let Some(text) = text.cloned() else { continue };
                // The first look may repair what the last call has left.
                world.run("list", "{}");
                if world.list_has(&text) == after.contains_key(&text)
                    && world.tags_of(&text) == after.get(&text).cloned()
                {
                    expected = after;
                }
            }
            world.run("list", r#"{"limit":100}"#);
            world.recall(&WORDS.join(" "));
        }
        check(&world, &expected);
    }
}

impl World {
    fn note(&self, wanted: &str) -> Option<Value> {
        let mut before = u32::MAX;
        loop {
            let page = self.run("list", &format!(r#"{{"limit":100,"before":{before}}}"#));
            if let Some(note) = notes(&page).iter().find(|note| text(note, "text") == wanted) {
                return Some(note.clone());
            }
            before = number(notes(&page).last()?, "id");
        }
    }

    fn list_has(&self, text: &str) -> bool {
        self.note(text).is_some()
    }

    fn tags_of(&self, text: &str) -> Option<Vec<String>> {
        let note = self.note(text)?;
        match note.get("tags") {
            Some(Value::Array(tags)) => Some(tags.iter().map(Value::to_text).collect()),
            _ => Some(Vec::new()),
        }
    }
}

#[test]
fn a_damaged_index_is_made_again() {
    let world = World::new();
    for number in 0..400 {
        world.remember(&format!("note {number}"));
    }
    let keys: Vec<_> =
        world.store.borrow().keys().filter(|key| !key.contains("/e/")).cloned().collect();
    assert!(keys.len() >= 2, "{keys:?}");
    for key in keys {
        for damage in [None, Some(vec![]), Some(vec![7; 5]), Some(vec![0xff; 64])] {
            match damage {
                None => world.store.borrow_mut().remove(&key),
                Some(bytes) => world.store.borrow_mut().insert(key.clone(), bytes),
            };
            if key.ends_with("/h") || world.store.borrow().contains_key(&key) {
                assert_eq!(world.recall("399"), ["note 399"], "{key}");
                assert_eq!(world.recall("17"), ["note 17"], "{key}");
                assert_eq!(number(&world.run("list", "{}"), "total"), 400);
            }
            // The index is written with the next change.
            world.remember("x");
            world.run("forget", r#"{"text":"x"}"#);
            world.store.borrow_mut().remove("n/h");
            assert_eq!(number(&world.run("list", "{}"), "total"), 400);
        }
    }
}

#[test]
fn what_is_no_note_is_left_out() {
    let world = World::new();
    world.remember("tea");
    world.remember("green tea");
    for value in [&b"\xff"[..], b"[]", b"{}", b""] {
        world.store.borrow_mut().insert("n/e/0000000000".into(), value.into());
        assert_eq!(world.recall("tea"), ["green tea"]);
        assert_eq!(world.list(), ["green tea"]);
    }
}

#[test]
fn a_note_of_another_instance_stays() {
    let world = World::new();
    world.remember("zero");
    let other = r#"{"until":0,"text":"one of another","by":null,"at":"x"}"#;
    // Both saw the same next id, and the other's note comes between the two writes of this one.
    *world.intruder.borrow_mut() = Some((1, "n/e/0000000001".into(), other.into()));
    let error = world.try_run("remember", r#"{"text":"one"}"#).unwrap_err();
    assert!(error.contains("try again"), "{error}");
    world.remember("one");
    let mut all = world.list();
    all.sort();
    assert_eq!(all, ["one", "one of another", "zero"]);
    assert_eq!(world.recall("another"), ["one of another"]);
}

#[test]
fn a_full_store_refuses_and_then_has_room() {
    let world = World::new();
    world.room.set(200_000);
    let mut kept = 0;
    let error = loop {
        match world
            .try_run("remember", &format!(r#"{{"text":"note {kept} with some words of its own"}}"#))
        {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(error.contains("forget notes that are no longer needed"), "{error}");
    assert!(kept > 300, "{kept}");
    assert_eq!(number(&world.run("list", "{}"), "total"), kept);
    assert_eq!(world.recall("0"), ["note 0 with some words of its own"]);
    for id in 0..100 {
        let forgotten = world.run("forget", &format!(r#"{{"id":{id}}}"#));
        assert_eq!(forgotten.get("forgotten"), Some(&Value::Bool(true)));
    }
    assert_eq!(number(&world.run("list", "{}"), "total"), kept - 100);
    for more in 0..20 {
        world.remember(&format!("more {more}"));
    }
    assert_eq!(world.recall("more").len(), 20);
}

#[test]
fn max_entries_counts_what_is_there() {
    let world = World::new().with_settings(r#"{"max_entries":3}"#);
    for text in ["a", "b", "c"] {
        world.run("remember", &format!(r#"{{"text":"{text}","ttl_seconds":60}}"#));
    }
    let error = world.try_run("remember", r#"{"text":"d"}"#).unwrap_err();
    assert!(error.contains("`max_entries`") && error.contains("forget some"), "{error}");
    world.run("remember", r#"{"text":"a","tags":["known"]}"#);
    world.speaks("console", "1", "ann");
    world.remember("ann has room");
    *world.speaker.borrow_mut() = None;
    world.pass(60);
    world.remember("d");
    assert_eq!(world.list(), ["d", "a"]);
}

#[test]
fn a_note_costs_few_writes() {
    let world = World::new();
    for number in 0..1000 {
        world.remember(&format!("note {number}"));
    }
    assert!(world.sets.get() <= 2 * 1000 + 1000 / 16, "{}", world.sets.get());
    let before = world.gets.get();
    world.recall("17");
    assert!(world.gets.get() - before <= 10, "{}", world.gets.get() - before);
}

#[test]
fn long_texts_fit_into_segments() {
    let world = World::new();
    for number in 0..300 {
        let words: Vec<_> = (0..600).map(|word| format!("{:x}", number * 600 + word)).collect();
        let mut text = words.join(" ");
        text.truncate(4096);
        world.remember(&text);
    }
    assert_eq!(number(&world.run("list", "{}"), "total"), 300);
}

#[test]
fn one_person_takes_a_quarter() {
    const QUARTER: usize = 4 * 1024 * 1024;
    let world = World::new();
    world.room.set(4 * QUARTER);
    world.speaks("console", "1", "eve");
    // Notes of short words have an index that is larger than they are.
    let text = |number: u32| {
        let words: Vec<_> = (0..1000).map(|word| format!("{:x}", number * 1000 + word)).collect();
        let mut text = words.join(" ");
        text.truncate(4000);
        text
    };
    let params = |number| format!(r#"{{"text":"{}"}}"#, text(number));
    let mut kept = 0;
    let error = loop {
        match world.try_run("remember", &params(kept)) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(
        error,
        "4 MB of notes are kept here, the most there may be: \
         forget some that are no longer needed, `list` shows them"
    );
    let used = || -> usize {
        let store = world.store.borrow();
        store.iter().map(|(key, value)| key.len() + value.len()).sum()
    };
    assert!((QUARTER / 2..QUARTER + 64 * 1024).contains(&used()), "{} of {kept}", used());
    // Others have room, and one forgotten note makes room for another.
    world.speaks("console", "1", "ann");
    world.remember("ann has room");
    world.speaks("console", "1", "eve");
    for id in 0..40 {
        world.run("forget", &format!(r#"{{"id":{id}}}"#));
        world.run("remember", &params(kept + id));
    }
    assert!(used() < QUARTER + QUARTER / 4, "{}", used());
}
