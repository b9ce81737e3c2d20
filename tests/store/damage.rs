//! Files that are not as they were written: cut off by a power cut, or damaged.

use std::fs;
use std::ops::ControlFlow;

use smol::block_on;
use weft_lite::errors::{ActionableError, PluginError, StoreError};
use weft_lite::store::NamespaceSummary;

use crate::support::{Entries, Place, entries, exported, get, set};
use crate::warnings;

fn is_damaged(summary: &NamespaceSummary) -> bool {
    matches!(summary.problem, Some(StoreError::Damaged { .. }))
}

/// A file with three entries, its entries before the last one was written, and where that one begins and ends.
fn written(place: &Place) -> (Vec<u8>, Entries, usize, usize) {
    let store = place.open("notes");
    set(&store, "first", "1").unwrap();
    set(&store, "second", [b'2'; 700]).unwrap();
    let before = entries(&store);
    let earlier = fs::read(place.file("notes")).unwrap();
    set(&store, "third", [b'3'; 50]).unwrap();
    let bytes = fs::read(place.file("notes")).unwrap();
    let begin = earlier.iter().zip(&bytes).position(|(one, other)| one != other).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    (bytes, before, begin, end)
}

#[test]
fn a_torn_record_counts_for_nothing() {
    let place = Place::new();
    let (bytes, before, begin, end) = written(&place);
    let file = place.file("notes");
    let torn = (begin..end).flat_map(|cut| {
        let zeros = [&bytes[..cut], &vec![0; bytes.len() - cut]].concat();
        let rubbish = [&bytes[..cut], vec![0xa5; 600].as_slice()].concat();
        // The disk has the end and not the begin of the record.
        let mut turned = bytes.clone();
        turned[begin..=cut].fill(0);
        [bytes[..cut].to_vec(), zeros, rubbish, turned]
    });
    for (number, torn) in torn.enumerate() {
        fs::write(&file, torn).unwrap();
        assert_eq!(entries(&place.open("notes")), before, "{number}");
        if number % 29 == 0 {
            // What follows is whole, also for the next one who opens it.
            let store = place.open("notes");
            set(&store, "fourth", "4").unwrap();
            let after = entries(&store);
            assert_eq!(after.len(), 3);
            assert_eq!(entries(&place.open("notes")), after);
        }
    }
    fs::write(&file, &bytes).unwrap();
    assert_eq!(entries(&place.open("notes")).len(), 3);
}

#[test]
fn damage_is_named_and_nothing_deleted() {
    let place = Place::new();
    let (bytes, _, begin, _) = written(&place);
    let file = place.file("notes");
    // In the second record's value, in the first record, and in the header.
    for (at, left) in
        [(begin - 100, vec!["first", "third"]), (begin - 740, vec!["second", "third"]), (3, vec![])]
    {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        fs::write(&file, &damaged).unwrap();
        let store = place.open("notes");
        for error in [
            block_on(store.get("second")).unwrap_err(),
            block_on(store.set("first", vec![])).unwrap_err(),
            block_on(store.delete("first")).unwrap_err(),
            block_on(store.list_keys(None)).unwrap_err(),
        ] {
            let PluginError::Io { problem, .. } = &error else { panic!("{error}") };
            assert!(problem.starts_with("its file is damaged; "), "{problem}");
            assert!(problem.ends_with("; `weft-lite store list` says what to do"), "{problem}");
            let path = place.0.path().to_str().unwrap();
            assert!(!problem.contains(path), "a plugin learns no path: {problem}");
        }
        assert_eq!(fs::read(&file).unwrap(), damaged);
        let keys: Vec<String> =
            exported(&place.folder(), "notes").into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, left);
        let error = place.store().export("notes", |_, _| ControlFlow::Continue(())).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.next_step().contains("`weft-lite store clear notes`"));
        let summaries = place.store().namespaces().unwrap();
        assert_eq!(summaries[0].problem, Some(error));
        assert_eq!(summaries[0].entries, left.len());
    }
    assert_eq!(place.store().clear("notes"), Ok(true));
    assert_eq!(entries(&place.open("notes")), []);
}

