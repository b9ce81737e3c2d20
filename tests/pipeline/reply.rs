//! Answers as their channel can carry them.

use std::sync::Arc;

use serde_json::json;
use weft_lite::channel::{Attachment, ChatId, InboundMessage};
use weft_lite::errors::PluginError;
use weft_lite::text::TextFormat;
use weft_lite::{Acknowledgement, MessagePayload, PipelineStageType};

use crate::recorder::{Recorder, say, say_with};
use crate::world::{World, changes};

fn answers(answer: serde_json::Value) -> weft_lite::actor::Member {
    changes("model", PipelineStageType::Process, move |mut state| {
        state["answer"] = answer.clone();
        Ok(state)
    })
}

#[test]
fn a_long_answer_comes_in_related_parts() {
    let one = Arc::new(Recorder::rich("one", 20));
    let world =
        World::new(vec![answers(json!({ "text": "a first line\na second line\nand x" }))], &[&one]);
    world.runtime.block_on(async {
        let in_thread = |message: &mut InboundMessage| {
            message.id = Some("m1".into());
            message.thread = Some("t1".into());
        };
        say_with(&*world.inbox, "one", "chat", "hi", in_thread).await.unwrap();
        let mut texts = Vec::new();
        loop {
            let reply = one.next().await;
            assert_eq!(
                (reply.thread.as_deref(), reply.reply_to.as_deref()),
                (Some("t1"), Some("m1"))
            );
            assert_eq!((reply.part, reply.parts), (texts.len(), 2));
            let MessagePayload::Text { text } = &reply.payload else { panic!("{reply:?}") };
            texts.push(text.clone());
            if reply.is_last() {
                break;
            }
        }
        assert_eq!(texts, ["a first line", "a second line\nand x"]);
    });
}

#[test]
fn media_are_sent_where_supported_and_named_elsewhere() {
    let answer = json!({
        "text": "look", "attachments": [{ "mime": "image/png", "bytes": "iVA=" }]
    });
    let (one, two) = (Arc::new(Recorder::rich("one", 100)), Arc::new(Recorder::new("two")));
    let world = World::new(vec![answers(answer)], &[&one, &two]);
    world.runtime.block_on(async {
        say(&*world.inbox, "one", "chat", "hi").await.unwrap();
        assert_eq!(one.next().await.payload, MessagePayload::text("look"));
        let bytes = vec![0x89, b'P'];
        let picture = MessagePayload::Binary { mime: "image/png".into(), bytes };
        assert_eq!(one.next().await.payload, picture);
        say(&*world.inbox, "two", "chat", "hi").await.unwrap();
        two.next().await;
        let named = "[an attachment of 2 bytes (image/png) can't be sent here]";
        assert_eq!(two.next().await.payload, MessagePayload::text(named));
    });
}

#[test]
fn attachments_of_a_message_reach_the_stages() {
    let one = Arc::new(Recorder::rich("one", 100));
    let echo = changes("echo", PipelineStageType::Process, |mut state| {
        state["answer"] = json!({ "attachments": state["attachments"] });
        Ok(state)
    });
    let world = World::new(vec![echo], &[&one]);
    world.runtime.block_on(async {
        let attachment = Attachment { mime: "a/b".into(), bytes: vec![0, 1] };
        let with_it = |message: &mut InboundMessage| message.attachments = vec![attachment];
        say_with(&*world.inbox, "one", "chat", "hi", with_it).await.unwrap();
        let bytes = MessagePayload::Binary { mime: "a/b".into(), bytes: vec![0, 1] };
        assert_eq!(one.next().await.payload, bytes);
        let alone = InboundMessage::new(ChatId::new("one", "chat"), "owner", bytes.clone());
        world.inbox.deliver_inbound(alone).await.unwrap();
        assert_eq!(one.next().await.payload, bytes);
    });
}

#[test]
fn a_channels_metadata_reaches_the_stages() {
    let one = Arc::new(Recorder::new("one"));
    let tells = changes("tells", PipelineStageType::Process, |mut state| {
        state["answer"] = json!({ "text": state["metadata"].to_string() });
        Ok(state)
    });
    let world = World::new(vec![tells], &[&one]);
    world.runtime.block_on(async {
        let in_mood = |message: &mut InboundMessage| {
            message.id = Some("1".into());
            message.thread = Some("tea".into());
            let metadata = json!({ "mood": "good", "thread": "other", "message_id": "9",
                "attachments": [], "progress": true });
            message.metadata = serde_json::from_value(metadata).unwrap();
        };
        say_with(&*world.inbox, "one", "chat", "hi", in_mood).await.unwrap();
        assert_eq!(one.text().await, r#"{"mood":"good"}"#);
    });
}

#[test]
fn text_is_made_safe_for_the_channel() {
    let answer = json!({ "text": "\u{1b}[31mred\u{202e} \nline" });
    let one = Arc::new(Recorder::new("one"));
    let mut two = Recorder::new("two");
    two.format.text = TextFormat::Verbatim;
    let two = Arc::new(two);
    let world = World::new(vec![answers(answer)], &[&one, &two]);
    assert_eq!(world.ask(&one, "hi"), "\\u{1b}[31mred\\u{202e} \nline");
    world.runtime.block_on(async {
        say(&*world.inbox, "two", "chat", "hi").await.unwrap();
        assert_eq!(two.text().await, "\u{1b}[31mred\u{202e} \nline");
    });
}

#[test]
fn structured_answers_stay_so_where_they_are_understood() {
    let answer = json!({ "text": "for people", "value": { "for": "programs" } });
    let mut one = Recorder::new("one");
    one.format.structured = true;
    let (one, two) = (Arc::new(one), Arc::new(Recorder::new("two")));
    let world = World::new(vec![answers(answer)], &[&one, &two]);
    world.runtime.block_on(async {
        say(&*world.inbox, "one", "chat", "hi").await.unwrap();
        let value = json!({ "for": "programs" });
        assert_eq!(one.next().await.payload, MessagePayload::Json { value });
        say(&*world.inbox, "two", "chat", "hi").await.unwrap();
        assert_eq!(two.next().await.payload, MessagePayload::text("for people"));
    });
}

#[test]
fn a_message_is_acknowledged_when_accepted_and_done() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(Vec::new(), &[&one]);
    world.runtime.block_on(async {
        for (id, text) in [("a", "/clear"), ("b", "/nothing")] {
            let with_id = |message: &mut InboundMessage| message.id = Some(id.into());
            say_with(&*world.inbox, "one", "chat", text, with_id).await.unwrap();
            one.next().await;
        }
    });
    world.settle();
    let acknowledged = one.acknowledged.lock().unwrap();
    assert_eq!(
        *acknowledged,
        [
            ("a".to_owned(), Acknowledgement::Taken),
            ("a".to_owned(), Acknowledgement::Answered),
            ("b".to_owned(), Acknowledgement::Taken),
            ("b".to_owned(), Acknowledgement::Failed),
        ]
    );
}

#[test]
fn a_failure_cannot_imitate_the_program() {
    let forges = changes("forges", PipelineStageType::Process, |_| {
        let problem = "odd\nchannel one  stopped".into();
        Err(PluginError::Invalid { what: "text".into(), problem })
    });
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(vec![forges], &[&one]);
    let said = world.ask(&one, "hi");
    let expected = "error: stage `forges`: text: odd\n    channel one  stopped\n  try: ";
    assert!(said.starts_with(expected), "{said}");
}
