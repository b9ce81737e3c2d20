//! Ctrl-c and SIGTERM while the program loads, reads or answers: it says so, and its status is 130.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/guest.rs"]
#[allow(dead_code, reason = "shared with tests of the engine")]
mod guest;
#[cfg(feature = "serve")]
#[path = "support/hangup.rs"]
mod hangup;
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

#[cfg(feature = "mcp")]
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::ChildStderr;
#[cfg(feature = "serve")]
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use guest::Guest;
#[cfg(feature = "serve")]
use hangup::hangup;
use serde_json::{Value, json};
use support::{Dir, Running, probe};

/// What lets a guest compute for as long as any test may take.
fn patience() -> Value {
    json!({ "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300 })
}

/// A folder with a plugin that says that it begins to load, and never has.
fn loading() -> Dir {
    let dir = Dir::new();
    let endless = Guest {
        init:
            "(call $log (i32.const 1) (i32.const 4000) (i32.const 5)) (loop (br 0)) (unreachable)"
                .into(),
        ..Guest::default()
    };
    let endless = endless
        .importing("(import \"host\" \"log\" (func $log (param i32 i32 i32)))")
        .with("(data (i32.const 4000) \"begun\")");
    dir.plugin("endless", &endless.wasm(), &json!({ "resources": patience() }));
    dir
}

/// The program, and what else it says after it has said `words`.
#[track_caller]
fn started(dir: &Dir, arguments: &[&str], words: &str) -> (Running, BufReader<ChildStderr>) {
    let mut running = dir.start(arguments);
    let mut said = BufReader::new(running.child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "{words:?} is not said");
    }
    (running, said)
}

/// Sends the signal and gives the status, what was printed, and what was still said.
fn interrupted(
    (running, mut said): (Running, BufReader<ChildStderr>),
    signal: &str,
) -> (Option<i32>, String, String) {
    running.signal(signal);
    let (status, printed) = running.end();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    (status, printed, rest)
}

#[track_caller]
fn is_cancelled(printed: &str) {
    let answer: Value = serde_json::from_str(printed).unwrap();
    assert_eq!(answer["ok"], false, "{printed}");
    assert_eq!(answer["error"]["code"], "cancelled", "{printed}");
}

const BEGUN: &str = "[PLUGIN:endless] begun";

#[test]
fn whatever_loads_is_cancelled() {
    let dir = loading();
    for (arguments, next_step) in [
        (["call", "run"].as_slice(), "call again"),
        (&["run"], "run it again"),
        (&["run", "--message", "/help"], "run it again"),
        (&["run", "--show-prompt"], "run it again"),
        #[cfg(feature = "mcp")]
        (&["mcp"], "run it again"),
    ] {
        for signal in ["INT", "TERM"] {
            let (status, printed, said) = interrupted(started(&dir, arguments, BEGUN), signal);
            assert_eq!((status, printed.as_str()), (Some(130), ""), "{arguments:?}: {said}");
            assert!(said.ends_with(&format!("error: cancelled\n  try: {next_step}\n")), "{said}");
        }
    }
}

#[test]
fn interrupts_during_loading_are_reported_as_json() {
    let dir = loading();
    for arguments in [["call", "run", "--json"], ["run", "--message=/help", "--json"]] {
        let (status, printed, _) = interrupted(started(&dir, &arguments, BEGUN), "TERM");
        assert_eq!(status, Some(130), "{arguments:?}");
        is_cancelled(&printed);
    }
}

#[test]
fn a_call_waiting_for_parameters_can_be_cancelled() {
    let dir = Dir::new();
    dir.plugin("probe", &probe(), &json!({ "permissions": { "network": ["api.example.com"] } }));
    // What it says last before it reads.
    let granted = "probe: network: api.example.com";
    for signal in ["INT", "TERM"] {
        let started = started(&dir, &["call", "echo", "-", "-v"], granted);
        let (status, printed, said) = interrupted(started, signal);
        assert_eq!((status, printed.as_str()), (Some(130), ""), "{said}");
        assert!(said.ends_with("error: cancelled\n  try: call again\n"), "{said}");
    }
    let started = started(&dir, &["call", "echo", "-", "-v", "--json"], granted);
    let (status, printed, _) = interrupted(started, "TERM");
    assert_eq!(status, Some(130));
    is_cancelled(&printed);
}

#[test]
fn cancelling_a_message_informs_its_sender() {
    let dir = Dir::new();
    dir.plugin("probe", &probe(), &json!({ "resources": patience() }));
    let calls = json!({ "calls": [
        { "tool": "log", "params": { "level": 2, "message": "begun" } }, { "tool": "spin" },
    ] });
    let message = format!("probe__many {calls}");
    for signal in ["INT", "TERM"] {
        let started = started(&dir, &["run", "--message", &message], "[PLUGIN:probe] begun");
        let (status, printed, said) = interrupted(started, signal);
        assert_eq!(status, Some(130), "{said}");
        assert_eq!(printed, "error: cancelled\n  try: send it again\n");
    }
    let arguments = ["run", "--json", "--message", &message];
    let (status, printed, _) =
        interrupted(started(&dir, &arguments, "[PLUGIN:probe] begun"), "INT");
    assert_eq!(status, Some(130));
    is_cancelled(&printed);
}

/// Longer than a program that is stuck may take to end.
const BOUND: Duration = Duration::from_secs(20);
/// What a second signal may take: less than the first one alone.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Checks that the program ends within `bound`, as one that was interrupted.
#[track_caller]
fn ends_within(bound: Duration, running: &mut Running) {
    assert_eq!(status_within(bound, running), Some(130));
}

/// Checks that the program ends within `bound`, and gives its status.
#[track_caller]
fn status_within(bound: Duration, running: &mut Running) -> Option<i32> {
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = running.child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < bound, "it has not ended within {bound:?}");
        thread::sleep(Duration::from_millis(10));
    };
    status.code()
}

