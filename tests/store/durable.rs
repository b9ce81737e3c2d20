//! What a namespace on the disk promises while nothing goes wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use smol::block_on;
use weft_lite::errors::PluginError;
use weft_lite::{KeyValueStore, StoreSource};

use crate::support::{Place, QUOTA, entries, exported, get, set};

#[track_caller]
fn figures(place: &Place, name: &str) -> (usize, usize) {
    let summaries = place.store().namespaces().unwrap();
    let summary = summaries.into_iter().find(|it| it.name == name).unwrap();
    assert_eq!(summary.problem, None);
    assert_eq!(place.store().summary(name), Some(summary.clone()));
    (summary.entries, summary.bytes)
}

#[test]
fn values_outlast_what_opened_them() {
    let place = Place::new();
    let store = place.open("notes");
    assert_eq!(get(&store, "a"), None);
    assert!(!place.folder().exists(), "reading makes nothing");
    set(&store, "a", "1").unwrap();
    set(&store, "a", [0, 255, 10]).unwrap();
    set(&store, "", "no key").unwrap();
    set(&store, "b", "").unwrap();
    set(&store, "c", "3").unwrap();
    assert_eq!(block_on(store.delete("c")), Ok(true));
    assert_eq!(block_on(store.delete("c")), Ok(false));
    let expected = [("", b"no key".to_vec()), ("a", vec![0, 255, 10]), ("b", vec![])]
        .map(|(key, value)| (key.to_owned(), value));
    assert_eq!(entries(&store), expected);
    drop(store);
    assert_eq!(entries(&place.open("notes")), expected);
    assert_eq!(exported(&place.folder(), "notes"), expected);
}

