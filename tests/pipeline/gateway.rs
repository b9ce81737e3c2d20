//! The gateway: who may talk, in which order, how long, and how work goes on and is cancelled.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use weft_lite::actor::Member;
use weft_lite::channel::{ChatId, InboundMessage};
use weft_lite::command::{
    Audience, Command, CommandCall, CommandHandler, CommandOutcome, CommandSource,
};
use weft_lite::errors::{CommandError, PluginError};
use weft_lite::{BoxFuture, PipelineStageType, PluginCapability};

use crate::recorder::{Recorder, say, say_with};
use crate::world::{World, changes, stage};

/// A process stage that answers `quick` messages, and no others.
fn sticks() -> Member {
    stage("sticks", PipelineStageType::Process, |mut state| {
        Box::pin(async move {
            if state["text"] != "quick" {
                pending::<()>().await;
            }
            state["answer"] = json!({ "text": "done" });
            Ok(state)
        })
    })
}

#[test]
fn without_an_allow_list_only_the_owner_talks() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(Vec::new(), &[&one]);
    let say_as = |channel: &'static str, sender: &'static str| {
        let message = InboundMessage::text(ChatId::new(channel, "chat"), sender, "/clear");
        world.runtime.block_on(world.inbox.deliver_inbound(message))
    };
    assert_eq!(say_as("one", "owner"), Ok(()));
    assert_eq!(say_as("one", "friend"), Ok(()));
    assert!(matches!(say_as("one", "stranger"), Err(PluginError::Refused { .. })));
    // Neither the sender whom another channel allows nor anybody else.
    assert!(matches!(say_as("alone", "friend"), Err(PluginError::Refused { .. })));
    assert!(matches!(say_as("alone", ""), Err(PluginError::Refused { .. })));
    assert_eq!(say_as("alone", "owner"), Ok(()));
    // A channel that nobody made rules for lets nobody talk, whoever they say they are.
    assert!(matches!(say_as("three", "owner"), Err(PluginError::Refused { .. })));
}

#[test]
fn messages_are_ordered_within_a_chat_only() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(vec![sticks()], &[&one]);
    let _stuck = world.hand_over("a", "slow", "1");
    let _behind = world.hand_over("a", "quick", "2");
    let _beside = world.hand_over("b", "quick", "3");
    assert_eq!(one.waiting(), 1, "the other chat is answered");
    world.runtime.block_on(async {
        assert_eq!(one.next().await.reply_to.as_deref(), Some("3"));
        assert!(world.inbox.cancel(&ChatId::new("one", "a"), Some("1")).await);
        let cancelled = one.next().await;
        assert_eq!(cancelled.reply_to.as_deref(), Some("1"));
        assert_eq!(cancelled.failure.unwrap().code, "cancelled");
        assert_eq!(one.next().await.reply_to.as_deref(), Some("2"));
    });
}

#[test]
fn a_waiting_message_can_be_cancelled_unstarted() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(vec![sticks()], &[&one]);
    let _first = world.hand_over("a", "slow", "1");
    let _second = world.hand_over("a", "slow", "2");
    world.runtime.block_on(async {
        assert!(world.inbox.cancel(&ChatId::new("one", "a"), Some("2")).await);
        assert!(!world.inbox.cancel(&ChatId::new("one", "a"), Some("9")).await);
        assert!(!world.inbox.cancel(&ChatId::new("one", "b"), None).await);
        assert!(world.inbox.cancel(&ChatId::new("one", "a"), None).await);
        for id in ["1", "2"] {
            let cancelled = one.next().await;
            assert_eq!(cancelled.reply_to.as_deref(), Some(id));
            assert_eq!(cancelled.failure.unwrap().code, "cancelled");
        }
    });
}

#[test]
fn a_cancelled_waiting_message_never_starts() {
    let one = Arc::new(Recorder::new("one"));
    let begun: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&begun);
    let counts = changes("counts", PipelineStageType::PreProcess, move |state| {
        log.lock().unwrap().push(state["text"].as_str().unwrap().to_owned());
        Ok(state)
    });
    let world = World::new(vec![counts, sticks()], &[&one]);
    let _first = world.hand_over("a", "slow", "1");
    let _second = world.hand_over("a", "quick", "2");
    world.runtime.block_on(async {
        assert!(world.inbox.cancel(&ChatId::new("one", "a"), Some("2")).await);
        assert!(world.inbox.cancel(&ChatId::new("one", "a"), Some("1")).await);
        one.next().await;
        assert_eq!(one.next().await.failure.unwrap().code, "cancelled");
    });
    assert_eq!(*begun.lock().unwrap(), ["slow"]);
}

