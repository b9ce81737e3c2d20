//! A socket belongs to the instance of the guest that opened it.

use std::time::Duration;

use futures_lite::future::{or, yield_now};
use serde_json::json;
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::limits;

use crate::peer::{close, echo, error, not_open, ok, open, receive, say, setup, text, world};
use crate::world::{Setup, World};

#[test]
fn a_socket_outlives_its_call() {
    let world = world(|peer| {
        for number in 0..3 {
            peer.send(0x81, format!("event {number}").as_bytes());
        }
        echo(peer);
    });
    assert_eq!(world.run(&[open()]), [ok(json!({ "socket": 1, "protocol": "" }))]);
    for number in 0..3 {
        assert_eq!(world.run(&[receive(1)]), [text(&format!("event {number}"))]);
    }
    assert_eq!(world.run(&[say(1, "still here"), receive(1)])[1], text("still here"));
    // A call that fails in the guest's own words leaves it open too.
    world.call("fail", &json!({ "message": "no" })).unwrap_err();
    assert_eq!(world.run(&[say(1, "and here"), receive(1)])[1], text("and here"));
    assert_eq!(world.server.requests().len(), 1);
}

#[test]
fn it_closes_with_its_instance() {
    let unload =
        |world: &World| assert!(world.runtime.block_on(world.runtime.host().unload("probe")));
    let trap = |world: &World| drop(world.call("panic", &json!({})).unwrap_err());
    let replace =
        |world: &World| world.load("probe", &json!({ "network": ["box.local"] }), &json!({}));
    for end in [unload, trap, replace] {
        let world = world(|_| {});
        assert_eq!(world.run(&[open()])[0]["ok"]["socket"], 1);
        assert!(world.server.left.is_empty());
        end(&world);
        world.runtime.block_on(world.server.left.recv()).unwrap();
    }
}

#[test]
fn a_new_instance_has_none_of_the_old() {
    let world = world(echo);
    let mut calls = vec![open(); limits::HTTP_STREAMS];
    calls.push(say(1, "x"));
    assert_eq!(world.run(&calls)[8], ok(json!({})));
    world.call("trap", &json!({ "kind": "unreachable" })).unwrap_err();
    // Its number is of no use, and its places are free.
    assert_eq!(world.run(&[receive(1), say(8, "x")]), [not_open(1), not_open(8)]);
    let ran = world.run(&vec![open(); limits::HTTP_STREAMS]);
    assert!(ran.iter().all(|it| it["ok"].is_object()), "{ran:?}");
}

#[test]
fn an_instance_for_one_call_keeps_none() {
    let world = World::new(Setup { instance: "per-call", ..setup(|_| {}) });
    assert_eq!(world.run(&[open()])[0]["ok"]["socket"], 1);
    world.server.left.recv_blocking().unwrap();
    assert_eq!(world.run(&[receive(1)]), [not_open(1)]);
}

#[test]
fn sockets_of_others_are_out_of_reach() {
    let world = world(echo);
    world.load("beside", &json!({ "network": ["box.local"] }), &json!({}));
    let run = |tool, calls: &[_]| world.runtime.block_on(world.begin(tool, calls)).unwrap();
    assert_eq!(run("probe__many", &vec![open(); 8])[7]["ok"]["socket"], 8);
    let others = run("beside__many", &[say(8, "mine?"), receive(8), close(8), open()]);
    // It has a count of its own too.
    let expected = [not_open(8), not_open(8), ok(json!({}))];
    assert_eq!(others.as_array().unwrap()[..3], expected);
    assert_eq!(others[3]["ok"]["socket"], 1);
    assert_eq!(run("probe__many", &[say(8, "whole"), receive(8)])[1], text("whole"));
}

#[test]
fn a_stream_waits_for_no_socket() {
    // Nothing would ever free a place.
    let world = World::new(Setup { instance: "per-call", ..setup(|_| {}) });
    let hold = [vec![open(); limits::HTTP_STREAMS], vec![receive(1)]].concat();
    world.runtime.block_on(async {
        let holding = async { panic!("{:?}", world.begin("many", &hold).await) };
        let other = async {
            while world.records().len() < limits::HTTP_STREAMS {
                yield_now().await;
            }
            let stream = ("open", json!({ "url": "http://box.local/" }));
            world.begin("many", &[stream, open()]).await.unwrap()
        };
        let full = error("too many open streams: 8, so close one first");
        assert_eq!(or(other, holding).await, json!([full, full]));
    });
}

#[test]
fn the_time_of_the_call_closes_it() {
    let world =
        World::new(Setup { resources: json!({ "max_execution_seconds": 1 }), ..setup(|_| {}) });
    let error = world.runtime.block_on(world.begin("many", &[open(), receive(1)])).unwrap_err();
    let limit = Duration::from_secs(1);
    assert_eq!(error, CallError::Exhausted(Exhausted::Time { limit }));
    world.server.left.recv_blocking().unwrap();
    assert_eq!(world.record().rule.as_deref(), Some("cancelled"));
}

#[test]
fn waiting_uses_no_fuel() {
    let world = world(|peer| {
        peer.hear();
        std::thread::sleep(Duration::from_millis(300));
        peer.send(0x81, b"x");
        peer.hear();
        peer.send(0x81, b"x");
    });
    world.run(&[open()]);
    let fuel = || {
        let calls = json!({ "calls": [
            { "tool": "ws_send", "params": { "socket": 1, "text": "" } },
            { "tool": "ws_receive", "params": { "socket": 1, "timeout": 60_000 } },
        ] });
        let call = world.runtime.host().call("many", calls.to_string());
        let outcome = world.runtime.block_on(call);
        outcome.result.unwrap();
        outcome.usage
    };
    let (slow, quick) = (fuel(), fuel());
    assert!(slow.duration >= Duration::from_millis(300), "{slow:?}");
    assert_eq!((slow.fuel, slow.host_calls), (quick.fuel, 2), "{quick:?}");
}
