//! The program where the system gives it few threads or none: it says so and ends, and never waits for
//! ever.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/service.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod service;
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

use std::process::Command;

use service::Service;
use support::Dir;

const NO_THREAD: &str = "the system gives this program no thread";

/// Runs a call behind this shell command, and gives its status and what was said.
#[track_caller]
fn called(dir: &Dir, before: &str) -> (Option<i32>, String) {
    let program = dir.command(&["call", "probe__echo", "{}"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("{before} \"$@\""), "sh"]);
    limited.arg(program.get_program()).args(program.get_args());
    limited.current_dir(dir.path("")).env("HOME", dir.path("home")).env_remove("WEFT_HOME");
    // A backtrace takes memory as well.
    limited.env("RUST_BACKTRACE", "1");
    let mut service = Service::start(limited);
    let status = service.ends();
    (status, service.everything())
}

#[test]
fn under_every_limit_of_memory_a_call_ends() {
    let dir = Dir::with_probe();
    let mut said_so = 0;
    let mut kilobytes = 8_000;
    loop {
        let (status, said) = called(&dir, &format!("ulimit -v {kilobytes}; exec"));
        if status == Some(0) {
            break;
        }
        if said.contains(NO_THREAD) {
            assert_eq!(status, Some(1), "{said}");
            assert!(said.contains("`ulimit -v`"), "{said}");
            said_so += 1;
        }
        kilobytes += 250;
        assert!(kilobytes < 1_000_000, "it never has enough: {said}");
    }
    assert!(said_so > 0, "no limit left it without a thread");
}

#[test]
fn without_threads_it_says_so() {
    let user = Command::new("id").arg("-u").output().unwrap().stdout;
    if String::from_utf8(user).unwrap().trim() == "0" {
        println!("skipped: no limit of processes holds for root");
        return;
    }
    let dir = Dir::with_probe();
    // Shells differ in the letter.
    let (status, said) = called(&dir, "{ ulimit -u 1 2>/dev/null || ulimit -p 1; }; exec");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains(NO_THREAD) && said.contains("`TasksMax`"), "{said}");
}
