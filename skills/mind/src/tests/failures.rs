//! What goes wrong, what is tried again, and what the person reads.

use super::*;

#[track_caller]
fn fails(world: &World, expected: &str) {
    assert_eq!(world.ask("hi"), Err(expected.into()));
}

#[test]
fn nothing_is_set() {
    let world = World::new();
    *world.settings.borrow_mut() = "{}".into();
    fails(&world, "no model is set; set one with `weft-lite model set URL`");
}

#[test]
fn refused_connections_are_tried_five_times() {
    let world = World::new();
    for _ in 0..5 {
        world.no_connection("connection failed: 127.0.0.1: refused");
    }
    fails(
        &world,
        "the model server at 127.0.0.1:8080 can't be reached (connection failed: 127.0.0.1: refused); \
         start it, or set another one with `weft-lite model set URL`",
    );
    assert_eq!(world.requests.borrow().len(), 5);
    assert_eq!(world.now.get(), 1_000 + 500 + 1_000 + 2_000 + 4_000);
}

#[test]
fn refusal_of_the_host_is_final() {
    let world = World::new();
    world.no_connection("private address");
    assert!(world.ask("hi").unwrap_err().contains("(private address)"));
}

#[test]
fn silent_server_is_not_called_unreachable() {
    let world = World::new();
    world.no_connection("request timed out");
    fails(
        &world,
        "the model server at 127.0.0.1:8080 gives no answer in time (request timed out); ask again, \
         or look at the server's log",
    );
    assert_eq!(world.requests.borrow().len(), 1);
}

#[test]
fn busy_server_is_tried_again() {
    let world = World::new();
    world.refuse(429, "");
    world.refuse(503, "loading");
    world.says("there");
    assert_eq!(world.ask("hi"), Ok("there".into()));
    assert_eq!(world.now.get(), 1_000 + 500 + 1_000);
    assert_eq!(world.notes.borrow()[0], "the model server is not ready; trying again in 1 s");
}

#[test]
fn retry_after_in_seconds_and_as_a_date() {
    for (value, pause) in [("7", 7_000), ("Sun, 06 Nov 1994 08:49:57 GMT", 20_000), ("soon", 500)] {
        let world = World::new();
        world.reply_with(429, &[("Retry-After", value)], &[]);
        world.says("there");
        assert_eq!(world.ask("hi"), Ok("there".into()));
        assert_eq!(world.now.get(), 1_000 + pause, "{value}");
    }
}

#[test]
fn retry_after_past_the_time_is_not_awaited() {
    let world = World::new();
    world.reply_with(429, &[("retry-after", "3600")], &[Ok(br#"{"error":"slow down"}"#.to_vec())]);
    fails(
        &world,
        "the model server at 127.0.0.1:8080 asks for fewer requests (429: slow down); wait a little, \
         then ask again",
    );
    assert_eq!(world.now.get(), 1_000);
}

#[test]
fn statuses_have_their_next_steps() {
    let cases = [
        (
            400,
            "nope",
            "does not accept the request (400: nope); check the settings with `weft-lite model show`",
        ),
        (
            400,
            "exceeds the context size",
            "finds the conversation too long (400: exceeds the context size); say `/clear`",
        ),
        (
            401,
            "bad key",
            "refuses the key (401: bad key); set it again with `weft-lite model set URL`",
        ),
        (403, "", "refuses the key (403); "),
        (404, "no model", "has no such model or address (404: no model); see its models"),
        (413, "<html>", "finds the conversation too long (413); "),
        (302, "", "does not accept the request (302); "),
    ];
    for (status, words, expected) in cases {
        let world = World::new();
        world.refuse(status, words);
        let problem = world.ask("hi").unwrap_err();
        assert!(problem.contains(expected), "{problem}");
        assert_eq!(world.requests.borrow().len(), 1);
    }
}

#[test]
fn server_errors_end_after_retries() {
    let world = World::new();
    for _ in 0..5 {
        world.refuse(500, r#"{"error":{"message":"out of memory"}}"#);
    }
    fails(
        &world,
        "the model server at 127.0.0.1:8080 failed (500: out of memory); ask again, or look at the \
         server's log",
    );
}

#[test]
fn nothing_is_asked_again_after_words() {
    let world = World::new();
    world.reply(&[&delta("So"), "data: {\"error\":{\"code\":503,\"message\":\"gone\"}}\n\n"]);
    let answer = world.ask("hi").unwrap();
    assert!(answer.starts_with("So\n\n[the answer broke off: "), "{answer}");
    assert_eq!(world.requests.borrow().len(), 1);
}

#[test]
fn slow_tokens_end_with_the_time() {
    let world = World::new();
    world.set(r#""timeout_seconds":10"#);
    world.part_takes.set(3_000);
    let token = delta("x");
    world.reply(&vec![&*token; 100]);
    let answer = world.ask("hi").unwrap();
    assert!(
        answer.contains("took too long (over 10 s); ask again, or set a larger `timeout_seconds`"),
        "{answer}"
    );
    assert_eq!(world.said(), "xxxx");
}

#[test]
fn nothing_is_read_once_nobody_waits() {
    let world = World::new();
    world.leaves_after.set(2);
    let token = delta("x");
    world.reply(&vec![&*token; 100]);
    let answer = world.ask("hi").unwrap();
    assert!(answer.starts_with("xx\n\n[the answer broke off"), "{answer}");
    // What was shown is part of the conversation, without the note.
    assert_eq!(
        world.store.borrow()[r#"history/"console"/"one""#],
        br#"[784111777000,"","hi","xx"]"#
    );
}

#[test]
fn nobody_waits_through_retries() {
    let world = World::new();
    world.leaves_after.set(1);
    world.refuse(503, "");
    assert!(world.ask("hi").unwrap_err().contains("was stopped"));
    assert_eq!(world.now.get(), 1_000);
}

#[test]
fn no_words_are_an_error() {
    let world = World::new();
    world.reply(&[&end("stop")]);
    fails(&world, "the model gave no answer; ask again, or try another with `/model`");
}

#[test]
fn html_answer_is_no_reply() {
    let world = World::new();
    for _ in 0..5 {
        world.reply(&["<html>\n<body>\n\nHello</body>"]);
    }
    assert!(world.ask("hi").unwrap_err().contains("gave no whole answer"));
}
