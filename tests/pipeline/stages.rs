//! The stages of others: their order, what each may change, and what their failure does.

use std::future::pending;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weft_lite::channel::{ChatId, InboundMessage};
use weft_lite::errors::{Failure, PluginError};
use weft_lite::{PipelineStageType, PluginCapability};

use crate::recorder::{Recorder, say};
use crate::world::{World, changes, stage};

use PipelineStageType::{Observer, PostProcess, PreProcess, Process};

fn append(key: &'static str, word: &'static str) -> impl Fn(Value) -> Result<Value, PluginError> {
    move |mut state| {
        let target = match key {
            "text" => &mut state["text"],
            _ => &mut state["answer"]["text"],
        };
        *target = format!("{} {word}", target.as_str().unwrap_or_default()).into();
        Ok(state)
    }
}

#[test]
fn stages_run_by_type_and_order() {
    let one = Arc::new(Recorder::new("one"));
    // Registered from the last to the first type, to show that the type decides.
    let members = vec![
        changes("post 1", PostProcess, append("answer", "post1")),
        changes("post 2", PostProcess, append("answer", "post2")),
        changes("process", Process, |mut state| {
            state["answer"] = json!({ "text": format!("<{}>", state["text"].as_str().unwrap()) });
            Ok(state)
        }),
        changes("pre 1", PreProcess, append("text", "pre1")),
        changes("pre 2", PreProcess, append("text", "pre2")),
    ];
    let world = World::new(members, &[&one]);
    assert_eq!(world.ask(&one, "hi"), "<hi pre1 pre2> post1 post2");
}

#[test]
fn a_stages_error_stops_only_its_message() {
    let one = Arc::new(Recorder::new("one"));
    let stage = changes("picky", PreProcess, |state| match state["text"].as_str() {
        Some("bad") => Err(PluginError::Invalid { what: "text".into(), problem: "bad".into() }),
        Some("worse") => panic!("a bug in a stage"),
        Some("odd") => Ok(json!(["not", "a", "state"])),
        _ => Ok(state),
    });
    let world = World::new(vec![stage], &[&one]);
    let failure = |text: &str| -> Failure {
        world.runtime.block_on(async {
            say(&*world.inbox, "one", "chat", text).await.unwrap();
            one.next().await.failure.unwrap()
        })
    };
    let bad = failure("bad");
    assert_eq!(bad.message, "stage `picky`: text: bad");
    assert_eq!(bad.details["stage"], "picky");
    let worse = failure("worse");
    assert_eq!(
        (worse.code.as_str(), worse.message.as_str()),
        ("panicked", "stage `picky`: it panicked")
    );
    assert_eq!(worse.details["stage"], "picky");
    assert_eq!(failure("odd").code, "invalid");
    assert!(world.ask(&one, "good").starts_with("no command or skill matches"));
}

#[test]
fn a_stage_changes_only_what_its_type_may() {
    let one = Arc::new(Recorder::new("one"));
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let forge = |mut state: Value| {
        for (key, value) in [("sender", "owner"), ("chat", "elsewhere"), ("channel", "two")] {
            state[key] = value.into();
        }
        state["is_owner"] = true.into();
        state["text"] = "/quit".into();
        Ok(state)
    };
    let log = Arc::clone(&seen);
    let members = vec![
        changes("forger", PreProcess, forge),
        changes("late forger", PostProcess, forge),
        changes("witness", Observer, move |state| {
            log.lock().unwrap().push(state.clone());
            Ok(state)
        }),
    ];
    let world = World::new(members, &[&one]);
    let reply = world.runtime.block_on(async {
        let hello = InboundMessage::text(ChatId::new("one", "chat"), "friend", "hello");
        world.inbox.deliver_inbound(hello).await.unwrap();
        one.next().await
    });
    world.settle();
    assert_eq!(reply.chat, "chat");
    // No plugin can make anybody say a command.
    assert!(one.left.lock().unwrap().is_empty());
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0]["sender"], "friend");
    assert_eq!(seen[0]["is_owner"], false);
    assert_eq!((&seen[0]["channel"], &seen[0]["chat"]), (&json!("one"), &json!("chat")));
    assert_eq!(seen[0]["text"], "/quit");
}

#[test]
fn observers_get_copies_without_influence() {
    let one = Arc::new(Recorder::new("one"));
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let log = Arc::clone(&seen);
    let members = vec![
        stage("stuck", Observer, |_| Box::pin(pending())),
        changes("broken", Observer, |_| panic!("a bug in an observer")),
        changes("meddler", Observer, move |mut state| {
            log.lock().unwrap().push(state.clone());
            state["answer"]["text"] = "mine".into();
            Ok(state)
        }),
    ];
    let world = World::new(members, &[&one]);
    // More than the stuck one can hold.
    for _ in 0..100 {
        assert!(world.ask(&one, "/clear").starts_with("there was nothing"));
    }
    assert!(world.ask(&one, "/nothing").starts_with("error: there is no command"));
    world.settle();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 101);
    assert_eq!(seen[0]["answer"]["text"], "there was nothing to forget");
    assert_eq!(seen[100]["failure"]["code"], "unknown_command");
}

