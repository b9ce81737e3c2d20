//! More than anybody looks at: calls, chats, patterns, and proposals that are almost the same.

use std::fs;

use serde_json::{Value, json};
use weft_lite::autonomous::{CallOrigin, Finder, SeenCall};
use weft_lite::package::Proposals;
use weft_lite::{Approval, CallerInput};

use super::plugins::ECHO;
use crate::world::World;

/// Bytes of everything that is kept of calls.
const KEPT_BYTES: u64 = 512 * 1024;

impl World {
    fn echoes(&self, ids: &[&str]) {
        for id in ids {
            self.add(id, ECHO, &json!({}), Approval::NONE);
        }
    }

    /// Does the work of these plugins with this value: the first one gets it, and each other one what came back.
    fn chain(&self, ids: &[&str], value: &str, constant: &str) {
        let mut at = json!(value);
        for id in ids {
            let tool = format!("{id}__echo");
            let got = self.call(&tool, &json!({ "on": at, "way": constant, "id": id }));
            at = got["on"].clone();
        }
    }

    fn chain_thrice(&self, ids: &[&str], constant: &str) {
        for value in ["alpha one", "beta two", "gamma three"] {
            self.chain(ids, value, constant);
        }
    }

    /// The proposals after everything that was observed is looked at.
    fn names(self) -> (Vec<String>, Self) {
        let world = self.again();
        let pending = world.proposals().pending().unwrap().proposals;
        (pending.into_iter().map(|it| it.draft.name).collect(), world)
    }

    fn observed_bytes(&self) -> u64 {
        fs::metadata(self.home().join("autonomous/observations.kv")).map_or(0, |it| it.len())
    }
}

#[test]
fn large_results_without_end_are_bounded() {
    let mut world = World::new();
    world.echoes(&["talker"]);
    for round in 0..3 {
        for at in 0..220 {
            let text = format!("{round} {at} {}", "x".repeat(3_900));
            world.call("talker__echo", &json!({ "text": text }));
            if at % 20 == 0 {
                let bytes = world.observed_bytes();
                assert!(bytes <= KEPT_BYTES, "{bytes}");
            }
        }
        world = world.again();
        world.echoes(&["talker"]);
        let bytes = world.observed_bytes();
        assert!(bytes > 100_000 && bytes <= KEPT_BYTES, "{bytes}");
        assert!(world.proposals().observed_bytes() <= KEPT_BYTES);
    }
}

/// Values and tools that are ever new, in ever new chats: nothing is work, and all of it is forgotten.
#[test]
fn ever_new_calls_are_no_work() {
    let mut finder = Finder::new(3);
    let mut found = 0;
    for at in 0..6_000_u64 {
        let call = SeenCall {
            chat: at % 500,
            message: at,
            at_seconds: 1_000_000 + at,
            tool: format!("plugin-{}__tool_{}", at % 97, at % 13),
            params: json!({ "key": format!("value {at}"), "number": at * 7 }),
            result: json!({ "text": format!("result {at} {}", "y".repeat(at as usize % 400)) }),
        };
        found += finder.see(call).len();
    }
    found += finder.settle(9_000_000).len();
    assert_eq!(found, 0);
}

#[test]
fn one_tool_without_end_is_no_work() {
    let mut finder = Finder::new(3);
    let mut found = 0;
    for at in 0..1_000_u64 {
        let call = SeenCall {
            chat: 1,
            message: at,
            at_seconds: 1_000_000 + at,
            tool: "text-stats__text_stats".into(),
            params: json!({ "text": format!("number {at} of many") }),
            result: json!({ "words": 4, "characters": 17 }),
        };
        found += finder.see(call).len();
    }
    assert!(found <= 1, "{found}");
}

/// Shapes that cost time when they are compared.
#[test]
fn odd_shapes_cost_little() {
    let deep = (0..120).fold(json!("end"), |inner, at| json!({ format!("k{at}"): [inner, at] }));
    let wide: Vec<Value> = (0..800).map(|at| json!({ "a": at, "b": "same" })).collect();
    let keys: serde_json::Map<String, Value> =
        (0..400).map(|at| (format!("key {at}"), json!("v"))).collect();
    let same = "ab".repeat(2_000);
    let spaced = "a ".repeat(2_000);
    for (name, value) in [
        ("deep", deep),
        ("wide", json!(wide)),
        ("keys", json!(keys)),
        ("same", json!(same)),
        ("spaced", json!(spaced)),
        ("texts", json!(vec!["a b a b a b c"; 250])),
    ] {
        let mut finder = Finder::new(3);
        for at in 0..60_u64 {
            let text = format!("{value} {at}");
            let call = SeenCall {
                chat: 1,
                message: at / 2,
                at_seconds: 1_000_000 + at,
                tool: format!("echo__{}", at % 2),
                params: json!({ "v": value, "at": at, "text": text }),
                result: json!({ "v": value, "text": text }),
            };
            for pattern in finder.see(call) {
                let recipe = pattern.draft.recipe(&pattern.held_out.1);
                assert!(recipe.len() < 1_000_000, "{name}");
            }
        }
    }
}

