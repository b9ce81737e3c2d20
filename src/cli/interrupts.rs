//! Watches for ctrl-c, SIGTERM and SIGHUP. SIGHUP ends the program in order, with and without a terminal: folders
//! are watched, so there is nothing to reload.
//!
//! After a signal the program ends within [`END`], even if it is stuck in a system call that never returns. A
//! second signal ends it at once.
//!
//! Commands that neither call nor serve anything, nor ask for a secret, don't watch: a signal just ends them.

use std::io::{self, IsTerminal};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::{block_on, or, pending};
use rustix::process::{Signal as Kill, getpid, kill_process};
use smol::Timer;

use super::status::INTERRUPTED;
use super::{CommandFailure, threads};

/// How long cancelled work may take to report its end.
const GRACE: Duration = Duration::from_millis(500);

/// How long the program may take to end after a signal: longer than an orderly stop, and
/// shorter than service managers wait.
const END: Duration = Duration::from_secs(9);
/// The longest time that a program takes to handle a second signal, unless it is stuck.
const SEEN: Duration = Duration::from_millis(100);
/// How often that is checked.
const LOOK: Duration = Duration::from_millis(5);

/// Whether a signal has asked the program to end.
static ENDS: AtomicBool = AtomicBool::new(false);

/// Whether a signal has asked the program to end. Then it must not restart.
pub(super) fn is_ending() -> bool {
    ENDS.load(Ordering::Relaxed)
}

/// The received signals that are not handled yet. A separate thread receives them, so that a stuck program is
/// ended too.
#[derive(Debug)]
pub(super) struct Interrupts(Receiver<Signal>);

impl Interrupts {
    /// Reports signals from now on; they no longer end the program. Questions at the terminal have to come
    /// before, because ctrl-c would be lost there.
    ///
    /// # Errors
    ///
    /// They can't be received.
    pub(super) fn watch() -> Result<Self, CommandFailure> {
        Self::of(&[Signal::Int, Signal::Term, Signal::Hup]).map_err(|error| {
            CommandFailure::work(
                &format_args!("signals can't be received: {error}"),
                &"check the limits that this program runs under",
            )
        })
    }

    /// Reports signals including ctrl-\.
    ///
    /// # Errors
    ///
    /// They can't be received.
    pub(super) fn watch_all() -> io::Result<Self> {
        Self::of(&[Signal::Int, Signal::Term, Signal::Hup, Signal::Quit])
    }

    /// No signals.
    #[cfg(all(test, feature = "net"))]
    pub(super) fn none() -> Self {
        Self(async_channel::unbounded().1)
    }

    fn of(signals: &[Signal]) -> io::Result<Self> {
        let ignored = is_hangup_ignored();
        let wanted = signals.iter().filter(|signal| !(ignored && **signal == Signal::Hup));
        let signals = Signals::new(wanted.copied())?;
        let (sender, receiver) = async_channel::unbounded();
        let forwarding = move || block_on(forward(signals, &sender));
        threads::spawn(Builder::new().name("signals".into()), Box::new(forwarding))?;
        Ok(Self(receiver))
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Ok(signal) => signal,
            // If signals can't be received any more, none comes.
            Err(_) => pending().await,
        }
    }

    /// The result of `work`; `None` if a signal comes first.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut value = None;
        self.or(pin!(async { value = Some(work.await) })).await;
        value
    }

    /// Waits for `work` or a signal. All callers share one copy of the code.
    async fn or(&mut self, work: Pin<&mut dyn Future<Output = ()>>) {
        let interrupted = async {
            self.next().await;
        };
        or(work, interrupted).await;
    }
}

/// Reports signals, and ends a program that does not end by itself.
async fn forward(mut signals: Signals, sender: &Sender<Signal>) {
    // When the program is ended.
    let mut end: Option<Instant> = None;
    loop {
        let late = async {
            match end {
                Some(end) => Timer::at(end).await,
                None => pending().await,
            };
            None
        };
        let Some(signal) = or(async { Some(signals.next().await) }, late).await else {
            end_now();
            return;
        };
        let Some(Ok(signal)) = signal else { return };
        // At a terminal ctrl-c may only cancel the call in flight, and may come many times.
        let ends = signal != Signal::Int || !io::stdin().is_terminal();
        ENDS.fetch_or(ends, Ordering::Relaxed);
        let is_second = end.is_some();
        if is_second || !sender.is_empty() {
            // Unless it is stuck, the program handles the first signal in this time and restores the terminal.
            seen(sender, if ends { SEEN } else { GRACE }).await;
        }
        if !sender.is_empty() {
            end_now();
        }
        // The program no longer waits for signals.
        let _ = sender.try_send(signal);
        if is_second {
            seen(sender, SEEN).await;
            if !sender.is_empty() {
                end_now();
            }
        } else if ends {
            end = Some(Instant::now() + END);
        }
    }
}

/// Waits until every signal is handled, but not longer than that.
async fn seen(sender: &Sender<Signal>, limit: Duration) {
    let begun = Instant::now();
    while !sender.is_empty() && begun.elapsed() < limit {
        Timer::after(LOOK).await;
    }
}

/// Ends the program, even if an orderly exit would wait for standard output.
fn end_now() {
    let exit = || {
        std::process::exit(INTERRUPTED.into());
    };
    if threads::spawn(Builder::new(), Box::new(exit)).is_ok() {
        thread::sleep(GRACE);
    }
    let _ = kill_process(getpid(), Kill::KILL);
}

/// Whether the parent process made it ignore SIGHUP, as `nohup` does.
fn is_hangup_ignored() -> bool {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & HANGUP != 0)
}

/// The result of cancelled `work`; `None` if it takes longer than [`GRACE`].
pub(super) async fn with_grace<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut value = None;
    poll_with_grace(pin!(async { value = Some(work.await) })).await;
    value
}

async fn poll_with_grace(work: Pin<&mut dyn Future<Output = ()>>) {
    let given_up = async {
        Timer::after(GRACE).await;
    };
    or(work, given_up).await;
}