#[test]
fn a_damaged_header_keeps_the_stores_name() {
    let place = Place::new();
    set(&place.open("bundled:a"), "key", "1").unwrap();
    let file = place.file("bundled%3aa");
    let mut bytes = fs::read(&file).unwrap();
    bytes[3] ^= 1;
    fs::write(&file, bytes).unwrap();
    let summaries = place.store().namespaces().unwrap();
    assert_eq!((&*summaries[0].name, is_damaged(&summaries[0])), ("bundled:a", true));
    let error = place.store().export("bundled:a", |_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(error.next_step().contains("`weft-lite store clear bundled:a`"), "{error:?}");
    assert_eq!(place.store().clear("bundled:a"), Ok(true));
    assert_eq!(place.store().namespaces().unwrap(), []);
}

#[test]
fn another_stores_file_is_damage() {
    let place = Place::new();
    set(&place.open("notes"), "key", "1").unwrap();
    fs::copy(place.file("notes"), place.file("other")).unwrap();
    let other = place.open("other");
    assert!(block_on(other.get("key")).is_err());
    assert!(set(&other, "key", "2").is_err());
    let names = place.store().namespaces().unwrap().into_iter();
    let names: Vec<_> = names.map(|it| (it.name.clone(), is_damaged(&it))).collect();
    assert_eq!(names, [("notes".to_owned(), false), ("other".to_owned(), true)]);
    assert_eq!(entries(&place.open("notes")), [("key".to_owned(), b"1".to_vec())]);
}

#[test]
fn a_bad_file_hides_no_other_one() {
    let place = Place::new();
    let folder_with_blank = "notes@/home/Ann's plugins";
    for name in ["notes", folder_with_blank] {
        set(&place.open(name), "key", "1").unwrap();
    }
    fs::create_dir(place.file("folder")).unwrap();
    // A copy with a name that no store has.
    fs::copy(place.file("notes"), place.file("notes copy")).unwrap();
    let file = place.file("notes%40%2fhome%2f%41nn%27s%20plugins");
    let mut bytes = fs::read(&file).unwrap();
    bytes[3] ^= 1;
    fs::write(&file, bytes).unwrap();
    let summaries = place.store().namespaces().unwrap();
    let names: Vec<_> = summaries.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["folder", "notes", "notes copy", folder_with_blank]);
    let is_io = matches!(summaries[0].problem, Some(StoreError::Io { .. }));
    assert!(is_io && summaries[1].problem.is_none(), "{summaries:?}");
    let next_step = |number: usize| summaries[number].problem.as_ref().unwrap().next_step();
    assert!(is_damaged(&summaries[2]) && next_step(2).starts_with("if it is a copy, move it"));
    let quoted = r"`weft-lite store clear 'notes@/home/Ann'\''s plugins'`";
    assert!(next_step(3).contains(quoted), "{}", next_step(3));
    // A plugin learns of no folder.
    let error = block_on(place.open(folder_with_blank).get("key")).unwrap_err();
    assert!(!error.to_string().contains("home"), "{error}");
}

#[test]
fn a_backup_copied_over_an_open_file_counts() {
    let place = Place::new();
    let (file, backup) = (place.file("notes"), place.folder().join("backup"));
    let store = place.open("notes");
    set(&store, "a", "1").unwrap();
    set(&store, "b", [0; 700]).unwrap();
    let before = entries(&store);
    fs::copy(&file, &backup).unwrap();
    // Another log with records of the same length.
    set(&store, "c", [1; 900]).unwrap();
    set(&store, "d", "4").unwrap();
    let other = fs::read(&file).unwrap();
    fs::copy(&backup, &file).unwrap();
    assert_eq!(entries(&store), before);
    set(&store, "c", [0; 900]).unwrap();
    fs::copy(&backup, &file).unwrap();
    set(&store, "e", "5").unwrap();
    assert_eq!(get(&store, "c"), None);
    assert_eq!(entries(&place.open("notes")), entries(&store));
    fs::copy(&backup, &file).unwrap();
    set(&store, "c", [0; 900]).unwrap();
    fs::write(&file, other).unwrap();
    assert_eq!(get(&store, "c"), Some(vec![1; 900]));
    assert_eq!(block_on(store.list_keys(None)).unwrap(), ["a", "b", "c", "d"]);
}

#[test]
fn damage_under_an_open_store_is_seen() {
    let place = Place::new();
    let store = place.open("notes");
    set(&store, "key", [b'1'; 100]).unwrap();
    assert_eq!(get(&store, "key"), Some(vec![b'1'; 100]));
    let file = place.file("notes");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.iter().rposition(|byte| *byte == b'1').unwrap();
    bytes[at] = b'2';
    fs::write(&file, bytes).unwrap();
    let error = block_on(store.get("key")).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn each_problem_is_logged_once() {
    let place = Place::new();
    let store = place.open("notes");
    let warnings = warnings::during(|| {
        fs::create_dir_all(place.file("notes")).unwrap();
        for _ in 0..2 {
            block_on(store.get("key")).unwrap_err();
        }
        fs::remove_dir(place.file("notes")).unwrap();
        assert!(set(&store, &"k".repeat(513), "").is_err(), "the plugin's own mistake");
        fs::write(place.file("notes"), "something else").unwrap();
        for _ in 0..2 {
            block_on(store.get("key")).unwrap_err();
        }
    });
    let file = place.file("notes").display().to_string();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with(&format!("{file} can't be used: ")), "{warnings:?}");
    assert!(warnings[1].starts_with(&format!("{file} is damaged at byte 0; ")), "{warnings:?}");
}

#[test]
fn stored_records_are_not_taken_for_records() {
    let place = Place::new();
    // A plugin that could read a file would store it whole, and a torn write of that has whole records in it.
    let (bytes, ..) = written(&place);
    let other = place.open("other");
    set(&other, "a", "1").unwrap();
    set(&other, "copy", &bytes).unwrap();
    let file = place.file("other");
    let mut torn = fs::read(&file).unwrap();
    let begin = torn.windows(4).position(|it| it == b"copy").unwrap();
    torn[begin] = b'C';
    fs::write(&file, torn).unwrap();
    assert_eq!(entries(&place.open("other")), [("a".to_owned(), b"1".to_vec())]);
}

#[test]
fn an_unfinished_file_is_no_store() {
    let place = Place::new();
    let store = place.open("notes");
    set(&store, "a", "1").unwrap();
    let unfinished = place.folder().join(".notes.kv.new");
    fs::write(&unfinished, "what was left when a process was killed").unwrap();
    assert_eq!(place.store().namespaces().unwrap().len(), 1);
    for _ in 0..60 {
        set(&store, "a", [b'1'; 5000]).unwrap();
    }
    assert!(!unfinished.exists());
    assert_eq!(get(&store, "a"), Some(vec![b'1'; 5000]));
}
