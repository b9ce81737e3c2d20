//! The memory in a file.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use weft_lite::errors::{CallError, PluginError};
use weft_lite::{MemoryHit, limits};

use crate::hostile::kind_guest;
use crate::support::{World, guest_error};

const FILE: &str = "notebook/entries.jsonl";

fn hit(key: &str, value: &str, score: f64) -> MemoryHit {
    MemoryHit { key: key.into(), value: value.into(), score }
}

#[test]
fn stored_entries_last_until_deleted() {
    let world = World::with_example("notebook");
    let memory = world.host().memory("notebook").unwrap();
    world.block_on(async {
        assert_eq!(memory.retrieve("tea", None).await, Ok(None));
        memory.store("tea", "green", None, None, &[]).await.unwrap();
        memory.store("tea", "black \"\n\u{1f375}", None, None, &[]).await.unwrap();
    });
    let world = world.started_again("notebook");
    let memory = world.host().memory("notebook").unwrap();
    world.block_on(async {
        assert_eq!(memory.retrieve("tea", None).await.unwrap().unwrap(), "black \"\n\u{1f375}");
        assert_eq!(memory.delete("tea", None).await, Ok(true));
        assert_eq!(memory.delete("tea", None).await, Ok(false));
        assert_eq!(memory.retrieve("tea", None).await, Ok(None));
    });
}

#[test]
fn namespaces_do_not_see_each_other() {
    let world = World::with_example("notebook");
    let memory = world.host().memory("notebook").unwrap();
    world.block_on(async {
        for (value, namespace) in [("none", None), ("a", Some("a")), ("empty", Some(""))] {
            memory.store("key", value, namespace, None, &[]).await.unwrap();
        }
        for (value, namespace) in [("none", None), ("a", Some("a")), ("empty", Some(""))] {
            let found = memory.retrieve("key", namespace).await.unwrap();
            assert_eq!(found.as_deref(), Some(value));
            let hits = memory.search("key", namespace, 10).await.unwrap();
            assert_eq!(hits, [hit("key", value, 3.0)]);
        }
        assert_eq!(memory.delete("key", Some("b")).await, Ok(false));
        assert_eq!(memory.delete("key", Some("a")).await, Ok(true));
        assert!(memory.retrieve("key", None).await.unwrap().is_some());
    });
}

#[test]
fn entries_expire() {
    let world = World::with_example("notebook");
    let memory = world.host().memory("notebook").unwrap();
    let hour = Some(Duration::from_secs(3600));
    world.block_on(async {
        memory.store("gone", "v", None, Some(Duration::ZERO), &[]).await.unwrap();
        memory.store("there", "v", None, hour, &[]).await.unwrap();
        memory.store("ever", "v", None, None, &[]).await.unwrap();
        assert_eq!(memory.retrieve("gone", None).await, Ok(None));
        assert!(memory.retrieve("there", None).await.unwrap().is_some());
    });
    // What the file says counts: an hour later the entry would be this old.
    let text = world.read(FILE);
    let expires: u64 =
        text.split("\"expires\":").nth(1).unwrap().split('}').next().unwrap().parse().unwrap();
    world.write(FILE, &text.replace(&expires.to_string(), &(expires - 3601).to_string()));
    world.block_on(async {
        assert_eq!(memory.retrieve("there", None).await, Ok(None));
        assert_eq!(memory.delete("there", None).await, Ok(false));
        assert_eq!(memory.search("", None, 10).await, Ok(vec![hit("ever", "v", 0.0)]));
    });
}

#[test]
fn part_of_a_second_is_not_lost() {
    let world = World::with_example("notebook");
    let memory = world.host().memory("notebook").unwrap();
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let almost = Some(Duration::from_millis(3_599_001));
    world.block_on(memory.store("key", "v", None, almost, &[])).unwrap();
    let expires = world.read_json(FILE)["expires"].as_u64().unwrap();
    assert!(expires >= before + 3_600, "{expires} is before its time");
}

