//! Whom a call works for, and the answer as it comes.

use std::sync::Arc;

use serde_json::{Value, json};
use weft_lite::actor::Member;
use weft_lite::errors::PluginError;
use weft_lite::pipeline::{ChannelRules, Gateway};
use weft_lite::{BoxFuture, ChannelHost, MessagePayload, PipelineStage, PipelineStageType, Reply};

use crate::recorder::{Recorder, say};
use crate::world::{Copies, World};

/// A gateway with one channel, and the guests of a world as stages.
struct Talk {
    world: World,
    channel: Arc<Recorder>,
    inbox: Arc<dyn ChannelHost>,
    _gateway: Gateway,
}

impl Talk {
    fn new(copies: Copies, channel: Recorder) -> Self {
        let world = World::with(copies, None);
        let channel = Arc::new(channel);
        let mut rules = ChannelRules::owner_only();
        rules.allow.push("friend".into());
        let commands = world.runtime.commands();
        let gateway = world.runtime.gateway(commands, [("one".to_owned(), rules)].into());
        let inbox = gateway.inbox();
        let host = world.runtime.host();
        world.runtime.block_on(async {
            let member = Member::channel(Arc::clone(&channel) as _, Arc::clone(&inbox));
            host.register(member).await.unwrap();
            host.adopt_guests(&inbox, &(Arc::new(|_: &str| false) as _)).await;
            host.start_all().await;
        });
        Self { world, channel, inbox, _gateway: gateway }
    }

    fn ask(&self, text: &str) -> Reply {
        self.world.runtime.block_on(async {
            say(&*self.inbox, "one", "chat", text).await.unwrap();
            self.channel.next().await
        })
    }
}

fn doors() -> Copies {
    Copies(vec![("doors".into(), json!({}))])
}

fn text(reply: &Reply) -> &str {
    match &reply.payload {
        MessagePayload::Text { text } => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_shown_as_it_comes() {
    let talk = Talk::new(doors(), Recorder::showing_parts("one"));
    let reply = talk.ask("one two three");
    assert_eq!(text(&reply), "one two three");
    assert_eq!(reply.said_bytes, "one two three".len());
    // The empty part at the end is not sent.
    assert_eq!(*talk.channel.parts.lock().unwrap(), ["one ", "two ", "three"]);
    assert_eq!(talk.world.records("conversation.say").len(), 4);
}

#[test]
fn no_part_follows_a_gap() {
    let talk = Talk::new(doors(), Recorder::showing_parts("one"));
    let words = ["a".repeat(200_000), "b".repeat(200_000), "c".to_owned()];
    let reply = talk.ask(&words.join(" "));
    let parts = talk.channel.parts.lock().unwrap().clone();
    assert_eq!(
        parts,
        [format!("{} ", words[0])],
        "the second has no room, and the third follows it"
    );
    assert_eq!((text(&reply).len(), reply.said_bytes), (400_003, 200_001));
}

#[test]
fn another_answer_than_said_is_whole() {
    let talk = Talk::new(doors(), Recorder::showing_parts("one"));
    let reply = talk.ask("lie to me");
    assert_eq!((text(&reply), reply.said_bytes), ("the truth", 0));
}

#[test]
fn a_channel_without_parts_gets_the_answer() {
    let talk = Talk::new(doors(), Recorder::new("one"));
    let reply = talk.ask("one two");
    assert_eq!((text(&reply), reply.said_bytes), ("one two", 0));
    assert!(talk.channel.parts.lock().unwrap().is_empty());
}

#[test]
fn the_host_names_the_caller() {
    let talk = Talk::new(doors(), Recorder::new("one"));
    let expected = json!({ "channel": "one", "chat": "chat", "sender": "owner", "is_owner": true });
    let current: Value = serde_json::from_str(text(&talk.ask("who"))).unwrap();
    assert_eq!(current, expected);
    // A tool line and a slash command work for the sender as well.
    let line = talk.ask("doors__current {}");
    let MessagePayload::Text { text: line } = &line.payload else { panic!() };
    assert_eq!(serde_json::from_str::<Value>(line).unwrap(), expected);
    // A call by the embedder works for nobody that can be named.
    assert_eq!(talk.world.call("doors__current", &json!({})), Ok(Value::Null));
}

#[test]
fn a_called_tool_says_nothing() {
    let both = json!({ "permissions": { "tools": ["d2__*"] } });
    let tool_alone = json!({ "capabilities": ["tool", "pipeline_stage"] });
    let copies = Copies(vec![("doors".into(), both), ("d2".into(), tool_alone)]);
    let talk = Talk::new(copies, Recorder::showing_parts("one"));
    let host = talk.world.runtime.host();
    let stage = weft_lite::PluginCapability::PipelineStage;
    talk.world.runtime.block_on(host.remove(stage, "d2")).unwrap();
    let reply = talk.ask("call d2__current");
    assert!(text(&reply).contains(r#"\"sender\":\"owner\""#), "{}", text(&reply));
    let reply = talk.ask(r#"call d2__say {"text": "believe me"}"#);
    assert!(text(&reply).contains("ok"), "{}", text(&reply));
    assert!(talk.channel.parts.lock().unwrap().is_empty());
}

#[test]
fn tools_with_a_command_are_slash_commands() {
    let talk = Talk::new(doors(), Recorder::new("one"));
    assert_eq!(text(&talk.ask("/shout hello there")), "HELLO THERE");
    assert_eq!(text(&talk.ask("/clear")), "doors: forgot what the doors knew");
    let help = talk.ask("/help");
    assert!(text(&help).contains("/shout"), "{}", text(&help));
}

/// A stage after the answer was made, which withholds it.
struct Filter;

impl PipelineStage for Filter {
    fn name(&self) -> &str {
        "filter"
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::PostProcess
    }

    fn process<'a>(&'a self, _state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async { Ok(json!({ "answer": { "text": "[withheld]" } })) })
    }
}

#[test]
fn nothing_is_said_before_a_filter() {
    let talk = Talk::new(doors(), Recorder::showing_parts("one"));
    talk.world.runtime.block_on(async {
        let host = talk.world.runtime.host();
        host.register(Member::stage(Arc::new(Filter))).await.unwrap();
        host.start_all().await;
    });
    let reply = talk.ask("the secret plan");
    assert_eq!((text(&reply), reply.said_bytes), ("[withheld]", 0));
    assert!(talk.channel.parts.lock().unwrap().is_empty());
}
