//! A limit to a test's time: one that waits for what never comes fails instead of hanging.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Longer than any test takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// Ends the whole run as a failure unless it is dropped in time.
pub(crate) struct TimeLimit {
    _end: Sender<()>,
}

impl TimeLimit {
    pub(crate) fn start() -> Self {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        let (end, ended) = channel();
        thread::spawn(move || {
            if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                #[expect(clippy::print_stderr, reason = "it is for whoever runs the tests")]
                {
                    eprintln!("{test} has not ended within {LIMIT:?}");
                }
                std::process::exit(101);
            }
        });
        Self { _end: end }
    }
}
