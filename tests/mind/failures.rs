//! What the person reads when the server fails.

use serde_json::json;
use weft_lite::sandbox::{CONNECTION_FAILED, REQUEST_FAILED, REQUEST_TIMED_OUT, STORE_FULL};

use crate::server::{Reply, answer};
use crate::world::{World, call, delta, end, saying, stream};

#[test]
fn a_refusal_names_the_next_step() {
    let words = json!({ "error": { "message": "no such model" } }).to_string();
    let world = World::new([answer("404 Not Found", "", words)]);
    let text = world.ask("hello");
    let server = world.server.address;
    let expected = format!(
        "error: stage `mind`: the model server at {server} has no such model or address (404: no \
         such model)\n  try: see its models with `weft-lite model set URL`"
    );
    assert_eq!(text, expected);
}

#[test]
fn a_busy_server_is_asked_again() {
    let world = World::new([
        answer("429 Too Many Requests", "Retry-After: 0\r\n", "slow down"),
        answer("503 Service Unavailable", "Retry-After: 0\r\n", "loading"),
        saying("here"),
    ]);
    assert_eq!(world.ask("hello"), "here");
    assert_eq!(world.server.requests().len(), 3);
}

#[test]
fn a_broken_connection_is_tried_again() {
    let world = World::new([Reply::Bytes(Vec::new()), saying("here")]);
    assert_eq!(world.ask("hello"), "here");
    assert_eq!(world.server.requests().len(), 2);
}

/// A guest compares the host's words without its constants.
#[test]
fn the_hosts_words_are_those_compared() {
    let sources = [
        (include_str!("../../skills/mind/src/fault.rs"), CONNECTION_FAILED),
        (include_str!("../../skills/mind/src/fault.rs"), REQUEST_FAILED),
        (include_str!("../../skills/mind/src/client.rs"), REQUEST_TIMED_OUT),
        (include_str!("../../skills/mind/src/room.rs"), STORE_FULL),
    ];
    for (source, words) in sources {
        assert!(source.contains(&format!("\"{words}\"")), "{words}");
    }
}

#[test]
fn a_cut_stream_keeps_its_words() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_owned()
        + &format!("data: {}\n\n", delta("Half"));
    let world = World::new([Reply::Bytes(half.into_bytes()), saying("Whole")]);
    let text = world.ask("hello");
    assert!(text.starts_with("Half\n\n[the answer broke off: the model server at "), "{text}");
    // What was shown is part of the conversation, and the next message goes on.
    assert_eq!(world.ask("go on"), "Whole");
    assert_eq!(world.bodies()[1]["messages"][2]["content"], "Half");
}

#[test]
fn an_endless_loop_ends() {
    let again = || {
        let arguments = "{\"text\": \"a\"}";
        stream(&[call(0, "c", "text-stats__text_stats", arguments), end("tool_calls")])
    };
    let world = World::with(&json!({ "max_rounds": 2 }), [again(), again(), again()]);
    let text = world.ask("hello");
    assert!(text.contains("[stopped after 2 rounds of tool calls: "), "{text}");
    assert_eq!(world.bodies()[2]["tool_choice"], "none");
}

#[test]
fn other_servers_stay_closed() {
    let world = World::with(&json!({ "base_url": "http://127.0.0.1:9/v1" }), []);
    // The host says it in its own words, with the setting that opens the server.
    let text = world.ask("hello");
    assert!(text.contains("private/reserved IP denied"), "{text}");
    assert!(text.contains("allow_private_hosts"), "{text}");
}
