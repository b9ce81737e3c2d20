//! The console at a terminal that can do nothing, as whoever types at it sees it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[allow(dead_code, reason = "pipes are another file's business")]
mod support;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

use serde_json::json;
use support::{Dir, probe};

/// Far longer than anything here takes: a console that doesn't end fails its test.
const PATIENCE: Duration = Duration::from_secs(20);

/// `weft-lite run` with its three streams at one terminal.
struct Session {
    _dir: Dir,
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

impl Session {
    fn start() -> Self {
        let dir = Dir::new();
        let resources = json!({
            "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300, "max_host_calls": 1_000_000
        });
        dir.plugin("probe", &probe(), &json!({ "resources": resources }));
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let theirs = || -> OwnedFd { ioctl_tiocgptpeer(&ours, flags).unwrap() };
        let mut command = dir.command(&["run"]);
        command.env("TERM", "dumb").stdin(theirs()).stdout(theirs()).stderr(theirs());
        let child = command.spawn().unwrap();
        // The command holds the program's side, which must be gone when the program is.
        drop(command);
        let keyboard = File::from(ours);
        let (sender, screen) = mpsc::channel();
        let mut output = keyboard.try_clone().unwrap();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal whose other side is closed gives an error.
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { _dir: dir, child, keyboard, screen, shown: String::new() }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `words` have been shown after what was waited for before.
    #[track_caller]
    fn shows(&mut self, words: &str) {
        let mut new = String::new();
        while !new.contains(words) {
            match self.screen.recv_timeout(PATIENCE) {
                Ok(bytes) => new.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("{words:?} is not in {}{new}: {error}", self.shown),
            }
        }
        self.shown.push_str(&new);
    }

    /// Waits for the end: what was shown until then, and the status.
    #[track_caller]
    fn ends(mut self) -> (String, Option<i32>) {
        loop {
            match self.screen.recv_timeout(PATIENCE) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("it does not end after {}: {error}", self.shown),
            }
        }
        (std::mem::take(&mut self.shown), self.child.wait().unwrap().code())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
    }
}

const CTRL_D: &str = "\u{4}";

#[test]
fn one_ctrl_d_ends_it_at_once_and_after_a_line() {
    let mut session = Session::start();
    session.shows("> ");
    session.types(CTRL_D);
    assert_eq!(session.ends().1, Some(0));

    let mut session = Session::start();
    session.shows("> ");
    session.types("echo \"hello\"\n");
    session.shows("hello\r\n> ");
    session.types(CTRL_D);
    let (shown, status) = session.ends();
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.ends_with("> \r\n"), "{shown:?}");
}

#[test]
fn a_call_given_up_at_the_end_is_followed_by_no_prompt() {
    let mut session = Session::start();
    session.shows("> ");
    // What it logs tells that the call is in flight.
    session.types("log {\"level\":2,\"message\":\"begun\",\"count\":900000}\n");
    session.shows("[PLUGIN:probe] begun");
    let process = session.child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-s", "TERM", &process]).status();
    assert!(sent.unwrap().success());
    let (shown, status) = session.ends();
    assert_eq!(status, Some(0), "{shown}");
    let told = "error: the program is stopping, and the message was not answered\r\n  \
        try: send it again when the program runs again\r\n";
    // The log may have a last word on what it dropped.
    let (_, after) = shown.rsplit_once(told).unwrap_or_else(|| panic!("{shown:?}"));
    assert!(!after.contains("> "), "{shown:?}");
}

#[test]
fn ctrl_c_cancels_the_call_in_flight_and_the_next_line_is_asked_for() {
    let mut session = Session::start();
    session.shows("> ");
    session.types("log {\"level\":2,\"message\":\"begun\",\"count\":900000}\n");
    session.shows("[PLUGIN:probe] begun");
    let process = session.child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-s", "INT", &process]).status();
    assert!(sent.unwrap().success());
    session.shows("error: cancelled\r\n  try: send it again\r\n> ");
    session.types(CTRL_D);
    assert_eq!(session.ends().1, Some(0));
}

#[test]
fn what_a_guest_answers_can_not_drive_the_terminal() {
    let mut session = Session::start();
    session.shows("> ");
    session.types("echo \"\\u001b[2Jgone\"\n");
    session.shows("\r\n\\u{1b}[2Jgone\r\n> ");
    session.types(CTRL_D);
    assert_eq!(session.ends().1, Some(0));
}