/// The program in a read that never returns, and what keeps it there.
#[cfg(feature = "serve")]
fn stuck(dir: &Dir) -> (Running, fs::File) {
    let pipe = dir.path("token");
    if !pipe.exists() {
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    let running = dir.start(&["run", "--mcp", "127.0.0.1:0", "--token-file", "token"]);
    // It resolves when the program has opened the other end, and then it reads for ever.
    let writer = fs::File::options().write(true).open(&pipe).unwrap();
    (running, writer)
}

#[cfg(feature = "serve")]
#[test]
fn a_signal_ends_a_call_that_never_returns() {
    let dir = Dir::new();
    let (mut running, _writer) = stuck(&dir);
    running.signal("TERM");
    ends_within(BOUND, &mut running);
}

#[cfg(feature = "serve")]
#[test]
fn a_second_signal_ends_a_stuck_program() {
    let dir = Dir::new();
    for (first, second) in [("TERM", "TERM"), (hangup(), "TERM"), ("INT", hangup())] {
        let (mut running, _writer) = stuck(&dir);
        running.signal(first);
        running.signal(second);
        ends_within(AT_ONCE, &mut running);
    }
}

/// What it sends is there whenever it is looked for, so that reading it never waits.
#[cfg(feature = "mcp")]
#[test]
fn a_busy_client_cannot_delay_signals() {
    let dir = Dir::new();
    let mut running = dir.start(&["mcp"]);
    running.type_line(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    running.next_line();
    let input = std::os::fd::AsFd::as_fd(&running.stdin).try_clone_to_owned().unwrap();
    let mut input = fs::File::from(input);
    let (taken, is_taken) = std::sync::mpsc::channel();
    let flood = thread::spawn(move || {
        while std::io::Write::write_all(&mut input, &[b'\n'; 1 << 16]).is_ok() {
            let _ = taken.send(());
        }
    });
    assert_eq!(is_taken.iter().take(20).count(), 20);
    running.signal("TERM");
    assert_eq!(status_within(BOUND, &mut running), Some(0));
    flood.join().unwrap();
}

#[test]
fn a_signal_ends_a_program_with_unread_output() {
    let dir = Dir::with_probe();
    let mut running = dir.start(&["call", "probe__big_result", r#"{"size": 3000000}"#]);
    // It writes, and what comes next finds no room.
    let mut begin = [0; 1];
    running.stdout.as_mut().unwrap().get_mut().read_exact(&mut begin).unwrap();
    running.signal("TERM");
    ends_within(BOUND, &mut running);
    // With channels, a thread of the pool writes.
    let mut running = dir.start(&["run", "--json"]);
    for _ in 0..40 {
        running.type_line("probe__big_result {\"size\": 3000000}");
    }
    running.stdout.as_mut().unwrap().get_mut().read_exact(&mut begin).unwrap();
    running.signal("TERM");
    running.signal("TERM");
    ends_within(AT_ONCE, &mut running);
}
