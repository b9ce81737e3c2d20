//! Stopping in the middle: every message that was accepted is answered, or its sender hears why not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_channel::Receiver;
use serde_json::json;
use weft_lite::errors::PluginError;
use weft_lite::{PipelineStageType, PluginCapability};

use crate::recorder::{Recorder, say};
use crate::world::{World, stage};

/// A process stage that answers each message when it is let to.
fn gate(open: Receiver<()>) -> weft_lite::actor::Member {
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
fn accepted_messages_are_answered_before_the_end() {
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
fn messages_unanswered_in_time_are_reported() {
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
fn an_answer_waits_for_its_returning_channel() {
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

/// An observer that looks at each copy when it is let to, and what it has seen.
fn witness(name: &'static str, open: Receiver<()>) -> (weft_lite::actor::Member, Arc<AtomicUsize>) {
    let seen: Arc<AtomicUsize> = Arc::default();
    let counted = Arc::clone(&seen);
    let member = stage(name, PipelineStageType::Observer, move |state| {
        let (open, counted) = (open.clone(), Arc::clone(&counted));
        Box::pin(async move {
            let _ = open.recv().await;
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(state)
        })
    });
    (member, seen)
}

fn stop(world: &World) -> smol::Task<()> {
    let gateway = Arc::clone(&world.gateway);
    world.runtime.executor().spawn(async move { gateway.stop(Duration::from_secs(60)).await })
}

#[test]
fn observers_see_waiting_messages_before_the_end() {
    let one = Arc::new(Recorder::new("one"));
    let (open, opens) = async_channel::unbounded();
    let (member, seen) = witness("late", opens);
    let world = World::new(vec![member], &[&one]);
    for _ in 0..5 {
        world.ask(&one, "/clear");
    }
    let (stopping, another) = (stop(&world), stop(&world));
    world.settle();
    assert!(!stopping.is_finished() && !another.is_finished());
    // A message that comes now is refused as fast as ever.
    let late = world.hand_over("a", "x", "late");
    assert_eq!(world.runtime.block_on(late), Err(PluginError::Cancelled));
    (0..5).for_each(|_| open.try_send(()).unwrap());
    world.settle();
    assert_eq!(seen.load(Ordering::Relaxed), 5);
    world.runtime.block_on(async {
        stopping.await;
        another.await;
        // There is nothing left to wait for.
        world.gateway.stop(Duration::ZERO).await;
    });
}

#[test]
fn messages_unobserved_in_time_are_dropped_and_counted() {
    let one = Arc::new(Recorder::new("one"));
    let (open, opens) = async_channel::unbounded();
    let (member, seen) = witness("sleepy", opens);
    let world = World::new(vec![member], &[&one]);
    for _ in 0..5 {
        world.ask(&one, "/clear");
    }
    open.try_send(()).unwrap();
    let stopping = stop(&world);
    world.pass(Duration::from_secs(1));
    assert!(!stopping.is_finished());
    let said = crate::warnings::during(|| {
        world.pass(Duration::from_secs(1));
        world.runtime.block_on(stopping);
    });
    let words = "observer `sleepy` did not see 4 messages to their end within 2 s";
    assert_eq!(said, [words]);
    // It may end with the one that it has begun, and is given no more.
    (0..5).for_each(|_| open.try_send(()).unwrap());
    world.settle();
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[test]
fn a_lost_channel_keeps_no_message_forever() {
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
fn a_restarted_channel_differs_from_a_closed_one() {
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