/// At most ten wait; what comes after them waits for nobody, and nothing fails.
#[test]
fn hundreds_of_patterns_bury_nobody() {
    let world = World::new();
    let letters = "abcdefghijklmnopqrstuvwxyz".as_bytes();
    let ids: Vec<[String; 2]> = (0..13)
        .map(|at| {
            let word = |from: usize| {
                let letter = |by: usize| char::from(letters[(from * 7 + by * 5 + at) % 26]);
                (0..6).map(letter).collect::<String>()
            };
            [word(at), word(at + 40)]
        })
        .collect();
    for [first, second] in &ids {
        world.echoes(&[first, second]);
        for at in 1..4 {
            world.chain(&[first, second], &format!("{first} {at}"), second);
        }
    }
    let (names, world) = world.names();
    assert!(names.len() > 3 && names.len() <= Proposals::QUOTA, "{names:?}");
    world.report("a", "one two");
}

/// The same work with another constant, under other names, or with a step more: one proposal.
#[test]
fn near_duplicates_do_not_pile_up() {
    for (name, ids, constant) in [
        ("the same", ["alphabet", "betamax", ""], "north"),
        ("another constant", ["alphabet", "betamax", ""], "south"),
        ("a step more", ["alphabet", "betamax", "gammaray"], "north"),
        ("a step before", ["gammaray", "alphabet", "betamax"], "north"),
    ] {
        let world = World::new();
        world.echoes(&["alphabet", "betamax", "gammaray"]);
        world.chain_thrice(&["alphabet", "betamax"], "north");
        let (first, world) = world.names();
        assert_eq!(first.len(), 1, "{name}");
        world.echoes(&["alphabet", "betamax", "gammaray"]);
        let ids: Vec<&str> = ids.into_iter().filter(|id| !id.is_empty()).collect();
        for value in ["delta four", "epsilon five", "zeta six", "eta seven"] {
            world.chain(&ids, value, constant);
        }
        let (names, _) = world.names();
        assert_eq!(names, first, "{name}");
    }
}

/// A no is a no to the work, whatever constants are in it and in whatever order its keys come.
#[test]
fn what_was_rejected_does_not_come_again() {
    type Work = &'static dyn Fn(&World, &str);
    let rows: [(&str, Work); 5] = [
        ("the same", &|world, value| {
            let got = world.call("alphabet__echo", &json!({ "on": value, "way": "north" }));
            world.call(
                "betamax__echo",
                &json!({ "text": format!("{} is it", got["on"].as_str().unwrap()) }),
            );
        }),
        ("another constant", &|world, value| {
            let got = world.call("alphabet__echo", &json!({ "on": value, "way": "south" }));
            world.call(
                "betamax__echo",
                &json!({ "text": format!("{} is it", got["on"].as_str().unwrap()) }),
            );
        }),
        ("another order", &|world, value| {
            let got = world.call("alphabet__echo", &json!({ "way": "north", "on": value }));
            world.call(
                "betamax__echo",
                &json!({ "text": format!("{} is it", got["on"].as_str().unwrap()) }),
            );
        }),
        ("other words around", &|world, value| {
            let got = world.call("alphabet__echo", &json!({ "on": value, "way": "north" }));
            world.call(
                "betamax__echo",
                &json!({ "text": format!("now {} was", got["on"].as_str().unwrap()) }),
            );
        }),
        ("words before alone", &|world, value| {
            let got = world.call("alphabet__echo", &json!({ "on": value, "way": "north" }));
            world.call(
                "betamax__echo",
                &json!({ "text": format!("this is {}", got["on"].as_str().unwrap()) }),
            );
        }),
    ];
    for (name, work) in rows {
        let world = World::new();
        world.echoes(&["alphabet", "betamax"]);
        for value in ["alpha one", "beta two", "gamma three"] {
            rows[0].1(&world, value);
        }
        let (first, world) = world.names();
        assert_eq!(first.len(), 1, "{name}");
        world.proposals().reject(&first[0], 1).unwrap();
        world.echoes(&["alphabet", "betamax"]);
        for value in ["delta four", "epsilon five", "zeta six", "eta seven"] {
            work(&world, value);
        }
        let (names, _) = world.names();
        assert_eq!(names, Vec::<String>::new(), "{name}");
    }
}

/// A hundred chats at once: each is a chat of its own, and what they do is one piece of work.
#[test]
fn a_hundred_chats_make_one_proposal() {
    let world = World::new();
    for at in 0..100_u64 {
        let chat = format!("chat {at}");
        let document =
            json!({ "json": { "notes": { "a": format!("text {at}") } }, "query": ".notes.a" });
        let found = world.call_in(&chat, 2 * at, "json_query", &document);
        world.call_in(&chat, 2 * at + 1, "text_stats", &json!({ "text": found["result"] }));
    }
    let (names, _) = world.names();
    assert!(names.len() <= 1, "{names:?}");
}

/// More calls at once than the observer has room for: none of them fails or waits.
#[test]
fn a_full_mailbox_loses_calls_alone() {
    let world = World::new();
    world.echoes(&["talker"]);
    let host = world.runtime.host();
    let call = |at: u64| {
        let host = host.clone();
        async move {
            let params = json!({ "text": format!("{at} {}", "x".repeat(2_000)) }).to_string();
            let (channel, chat) = ("test".into(), format!("chat {}", at % 7));
            let origin = CallOrigin { channel, chat, message: Some(at), text: None };
            let input = CallerInput::default();
            host.call_observed("talker__echo", params, &input, None, origin).await.result
        }
    };
    let executor = world.runtime.executor();
    let all: Vec<_> = (0..600).map(|at| executor.spawn(call(at))).collect();
    world.runtime.block_on(async {
        for call in all {
            call.await.unwrap();
        }
    });
    let (names, world) = world.names();
    assert_eq!(names, Vec::<String>::new());
    assert!(world.observed_bytes() <= KEPT_BYTES);
}