#[test]
fn only_the_owner_reads_the_files() {
    let place = Place::new();
    set(&place.open("notes"), "a", "1").unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.folder()), 0o700);
    for entry in fs::read_dir(place.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn keys_are_in_order_and_by_prefix() {
    let store = Place::new();
    let store = store.open("notes");
    for key in ["b/2", "a", "b/1", "c", "b", "ä"] {
        set(&store, key, "").unwrap();
    }
    assert_eq!(block_on(store.list_keys(None)).unwrap(), ["a", "b", "b/1", "b/2", "c", "ä"]);
    assert_eq!(block_on(store.list_keys(Some("b/"))).unwrap(), ["b/1", "b/2"]);
    assert_eq!(block_on(store.list_keys(Some("d"))).unwrap(), [""; 0]);
}

#[test]
fn namespaces_have_nothing_of_each_other() {
    let place = Place::new();
    let long = "x".repeat(300);
    let names = ["a", "A", "../a", ".a", "a@/home/b", "skill:a", "ä", &long];
    for name in names {
        set(&place.open(name), "key", name).unwrap();
    }
    for name in names {
        assert_eq!(entries(&place.open(name)), [("key".to_owned(), name.as_bytes().to_vec())]);
    }
    let listed: Vec<String> =
        place.store().namespaces().unwrap().into_iter().map(|it| it.name).collect();
    let mut expected = names.map(str::to_owned);
    expected.sort();
    assert_eq!(listed, expected);
    let beside = fs::read_dir(place.folder().parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing leaves the folder");
    assert_eq!(place.store().clear("A"), Ok(true));
    assert_eq!(place.store().clear("A"), Ok(false));
    assert_eq!(get(&place.open("A"), "key"), None);
    assert_eq!(get(&place.open("a"), "key").as_deref(), Some(b"a".as_slice()));
}

#[test]
fn no_short_name_has_a_long_ones_file() {
    for number in 0.. {
        let place = Place::new();
        let long = format!("{}{number}", "x".repeat(300));
        set(&place.open(&long), "key", "long").unwrap();
        let files = fs::read_dir(place.folder()).unwrap().map(|it| it.unwrap().file_name());
        let file =
            files.map(|it| it.into_string().unwrap()).find(|it| it.starts_with('x')).unwrap();
        let (start, digest) = file.strip_suffix(".kv").unwrap().rsplit_once(['+', '%']).unwrap();
        let byte = u8::from_str_radix(&digest[..2], 16).unwrap();
        if !byte.is_ascii_uppercase() {
            continue;
        }
        // Such a byte is in a file's name as `%` and its two digits.
        let short = format!("{start}{}{}", char::from(byte), &digest[2..]);
        assert_eq!(get(&place.open(&short), "key"), None);
        set(&place.open(&short), "key", "short").unwrap();
        assert_eq!(get(&place.open(&long), "key").as_deref(), Some(b"long".as_slice()));
        return;
    }
}

#[test]
fn quota_counts_keys_and_values() {
    let place = Place::new();
    let open = || place.store().namespace("notes", 10);
    let store = open();
    set(&store, "key", "1234567").unwrap();
    let full = |store: &Arc<dyn KeyValueStore>, key: &str, value: &str| {
        let error = set(store, key, value).unwrap_err();
        let PluginError::LimitReached { limit } = error else { panic!("{error}") };
        assert!(limit.contains("KB of keys and values; delete what is not needed"), "{limit}");
    };
    full(&store, "key", "12345678");
    full(&store, "x", "");
    assert_eq!(get(&store, "key").as_deref(), Some(b"1234567".as_slice()));
    assert_eq!(figures(&place, "notes"), (1, 10));
    // The count is the same in another process, and after a start.
    full(&open(), "x", "");
    set(&store, "key", "1").unwrap();
    set(&store, "two", "123").unwrap();
    full(&open(), "x", "");
    assert_eq!(block_on(store.delete("key")), Ok(true));
    assert_eq!(figures(&place, "notes"), (1, 6));
    set(&open(), "x", "123").unwrap();
    // A smaller quota keeps what there is, and lets it become less.
    let smaller = place.store().namespace("notes", 4);
    set(&smaller, "two", "12").unwrap();
    full(&smaller, "two", "123");
    assert_eq!(figures(&place, "notes"), (2, 9));
}

#[test]
fn names_beyond_the_format_are_refused() {
    let place = Place::new();
    let store = place.open(&"n".repeat(70_000));
    for _ in 0..2 {
        let error = set(&store, "key", "1").unwrap_err();
        assert!(error.to_string().contains("the name is over 16384 bytes"), "{error}");
    }
    assert_eq!(place.store().namespaces(), Ok(vec![]));
}

#[test]
fn keys_and_values_have_a_limit() {
    let place = Place::new();
    let store = place.store().namespace("notes", 4 * QUOTA);
    set(&store, &"k".repeat(512), vec![7; 1024 * 1024]).unwrap();
    let invalid = |key: &str, value: Vec<u8>, part: &str| {
        let error = set(&store, key, value).unwrap_err();
        let PluginError::Invalid { problem, .. } = error else { panic!("{error}") };
        assert!(problem.starts_with(part), "{problem}");
        assert!(problem.contains("; "), "no next step: {problem}");
    };
    invalid(&"k".repeat(513), vec![], "the key is over");
    invalid("k", vec![7; 1024 * 1024 + 1], "the value is over");
    assert_eq!(get(&store, &"k".repeat(513)), None);
    assert_eq!(get(&store, &"k".repeat(512)).unwrap().len(), 1024 * 1024);
}

#[test]
fn files_stay_small_however_often_written() {
    let place = Place::new();
    let store = place.open("notes");
    for round in 0..60_u8 {
        for key in ["a", "b", "c"] {
            set(&store, key, [round; 3000]).unwrap();
        }
    }
    assert!(fs::metadata(place.file("notes")).unwrap().len() < 160 * 1024);
    assert_eq!(figures(&place, "notes"), (3, 3 * 3001));
    for key in ["a", "b", "c"] {
        assert_eq!(get(&store, key), Some(vec![59; 3000]));
        assert_eq!(get(&place.open("notes"), key), Some(vec![59; 3000]));
    }
}

#[test]
fn one_process_follows_another() {
    let place = Place::new();
    let (one, other) = (place.open("notes"), place.open("notes"));
    for round in 0..100_u8 {
        set(&one, "one", [round; 3000]).unwrap();
        assert_eq!(get(&other, "one"), Some(vec![round; 3000]));
        set(&other, "other", [round; 3000]).unwrap();
        assert_eq!(get(&one, "other"), Some(vec![round; 3000]));
        assert_eq!(block_on(one.list_keys(None)).unwrap(), ["one", "other"]);
    }
    assert_eq!(block_on(other.delete("one")), Ok(true));
    assert_eq!(get(&one, "one"), None);
    assert_eq!(place.store().clear("notes"), Ok(true));
    assert_eq!(get(&one, "other"), None);
    set(&other, "new", "1").unwrap();
    assert_eq!(entries(&one), [("new".to_owned(), b"1".to_vec())]);
}

#[test]
fn concurrent_writers_lose_nothing() {
    let place = Place::new();
    let threads: Vec<_> = (0..4)
        .map(|writer| {
            // Two handles of one process, and two of others as far as the store can tell.
            let store = place.open("notes");
            std::thread::spawn(move || {
                for number in 0..40 {
                    set(&store, &format!("{writer}/{number:02}"), [number; 1500]).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|it| it.join().unwrap());
    let found = entries(&place.open("notes"));
    assert_eq!(found.len(), 160);
    assert!(found.iter().all(|(key, value)| {
        let number: u8 = key.split('/').nth(1).unwrap().parse().unwrap();
        *value == [number; 1500]
    }));
    assert_eq!(figures(&place, "notes"), (160, 160 * 1504));
}