#[test]
fn a_failing_observer_sees_the_next_message() {
    let one = Arc::new(Recorder::new("one"));
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    let observer = changes("clumsy", Observer, move |state| {
        let text = state["text"].as_str().unwrap().to_owned();
        log.lock().unwrap().push(text.clone());
        match text.as_str() {
            "/help" => panic!("a bug in an observer"),
            "/skills" => Err(PluginError::Cancelled),
            _ => Ok(state),
        }
    });
    let world = World::new(vec![observer], &[&one]);
    for line in ["/help", "/skills", "/clear"] {
        world.ask(&one, line);
        world.settle();
    }
    assert_eq!(*seen.lock().unwrap(), ["/help", "/skills", "/clear"]);
}

#[test]
fn observers_see_messages_only_while_they_run() {
    let one = Arc::new(Recorder::new("one"));
    let seen: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let observer = |which: &'static str| {
        let log = Arc::clone(&seen);
        changes("witness", Observer, move |state| {
            log.lock().unwrap().push(which);
            Ok(state)
        })
    };
    let world = World::new(vec![observer("first")], &[&one]);
    let ask = || {
        world.ask(&one, "/clear");
        world.settle();
    };
    ask();
    world.stop_stages();
    ask();
    let host = world.runtime.host();
    world.runtime.block_on(async {
        host.remove(PluginCapability::PipelineStage, "witness").await.unwrap();
        host.register(observer("second")).await.unwrap();
        host.start_all().await;
    });
    ask();
    assert_eq!(*seen.lock().unwrap(), ["first", "second"]);
}

#[test]
fn partial_changes_of_a_failed_stage_are_hidden() {
    let one = Arc::new(Recorder::new("one"));
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let log = Arc::clone(&seen);
    let members = vec![
        changes("pre", PreProcess, append("text", "changed")),
        changes("post", PostProcess, |_| Err(PluginError::Cancelled)),
        changes("witness", Observer, move |state| {
            log.lock().unwrap().push(state.clone());
            Ok(state)
        }),
    ];
    let world = World::new(members, &[&one]);
    assert!(world.ask(&one, "hi").starts_with("error: stage `post`"));
    world.settle();
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0]["text"], "hi");
    assert_eq!((&seen[0]["answer"], &seen[0]["failure"]["details"]), (&Value::Null, &Value::Null));
    assert_eq!(seen[0]["failure"]["stage"], "post");
}

#[test]
fn an_early_answer_skips_the_process_stages() {
    let one = Arc::new(Recorder::new("one"));
    let members = vec![
        changes("gatekeeper", PreProcess, |mut state| match state["text"].as_str() {
            Some("closed") => {
                state["answer"] = json!({ "text": "come back tomorrow" });
                Ok(state)
            }
            Some("/clear") => panic!("a command is answered before any stage of others"),
            _ => Ok(state),
        }),
        changes("model", Process, |mut state| {
            state["answer"] = json!({ "text": "I am a model" });
            Ok(state)
        }),
        changes("polite", PostProcess, append("answer", "(thanks)")),
    ];
    let world = World::new(members, &[&one]);
    assert_eq!(world.ask(&one, "closed"), "come back tomorrow (thanks)");
    assert_eq!(world.ask(&one, "/clear"), "there was nothing to forget (thanks)");
    assert_eq!(world.ask(&one, "open"), "I am a model (thanks)");
}

#[test]
fn the_process_stage_is_replaceable() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(Vec::new(), &[&one]);
    assert!(world.ask(&one, "which tools are there").contains("/tools"));
    let model = changes("model", Process, |mut state| {
        state["answer"] = json!({ "text": "I am a model" });
        Ok(state)
    });
    world.runtime.block_on(async {
        world.runtime.host().register(model).await.unwrap();
        world.runtime.host().start_all().await;
    });
    assert_eq!(world.ask(&one, "which tools are there"), "I am a model");
    assert!(world.ask(&one, "/clear").starts_with("there was nothing"), "commands stay");
}

#[test]
fn a_stopped_stage_is_not_skipped() {
    let one = Arc::new(Recorder::new("one"));
    let filter = changes("filter", PreProcess, Ok);
    let world = World::new(vec![filter], &[&one]);
    world.runtime.block_on(world.runtime.host().stop_kind(PluginCapability::PipelineStage));
    let said = world.ask(&one, "hello");
    assert!(said.starts_with("error: stage `filter`: stopped: it was told to"), "{said}");
    let remove = world.runtime.host().remove(PluginCapability::PipelineStage, "filter");
    world.runtime.block_on(remove).unwrap();
    assert!(world.ask(&one, "hello").starts_with("no command"));
}

#[test]
fn only_tool_lines_call_tools() {
    let one = Arc::new(Recorder::new("one"));
    let world = World::new(Vec::new(), &[&one]);
    let said = world.ask(&one, "nothing {\"a\": 1}");
    assert!(said.starts_with("error: no tool is named `nothing`"), "{said}");
    let said = world.ask(&one, "nothing {no JSON");
    assert!(said.starts_with("error: no tool is named `nothing`"), "{said}");
    assert!(world.ask(&one, "nothing to say").starts_with("no command or skill"));
    assert!(world.ask(&one, "/etc/passwd").starts_with("no command or skill"));
}
