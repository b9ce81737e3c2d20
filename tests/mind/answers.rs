//! Answers, tools and what is kept of a conversation.

use futures_lite::future::yield_now;
use serde_json::{Value, json};

use crate::server::Reply;
use crate::world::{KEY, World, call, delta, end, saying, stream};

#[test]
fn words_are_shown_as_they_come() {
    let (send, steps) = async_channel::unbounded();
    let world = World::new([Reply::Steps(steps)]);
    let text = world.runtime.block_on(async {
        world.say("chat", "hello").await;
        send.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n").await.unwrap();
        send.send("data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"cho")
            .await
            .unwrap();
        // The rest comes when the first part is on the channel.
        while world.channel.parts.lock().unwrap().is_empty() {
            yield_now().await;
        }
        send.send("ices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n")
            .await
            .unwrap();
        drop(send);
        let reply = world.channel.next().await;
        (reply.said_bytes, reply.payload)
    });
    assert_eq!(*world.channel.parts.lock().unwrap(), ["Hel", "lo"]);
    assert_eq!(text, ("Hello".len(), weft_lite::MessagePayload::text("Hello")));
}

#[test]
fn a_model_calls_a_real_tool() {
    let world = World::new([
        stream(&[
            delta("Let me count."),
            call(0, "c1", "text-stats__text_stats", ""),
            call(0, "", "", "{\"text\": \"one two"),
            call(0, "", "", " three\"}"),
            call(1, "c2", "text-stats__word_frequency", "{\"text\": \"a b\", \"limit\": \"many\"}"),
            call(2, "c3", "no-such__tool", "{}"),
            end("tool_calls"),
        ]),
        saying("Three words."),
    ]);
    assert_eq!(world.ask("how many words?"), "Let me count.\n\nThree words.");
    let bodies = world.bodies();
    let tools = bodies[0]["tools"].as_array().unwrap();
    let stats = tools.iter().find(|it| it["function"]["name"] == "text-stats__text_stats").unwrap();
    assert_eq!(stats["function"]["parameters"]["type"], "object");
    assert!(!tools.iter().any(|it| it["function"]["name"].as_str().unwrap().starts_with("mind")));
    let messages = bodies[1]["messages"].as_array().unwrap();
    let result = |id: &str| {
        let message = messages.iter().find(|it| it["tool_call_id"] == id).unwrap();
        assert_eq!(message["role"], "tool");
        message["content"].as_str().unwrap().to_owned()
    };
    assert_eq!(serde_json::from_str::<Value>(&result("c1")).unwrap()["words"], 3);
    // What is wrong with a call is for the model.
    assert!(result("c2").starts_with("error: "), "{}", result("c2"));
    assert_eq!(result("c3"), "error: there is no tool `no-such__tool`; use one of the list");
    let systems = messages.iter().filter(|it| it["role"] == "system").count();
    assert_eq!((systems, &messages[0]["role"]), (1, &json!("system")));
}

#[test]
fn a_chat_is_remembered_and_forgotten() {
    let world = World::new([
        saying("Hello Ann."),
        saying("You are Ann."),
        saying("Who are you?"),
        saying("I don't know."),
    ]);
    world.ask("I am Ann.");
    world.ask("Who am I?");
    world.ask_in("another", "Who am I?");
    let counts = |world: &World| -> Vec<usize> {
        world.bodies().iter().map(|it| it["messages"].as_array().unwrap().len()).collect()
    };
    assert_eq!(counts(&world), [2, 4, 2]);
    let history = world.ask("/history");
    assert!(
        history.contains("You: I am Ann.") && history.contains("Model: You are Ann."),
        "{history}"
    );
    assert!(world.ask("/clear").contains("forgot the conversation"));
    world.ask("Who am I?");
    assert_eq!(counts(&world), [2, 4, 2, 2]);
}

#[test]
fn a_remembered_note_reaches_another_chat() {
    let world = World::new([
        stream(&[
            call(0, "c", "memory__remember", "{\"text\": \"Ann drinks tea.\"}"),
            end("tool_calls"),
        ]),
        saying("I keep that."),
        saying("Tea."),
    ]);
    assert_eq!(world.ask("Ann drinks tea."), "I keep that.");
    assert_eq!(world.ask_in("another", "What does Ann drink?"), "Tea.");
    let body = world.bodies().pop().unwrap();
    let messages = body["messages"].as_array().unwrap();
    let holds = |it: &&Value| it["content"].as_str().unwrap().contains("- \"Ann drinks tea.\" (");
    let notes: Vec<_> = messages.iter().filter(holds).collect();
    assert_eq!((notes.len(), &notes[0]["role"]), (1, &json!("user")));
    assert_eq!(messages.last().unwrap()["content"], "What does Ann drink?");
}

#[test]
fn the_model_is_chosen_for_a_chat() {
    let world = World::new([saying("a"), saying("b")]);
    assert_eq!(world.ask("/model large"), "this chat uses large from the next message on");
    world.ask("hello");
    world.ask_in("another", "hello");
    let bodies = world.bodies();
    assert_eq!((&bodies[0]["model"], &bodies[1]["model"]), (&json!("large"), &json!("small")));
}

#[test]
fn a_commands_own_next_step_is_shown() {
    let world = World::new([]);
    let refused = world.ask_as_friend("/model large");
    assert_eq!(refused, "error: only the owner may change the model\n  try: ask them");
}

#[test]
fn the_key_goes_to_the_server_alone() {
    let world = World::with(&json!({ "secret": "MODEL_KEY" }), [saying("fine")]);
    assert_eq!(world.ask("hello"), "fine");
    let request = world.server.request();
    assert!(request.contains(&format!("authorization: Bearer {KEY}\r\n")), "{request}");
    for record in world.audit.records() {
        assert!(!record.summary.contains(KEY), "{}", record.summary);
    }
}
