//! The program with somebody at its terminal: what they type, and what they are shown.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// How every question of yes or no ends.
const YES_OR_NO: &str = "[y/N]";

/// A program at a terminal of its own, and everything that the terminal has shown.
pub(crate) struct Session {
    terminal: File,
    child: Child,
    shown: String,
    /// Behind what was waited for.
    read: usize,
}

impl Session {
    /// Starts the program with its three streams at one terminal.
    pub(crate) fn start(command: Command) -> Self {
        Self::with_output(command, Stdio::from)
    }

    /// The same with only its messages and questions at the terminal.
    pub(crate) fn start_without_output(command: Command) -> Self {
        Self::with_output(command, |_| Stdio::null())
    }

    fn with_output(mut command: Command, output: impl FnOnce(File) -> Stdio) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let path = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let side = || OpenOptions::new().read(true).write(true).open(&path).unwrap();
        command.stdin(side()).stdout(output(side())).stderr(side());
        let child = command.spawn().unwrap();
        // The command holds the program's side too, which must be gone when the program is.
        drop(command);
        Self { terminal: terminal.into(), child, shown: String::new(), read: 0 }
    }

    /// Presses these keys; lines are not ended by themselves.
    pub(crate) fn type_in(&mut self, keys: impl AsRef<[u8]>) {
        self.terminal.write_all(keys.as_ref()).unwrap();
    }

    /// Waits until this is shown, behind what was waited for before.
    #[track_caller]
    pub(crate) fn shows(&mut self, words: &str) {
        loop {
            if let Some(at) = self.shown[self.read..].find(words) {
                self.read += at + words.len();
                return;
            }
            assert!(self.read_more(), "{words:?} is not in {:?}", self.shown);
        }
    }

    /// Waits for a question, which must be the next one, and answers it.
    #[track_caller]
    pub(crate) fn answers(&mut self, question: &str, answer: &str) {
        let before = self.read;
        self.shows(question);
        let skipped = &self.shown[before..self.read - question.len()];
        assert!(!skipped.contains(YES_OR_NO), "{question:?} is not the next: {skipped}");
        self.type_in(answer);
        self.type_in("\n");
    }

    /// Waits until the program has closed the terminal, and gives everything that was shown.
    #[track_caller]
    pub(crate) fn shown_until_the_end(&mut self) -> &str {
        while self.read_more() {}
        &self.shown
    }

    /// Waits for the end: the exit status, and what was shown behind what was waited for.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (i32, String) {
        self.shown_until_the_end();
        let rest = self.shown.split_off(self.read);
        assert!(!rest.contains(YES_OR_NO), "an unexpected question: {rest}");
        (self.child.wait().unwrap().code().unwrap(), rest)
    }

    /// Whether there was more; none when the program has ended.
    #[track_caller]
    fn read_more(&mut self) -> bool {
        let wait = Timespec { tv_sec: 60, tv_nsec: 0 };
        let mut ready = [PollFd::new(&self.terminal, PollFlags::IN)];
        assert!(poll(&mut ready, Some(&wait)).unwrap() > 0, "it waits: {:?}", self.shown);
        let mut buffer = [0; 4096];
        // When the last other side is closed, reading is an error.
        let read = self.terminal.read(&mut buffer).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
        read > 0
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.unwrap().success());
    }

    /// Whether the terminal has this mode now.
    pub(crate) fn has_mode(&self, mode: LocalModes) -> bool {
        tcgetattr(&self.terminal).unwrap().local_modes.contains(mode)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
    }
}