#[test]
fn a_search_ranks_keys_tags_and_values() {
    let world = World::with_example("notebook");
    let memory = world.host().memory("notebook").unwrap();
    world.block_on(async {
        let tags = ["Drinks".to_owned(), "hot".to_owned()];
        memory.store("tea-time", "Green tea at five", None, None, &tags).await.unwrap();
        memory.store("cocoa", "with milk, no TEA", None, None, &tags).await.unwrap();
        memory.store("bread", "rye", None, None, &[]).await.unwrap();
        let tea =
            [hit("tea-time", "Green tea at five", 4.0), hit("cocoa", "with milk, no TEA", 1.0)];
        assert_eq!(memory.search("tea", None, 10).await.unwrap(), tea);
        assert_eq!(memory.search("tea", None, 1).await.unwrap(), tea[..1]);
        assert_eq!(memory.search("tea", None, 0).await.unwrap(), []);
        let drinks = memory.search("DRINKS, milk", None, 10).await.unwrap();
        let expected =
            [hit("cocoa", "with milk, no TEA", 1.5), hit("tea-time", "Green tea at five", 1.0)];
        assert_eq!(drinks, expected);
        assert_eq!(memory.search("coffee", None, 10).await.unwrap(), []);
    });
}

#[test]
fn a_full_notebook_keeps_what_it_has() {
    let world = World::with_example("notebook");
    let memory = world.host().memory("notebook").unwrap();
    world.block_on(async {
        memory.store("small", "v", None, None, &[]).await.unwrap();
        let large = "x".repeat(300_000);
        let refused = memory.store("large", &large, None, None, &[]).await;
        assert_eq!(guest_error(refused), "the notebook is full: delete something first");
        assert_eq!(memory.retrieve("small", None).await.unwrap().as_deref(), Some("v"));
        let tags = vec![String::new(); limits::TAGS + 1];
        let refused = memory.store("tagged", "v", None, None, &tags).await.unwrap_err();
        assert_eq!(refused.to_string(), "invalid parameters: 1001 tags, of at most 1000");
    });
}

#[test]
fn an_unreachable_file_is_a_refusal() {
    let world = World::empty();
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/notebook");
    let mut package = weft_lite::PluginPackage::read(&manifest, Default::default()).unwrap();
    package.manifest.permissions.filesystem.clear();
    world.block_on(world.host().load([(package, weft_lite::Approval::ALL)], []));
    let memory = world.host().memory("notebook").unwrap();
    let refused = world.block_on(memory.store("k", "v", None, None, &[])).unwrap_err();
    assert!(matches!(&refused, PluginError::Call(CallError::Denied { .. })), "{refused:?}");
}

/// `search` with one hit at 600, whose score has these bits.
fn scored(bits: u64, count: u32) -> crate::guest::Guest {
    kind_guest(
        "memory#search",
        &format!(
            "(i64.store (i32.const 616) (i64.const {bits})) (i64.store (i32.const 640) (i64.const {bits}))
             (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 600))
             (i32.store (i32.const 24) (i32.const {count})) (i32.const 16)"
        ),
    )
}

#[test]
fn scores_are_numbers_and_hits_are_bounded() {
    let search = |guest, limit| {
        let world = World::with_guest(&guest, &["tool", "memory_backend"]);
        let memory = world.host().memory("test").unwrap();
        world.block_on(memory.search("", None, limit))
    };
    let bits = 2.5_f64.to_bits();
    assert_eq!(search(scored(bits, 2), 5).unwrap(), vec![hit("", "", 2.5); 2]);
    assert_eq!(search(scored(bits, 2), 1).unwrap(), [hit("", "", 2.5)]);
    let refused = search(scored(f64::NAN.to_bits(), 1), 5).unwrap_err();
    assert_eq!(refused.to_string(), "a score from memory `test`: it is not a number");
}
