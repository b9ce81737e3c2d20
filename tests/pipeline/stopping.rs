//! Stopping in the middle: every message that was accepted is answered, or its sender hears why not.

use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use serde_json::json;
use weft_lite::{PipelineStageType, PluginCapability, PluginError};

use crate::recorder::{Recorder, say};
use crate::world::{World, stage};

/// A process stage that answers each message when it is let to.
fn gate(open: Receiver<()>) -> weft_lite::Member {
    stage("gate", PipelineStageType::Process, move |mut state| {
        let open = open.clone();
        Box::pin(async move {
            let _ = open.recv().await;
            state["answer"] = json!({ "text": "done" });
            Ok(state)
        })
    })
}

#[test]
fn what_was_accepted_is_answered_before_the_end_and_nothing_more_is_accepted() {
    let one = Arc::new(Recorder::new("one"));
    let (open, opens) = async_channel::unbounded();
    let world = World::new(vec![gate(opens)], &[&one]);
    let _first = world.hand_over("a", "x", "1");
    let _second = world.hand_over("a", "x", "2");
    let gateway = Arc::clone(&world.gateway);
    let host = world.runtime.host().clone();
    let stopping = world.runtime.executor().spawn(async move {
        // The channel receives no more, and can still send.
        host.stop_kind(PluginCapability::Channel).await;
        gateway.stop(Duration::from_secs(60)).await;
    });
    world.settle();
    let late = world.runtime.block_on(say(&*world.inbox, "one", "a", "late"));
    assert_eq!(late, Err(PluginError::Cancelled));
    assert!(!stopping.is_finished());
    open.try_send(()).unwrap();
    open.try_send(()).unwrap();
    world.runtime.block_on(stopping);
    let answers = [1, 2].map(|_| world.runtime.block_on(one.next()));
    assert!(answers.iter().all(|reply| reply.failure.is_none()), "{answers:?}");
}

#[test]
fn what_could_not_be_answered_in_time_is_reported_to_its_sender() {
    let one = Arc::new(Recorder::new("one"));
    let (_open, opens) = async_channel::unbounded();
    let world = World::new(vec![gate(opens)], &[&one]);
    let accepted: Vec<_> = (0..17).map(|_| world.hand_over("a", "x", "1")).collect();
    let refused = world.hand_over("a", "x", "no room");
    let _elsewhere = world.hand_over("b", "x", "2");
    let gateway = Arc::clone(&world.gateway);
    let stopping =
        world.runtime.executor().spawn(async move { gateway.stop(Duration::from_secs(2)).await });
    world.pass(Duration::from_secs(1));
    assert_eq!(one.waiting(), 0);
    world.pass(Duration::from_secs(1));
    world.runtime.block_on(stopping);
    assert_eq!(one.waiting(), accepted.len() + 1);
    for _ in 0..one.waiting() {
        let failure = world.runtime.block_on(one.next()).failure.unwrap();
        assert_eq!(failure.code, "stopping");
        assert!(failure.message.contains("was not answered"), "{failure:?}");
    }
    // It was never accepted, and its channel knows.
    assert_eq!(world.runtime.block_on(refused), Err(PluginError::Cancelled));
}

#[test]
fn an_answer_waits_for_a_channel_that_comes_back() {
    let one = Arc::new(Recorder::new("one"));
    let (open, opens) = async_channel::unbounded();
    let world = World::new(vec![gate(opens)], &[&one]);
    let _message = world.hand_over("a", "x", "1");
    *one.failures.lock().unwrap() = 1;
    one.break_down();
    world.settle();
    open.try_send(()).unwrap();
    world.settle();
    assert_eq!(one.waiting(), 0, "the channel is down");
    world.pass(Duration::from_secs(1));
    let reply = world.runtime.block_on(one.next());
    assert_eq!((reply.reply_to.as_deref(), reply.failure), (Some("1"), None));
}

#[test]
fn a_channel_that_does_not_come_back_keeps_no_message_for_ever() {
    let one = Arc::new(Recorder::new("one"));
    let (open, opens) = async_channel::unbounded();
    let world = World::new(vec![gate(opens)], &[&one]);
    let _lost = world.hand_over("a", "x", "1");
    let _next = world.hand_over("a", "x", "2");
    // It fails whenever it has been started, and nothing can be sent.
    for _ in 0..10 {
        one.break_down();
    }
    *one.failures.lock().unwrap() = 6;
    world.settle();
    for _ in 0..2 {
        open.try_send(()).unwrap();
    }
    // Six tries, after 1, 2, 4, 8 and 16 seconds; then it is the next one's turn.
    for _ in 0..31 {
        world.pass(Duration::from_secs(1));
    }
    assert_eq!(*one.failures.lock().unwrap(), 0);
    world.pass(Duration::from_secs(1));
    let reply = world.runtime.block_on(one.next());
    assert_eq!(reply.reply_to.as_deref(), Some("2"));
}

#[test]
fn a_channel_that_was_started_again_says_so_and_one_that_was_closed_stays_closed() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(Vec::new(), &[&one]);
    one.break_down();
    world.settle();
    let state = "failed: receiving: reset; starts again after 1 s";
    assert!(world.ask(&one, "/status").contains(&format!("channel one (native)  {state}")));
    world.pass(Duration::from_secs(1));
    assert!(world.ask(&one, "/status").contains("channel one (native, restarted once)  running"));
    one.break_down();
    world.settle();
    world.pass(Duration::from_secs(2));
    assert!(
        world.ask(&one, "/status").contains("channel one (native, restarted 2 times)  running")
    );
    one.close();
    world.settle();
    world.pass(Duration::from_secs(600));
    let status = world.ask(&one, "/status");
    assert!(
        status.contains("channel one (native, restarted 2 times)  stopped: its other end closed"),
        "{status}"
    );
}