#[test]
fn a_panicking_command_fails_its_message_only() {
    struct Panics;
    impl CommandHandler for Panics {
        fn run<'a>(
            &'a self,
            _call: CommandCall<'a>,
        ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
            panic!("a bug in a command")
        }
    }
    let command = Command {
        name: "panic".into(),
        aliases: Vec::new(),
        argument_hint: String::new(),
        summary: "Panics".into(),
        help: String::new(),
        source: CommandSource::BuiltIn,
        audience: Audience::Everyone,
        handler: Arc::new(Panics),
    };
    let one = Arc::new(Recorder::new("one"));
    let world = World::with_commands(vec![command], Vec::new(), &[&one]);
    let _panics = world.hand_over("chat", "/panic", "1");
    assert_eq!(one.waiting(), 1, "it is answered");
    let reply = world.runtime.block_on(one.next());
    assert_eq!(
        (reply.reply_to.as_deref(), reply.failure.unwrap().code.as_str()),
        (Some("1"), "panicked")
    );
    assert_eq!(world.ask(&one, "/clear"), "there was nothing to forget");
}

#[test]
fn a_flooding_channel_waits_for_room() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(vec![sticks()], &[&one]);
    let mut taken: Vec<_> = (0..18).map(|_| world.hand_over("a", "slow", "x")).collect();
    let mut last = taken.pop().unwrap();
    assert!(taken.iter_mut().all(|task| task.is_finished()), "one works and 16 wait");
    assert!(!last.is_finished(), "there is no room for it");
    world.runtime.block_on(async {
        assert!(world.inbox.cancel(&ChatId::new("one", "a"), None).await);
        assert_eq!((&mut last).await, Ok(()));
    });
}

#[test]
fn a_message_has_its_time() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(vec![sticks()], &[&one]);
    let _stuck = world.hand_over("a", "slow", "1");
    world.pass(Duration::from_secs(299));
    assert_eq!(one.waiting(), 0);
    world.pass(Duration::from_secs(1));
    let failure = world.runtime.block_on(one.next()).failure.unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.message.as_str()),
        ("timed_out", "there was no answer within 300 s")
    );
}

#[test]
fn a_channel_that_asks_gets_progress() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(vec![sticks()], &[&one]);
    world.runtime.block_on(async {
        let asks = |message: &mut InboundMessage| {
            message.id = Some("1".into());
            message.progress = true;
        };
        say_with(&*world.inbox, "one", "a", "slow", asks).await.unwrap();
        say(&*world.inbox, "one", "b", "slow").await.unwrap();
    });
    world.pass(Duration::from_secs(1));
    world.pass(Duration::from_secs(1));
    let progress = one.progress.lock().unwrap();
    assert_eq!(*progress, ["stage sticks", "working for 1 s", "working for 2 s"]);
}

#[test]
fn whoever_leaves_is_answered_first() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(Vec::new(), &[&one]);
    assert_eq!(world.ask(&one, "/exit"), "goodbye");
    world.settle();
    assert_eq!(*one.left.lock().unwrap(), ["chat"]);
}

#[test]
fn an_ended_chat_is_sent_nothing() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(vec![sticks()], &[&one]);
    let _stuck = world.hand_over("a", "slow", "1");
    let _behind = world.hand_over("a", "quick", "2");
    world.runtime.block_on(world.inbox.chat_ended(&ChatId::new("one", "a")));
    world.settle();
    assert_eq!(one.waiting(), 0);
    let _again = world.hand_over("a", "quick", "3");
    assert_eq!(world.runtime.block_on(one.next()).reply_to.as_deref(), Some("3"));
}

/// Tells that the work which it belongs to was dropped.
struct Gone(Arc<AtomicUsize>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_removed_native_channel_releases_its_waiters() {
    let one = Arc::new(Recorder::new("one"));
    let gone = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&gone);
    let sticks = stage("sticks", PipelineStageType::Process, move |mut state| {
        let gone = Gone(Arc::clone(&count));
        Box::pin(async move {
            if state["text"] != "quick" {
                pending::<()>().await;
            }
            drop(gone);
            state["answer"] = json!({ "text": "done" });
            Ok(state)
        })
    });
    let world = World::new(vec![sticks], &[&one]);
    let _stuck = world.hand_over("a", "slow", "1");
    let _behind = world.hand_over("a", "slow", "2");
    assert_eq!(gone.load(Ordering::Relaxed), 0);
    let host = world.runtime.host();
    world.runtime.block_on(host.remove(PluginCapability::Channel, "one")).unwrap();
    world.settle();
    // The second one was never begun.
    assert_eq!((gone.load(Ordering::Relaxed), one.waiting()), (1, 0));
    // Another one of its name is no heir of it.
    let other = Arc::new(Recorder::new("one"));
    world.runtime.block_on(async {
        let member = Member::channel(Arc::clone(&other) as _, Arc::clone(&world.inbox));
        host.register(member).await.unwrap();
        host.start_member(PluginCapability::Channel, "one").await.unwrap();
    });
    let _again = world.hand_over("a", "quick", "3");
    assert_eq!(other.waiting(), 1);
    assert_eq!(world.runtime.block_on(other.next()).reply_to.as_deref(), Some("3"));
}
