//! Answers that come bit by bit, as drafts of the relay.

use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use serde_json::{Value, json};
use weft_lite::actor::Member;
use weft_lite::errors::PluginError;
use weft_lite::sandbox::ManualClock;
use weft_lite::{BoxFuture, PipelineStage, PipelineStageType, Requester};

use crate::relay::Talk;
use crate::support::World;

/// A stage that says what a test says, until that ends; its answer is all of it, or a failure without any.
struct Speaker {
    words: Receiver<&'static str>,
    said: Sender<()>,
}

impl PipelineStage for Speaker {
    fn name(&self) -> &str {
        "speaker"
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::Process
    }

    fn process<'a>(&'a self, state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move { Ok(state) })
    }

    fn process_for<'a>(
        &'a self,
        mut state: Value,
        requester: Arc<dyn Requester>,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move {
            let mut all = String::new();
            while let Ok(word) = self.words.recv().await {
                if word == "fail" {
                    let (what, problem) = ("words".into(), "it has lost them".into());
                    return Err(PluginError::Invalid { what, problem });
                }
                all.push_str(word);
                requester.say(word.into()).await;
                self.said.send(()).await.unwrap();
            }
            state["answer"] = json!({ "text": all });
            Ok(state)
        })
    }
}

/// A stage of this type that could change the answer, and does not.
struct Passes(PipelineStageType);

impl PipelineStage for Passes {
    fn name(&self) -> &str {
        "passes"
    }

    fn stage_type(&self) -> PipelineStageType {
        self.0
    }

    fn process<'a>(&'a self, state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move { Ok(state) })
    }
}

/// The relay with a speaker, and time that stands still.
struct Speech {
    talk: Talk,
    clock: Arc<ManualClock>,
    words: Sender<&'static str>,
    said: Receiver<()>,
}

impl Speech {
    /// A message is on its way to the speaker.
    fn begin() -> Self {
        Self::begin_with(Vec::new())
    }

    /// The same with further stages behind it.
    fn begin_with(later: Vec<Member>) -> Self {
        let clock = Arc::new(ManualClock::new());
        let world = World::with_example_and_clock("relay", Arc::clone(&clock));
        let (words, coming) = async_channel::unbounded();
        let (saying, said) = async_channel::unbounded();
        let mut stages = vec![Member::stage(Arc::new(Speaker { words: coming, said: saying }))];
        stages.extend(later);
        let talk = Talk::with(world, stages);
        talk.say("1", "go", 0);
        Self { talk, clock, words, said }
    }

    /// Says these words, and waits until they are said.
    fn say(&self, words: &[&'static str]) {
        self.talk.world.block_on(async {
            for word in words {
                self.words.send(word).await.unwrap();
                self.said.recv().await.unwrap();
            }
        });
    }

    /// Lets time pass when everything is done that can be done before.
    fn advance(&self, time: Duration) {
        let executor = self.talk.world.runtime.executor();
        while executor.try_tick() {}
        self.clock.advance(time);
    }

    /// Ends the answer, and returns all that the relay heard until it was marked as answered.
    fn end(&self, count: usize) -> Vec<Value> {
        self.words.close();
        let heard = self.talk.wait_for(count);
        assert_eq!(heard.last().unwrap()[0], "answered", "{heard:?}");
        heard
    }
}

/// What the relay hears of a text.
fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text }).to_string().into()
}

#[test]
fn the_answer_replaces_its_draft() {
    let speech = Speech::begin();
    speech.say(&["one "]);
    speech.talk.wait_for(1);
    // Nobody waits for the draft, and no call follows another at once.
    speech.say(&["two ", "three "]);
    speech.advance(Duration::from_millis(999));
    speech.say(&["four "]);
    speech.advance(Duration::from_millis(1));
    speech.talk.wait_for(2);
    speech.say(&["five ", "six"]);
    assert_eq!(
        speech.end(4),
        [
            json!(["draft", "room", text("one")]),
            json!(["revise", "room", "100", text("one two three four")]),
            json!(["revise", "room", "100", text("one two three four five six")]),
            json!(["answered", "1", "answered"]),
        ]
    );
}

#[test]
fn a_failure_replaces_the_draft() {
    let speech = Speech::begin();
    speech.say(&["one "]);
    speech.talk.wait_for(1);
    speech.talk.world.block_on(speech.words.send("fail")).unwrap();
    let heard = speech.end(3);
    assert_eq!(heard[1][0], "revise");
    assert!(heard[1][3].as_str().unwrap().contains("it has lost them"), "{heard:?}");
    assert_eq!(heard[2], json!(["answered", "1", "failed"]));
}

#[test]
fn without_a_draft_the_answer_is_sent() {
    let speech = Speech::begin();
    speech.talk.world.block_on(speech.talk.world.put("mode/draft", "fail"));
    speech.say(&["one "]);
    speech.talk.wait_for(1);
    speech.advance(Duration::from_secs(9));
    speech.say(&["two"]);
    assert_eq!(
        speech.end(3)[..2],
        [json!(["draft", "room", text("one")]), json!(["send", "room", text("one two")])]
    );
}

#[test]
fn an_unreplaced_draft_costs_no_answer() {
    let speech = Speech::begin();
    speech.say(&["one "]);
    speech.talk.wait_for(1);
    speech.talk.world.block_on(speech.talk.world.put("mode/revise", "fail"));
    speech.say(&["two "]);
    speech.advance(Duration::from_secs(1));
    speech.talk.wait_for(2);
    // There is no further try before the answer.
    speech.advance(Duration::from_secs(9));
    speech.say(&["three"]);
    assert_eq!(
        speech.end(5)[1..4],
        [
            json!(["revise", "room", "100", text("one two")]),
            json!(["revise", "room", "100", text("one two three")]),
            json!(["send", "room", text("one two three")]),
        ]
    );
}

#[test]
fn a_draft_has_one_messages_length() {
    let long: &'static str = "0123456789".repeat(250).leak();
    let speech = Speech::begin();
    speech.say(&[long]);
    speech.talk.wait_for(1);
    let (first, rest) = long.split_at(2_000);
    assert_eq!(
        speech.end(4)[..3],
        [
            json!(["draft", "room", text(first)]),
            json!(["revise", "room", "100", text(first)]),
            json!(["send", "room", text(rest)]),
        ]
    );
}

#[test]
fn a_later_stage_leaves_no_draft() {
    for kind in [PipelineStageType::PostProcess, PipelineStageType::Process] {
        let speech = Speech::begin_with(vec![Member::stage(Arc::new(Passes(kind)))]);
        speech.say(&["one ", "two"]);
        speech.advance(Duration::from_secs(9));
        assert_eq!(speech.end(2)[0], json!(["send", "room", text("one two")]), "{kind:?}");
    }
}
