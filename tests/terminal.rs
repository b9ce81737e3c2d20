//! The console at a terminal that can do nothing, as whoever types at it sees it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/session.rs"]
#[allow(dead_code, reason = "questions are another file's business")]
mod session;
#[allow(dead_code, reason = "pipes are another file's business")]
mod support;

use serde_json::json;
use session::Session;
use support::{Dir, probe};

/// `weft-lite run` at a terminal that can do nothing, with a probe that may compute for a long time.
fn at_terminal(dir: &Dir) -> Session {
    let resources = json!({
        "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300, "max_host_calls": 1_000_000
    });
    dir.plugin("probe", &probe(), &json!({ "resources": resources }));
    let mut command = dir.command(&["run"]);
    command.env("TERM", "dumb");
    Session::start(command)
}

const CTRL_D: &str = "\u{4}";

#[test]
fn one_ctrl_d_ends_it_after_a_line() {
    let dir = Dir::new();
    let mut session = at_terminal(&dir);
    session.shows("> ");
    session.type_in(CTRL_D);
    assert_eq!(session.ends().0, 0);

    let dir = Dir::new();
    let mut session = at_terminal(&dir);
    session.shows("> ");
    session.type_in("echo \"hello\"\n");
    session.shows("hello\r\n> ");
    session.type_in(CTRL_D);
    let (status, shown) = session.ends();
    assert_eq!(status, 0, "{shown}");
    assert_eq!(shown, "\r\n");
}

#[test]
fn a_call_cancelled_at_the_end_prompts_nothing() {
    let dir = Dir::new();
    let mut session = at_terminal(&dir);
    session.shows("> ");
    // What it logs tells that the call is in flight.
    session.type_in("log {\"level\":2,\"message\":\"begun\",\"count\":900000}\n");
    session.shows("[PLUGIN:probe] begun");
    session.signal("TERM");
    let (status, shown) = session.ends();
    assert_eq!(status, 0, "{shown}");
    let told = "error: the program is stopping, and the message was not answered\r\n  \
        try: send it again when the program runs again\r\n";
    // The log may have a last word on what it dropped.
    let (_, after) = shown.rsplit_once(told).unwrap_or_else(|| panic!("{shown:?}"));
    assert!(!after.contains("> "), "{shown:?}");
}

#[test]
fn ctrl_c_cancels_the_call_and_prompts_again() {
    let dir = Dir::new();
    let mut session = at_terminal(&dir);
    session.shows("> ");
    session.type_in("log {\"level\":2,\"message\":\"begun\",\"count\":900000}\n");
    session.shows("[PLUGIN:probe] begun");
    session.signal("INT");
    session.shows("error: cancelled\r\n  try: send it again\r\n");
    // What the call had logged may have a last word.
    session.shows("> ");
    session.type_in(CTRL_D);
    assert_eq!(session.ends().0, 0);
}

#[test]
fn a_guests_answer_cannot_control_the_terminal() {
    let dir = Dir::new();
    let mut session = at_terminal(&dir);
    session.shows("> ");
    session.type_in("echo \"\\u001b[2Jgone\"\n");
    session.shows("\r\n\\u{1b}[2Jgone\r\n> ");
    session.type_in(CTRL_D);
    assert_eq!(session.ends().0, 0);
}
