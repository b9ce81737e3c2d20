//! The memory of an agent, beside the notes of people.

use super::world::World;
use crate::backend::{delete, retrieve, search, store};

fn keys(world: &World, query: &str, namespace: Option<&str>) -> Vec<String> {
    let hits = search(world, query, namespace.map(Into::into), 10).unwrap();
    hits.into_iter().map(|hit| hit.key).collect()
}

fn get(world: &World, key: &str, namespace: Option<&str>) -> Option<String> {
    retrieve(world, key, namespace.map(Into::into)).unwrap()
}

#[test]
fn namespaces_do_not_see_each_other() {
    let world = World::new();
    world.remember("key");
    for (value, namespace) in
        [("none", None), ("a", Some("a")), ("empty", Some("")), ("n", Some("n"))]
    {
        world.store_value("key", value, namespace);
    }
    for (value, namespace) in
        [("none", None), ("a", Some("a")), ("empty", Some("")), ("n", Some("n"))]
    {
        assert_eq!(get(&world, "key", namespace).as_deref(), Some(value));
        assert_eq!(keys(&world, "KEY", namespace), ["key"]);
    }
    assert_eq!(delete(&world, "key", Some("b".into())), Ok(false));
    assert_eq!(delete(&world, "key", Some("a".into())), Ok(true));
    assert_eq!(get(&world, "key", Some("a")), None);
    assert!(get(&world, "key", None).is_some());
    assert_eq!(world.list(), ["key"]);
}

#[test]
fn a_key_has_one_value() {
    let world = World::new();
    for value in ["green", "black \"\n\u{1f375}", ""] {
        world.store_value("tea", value, None);
        assert_eq!(get(&world, "tea", None).as_deref(), Some(value));
    }
    assert_eq!(keys(&world, "green", None), [""; 0]);
    assert_eq!(keys(&world, "tea", None), ["tea"]);
    world.store_value("", "no key", None);
    assert_eq!(get(&world, "", None).as_deref(), Some("no key"));
}

#[test]
fn entries_end_and_have_tags() {
    let world = World::new();
    let store = |key: &str, ttl, tags: &[&str]| {
        let tags = tags.iter().map(ToString::to_string).collect();
        store(&world, key.into(), "value".into(), None, ttl, tags).unwrap();
    };
    store("gone", None, &[]);
    store("gone", Some(0), &[]);
    store("soon", Some(5), &["Drinks", "hot"]);
    store("ever", None, &["Drinks"]);
    assert_eq!(get(&world, "gone", None), None);
    assert_eq!(keys(&world, "drinks hot", None), ["soon", "ever"]);
    assert_eq!(keys(&world, "", None), ["ever", "soon"]);
    world.pass(5);
    assert_eq!(get(&world, "soon", None), None);
    assert_eq!(delete(&world, "soon", None), Ok(false));
    assert_eq!(keys(&world, "drinks hot", None), ["ever"]);
}

#[test]
fn searches_are_bounded() {
    let world = World::new();
    let long = "x".repeat(60_000);
    for number in 0..66 {
        world.store_value(&number.to_string(), &long, None);
    }
    let hits = search(&world, "", None, 1000).unwrap();
    assert!(hits.len() > 40 && hits.len() < 60, "{}", hits.len());
    assert_eq!(search(&world, "", None, 0).unwrap().len(), 0);
    assert_eq!(search(&world, "", None, 3).unwrap().len(), 3);
    let error = store(&world, "k".into(), long.clone() + &long, None, None, vec![]).unwrap_err();
    assert!(error.contains("in parts"), "{error}");
    let long_name = Some("n".repeat(500));
    assert!(retrieve(&world, "k", long_name).unwrap_err().contains("shorter names"));
}
