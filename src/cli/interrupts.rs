//! Ctrl-c, SIGTERM and SIGHUP: the one place where the program watches for them. SIGHUP ends the
//! program in order, with and without a terminal: folders are watched, so there is nothing to reload.
//!
//! Commands that neither call nor serve anything, nor ask for a secret, don't watch: a signal just ends
//! them.

use std::io;
use std::time::Duration;

use async_channel::Receiver;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::{or, pending};
use smol::Timer;

use super::{Failure, INTERRUPTED};

/// How long what was cancelled may take to say so.
const GRACE: Duration = Duration::from_millis(500);

/// The signals that came and are still to be seen. A thread of their own receives them, so that a program
/// that is stuck can be ended too: by one that comes while the one before has not been seen.
#[derive(Debug)]
pub(super) struct Interrupts(Receiver<Signal>);

impl Interrupts {
    /// From now on signals don't end the program, but are told. What waits for a person at the terminal
    /// has to come before: there, ctrl-c would be lost.
    ///
    /// # Errors
    ///
    /// They can't be received.
    pub(super) fn watch() -> Result<Self, Failure> {
        Self::of([Signal::Int, Signal::Term, Signal::Hup]).map_err(|error| Failure::Work {
            message: format!("signals can't be received: {error}"),
            next_step: "check the limits that this program runs under".into(),
        })
    }

    /// The same with ctrl-\.
    ///
    /// # Errors
    ///
    /// They can't be received.
    pub(super) fn watch_all() -> io::Result<Self> {
        Self::of([Signal::Int, Signal::Term, Signal::Hup, Signal::Quit])
    }

    fn of(signals: impl IntoIterator<Item = Signal>) -> io::Result<Self> {
        let hangup = |signal: &Signal| *signal == Signal::Hup;
        let ignored = is_hangup_ignored();
        let wanted = signals.into_iter().filter(|signal| !(ignored && hangup(signal)));
        let mut signals = Signals::new(wanted)?;
        let (sender, receiver) = async_channel::unbounded();
        let forwarding = async move {
            while let Some(Ok(signal)) = signals.next().await {
                if !sender.is_empty() {
                    // A program that is not stuck sees the first one by then, and gives a terminal
                    // back as it was.
                    std::thread::sleep(GRACE);
                }
                if !sender.is_empty() {
                    std::process::exit(INTERRUPTED.into());
                }
                // Nobody waits any more.
                let _ = sender.try_send(signal);
            }
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || futures_lite::future::block_on(forwarding))?;
        Ok(Self(receiver))
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Ok(signal) => signal,
            // What can't be received any more never comes.
            Err(_) => pending().await,
        }
    }

    /// What `work` comes to, unless a signal comes first.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let interrupted = async {
            self.next().await;
            None
        };
        or(async { Some(work.await) }, interrupted).await
    }
}

/// Whether whoever started the program has it ignore the end of its terminal, as `nohup` does.
fn is_hangup_ignored() -> bool {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & HANGUP != 0)
}

/// What `work` that was cancelled comes to, unless that takes too long.
pub(super) async fn soon<T>(work: impl Future<Output = T>) -> Option<T> {
    let given_up = async {
        Timer::after(GRACE).await;
        None
    };
    or(async { Some(work.await) }, given_up).await
}
