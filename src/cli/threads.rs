//! Starts threads, and checks at the start that the system has enough of them.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

use weft_lite::CancellationSource;

use super::CommandFailure;

/// Threads that every command needs at once: for the reactor, for signals, for tasks, for blocking work, and for
/// standard input.
const NEEDED: usize = 5;

/// Starts a thread for `work`. All callers share one copy of the code.
///
/// # Errors
///
/// The system can't start a thread.
pub(super) fn spawn(thread: Builder, work: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    thread.spawn(work)
}

/// Checks that the needed threads can start, and starts the reactor's. Without threads the program would panic or
/// wait for ever.
///
/// # Errors
///
/// The system can't start a thread.
pub(super) fn start() -> Result<(), CommandFailure> {
    let end = Arc::new(OnceLock::new());
    let mut threads = Vec::with_capacity(NEEDED);
    let all = (0..NEEDED).try_for_each(|_| {
        let end = Arc::clone(&end);
        let wait = move || {
            end.wait();
        };
        threads.push(spawn(Builder::new(), Box::new(wait))?);
        Ok(())
    });
    // The started threads wait only for this value.
    let _ = end.set(());
    for thread in threads {
        let _ = thread.join();
    }
    all.map_err(|error: io::Error| none(&error))?;
    smol::block_on(async {});
    Ok(())
}

pub(super) fn none(error: &io::Error) -> CommandFailure {
    CommandFailure::work(
        &format_args!("the system gives this program no thread: {error}"),
        &"raise its limit of processes (`ulimit -u`, `TasksMax`, pids) or of memory \
            (`ulimit -v`)",
    )
}

/// Runs `work` on a thread of its own and returns its result. The program ends without waiting for the thread.
///
/// # Errors
///
/// The system can't start a thread.
pub(super) async fn run_detached<T: Send + Sync + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (place, ends) = (Arc::new(OnceLock::new()), CancellationSource::new());
    let (filled, ended) = (Arc::clone(&place), ends.token());
    let work = move || {
        let _ = filled.set(work());
        // The waiting side takes the value out of the last reference.
        drop(filled);
        drop(ends);
    };
    spawn(Builder::new(), Box::new(work))?;
    ended.cancelled().await;
    let value = Arc::into_inner(place).and_then(OnceLock::into_inner);
    value.ok_or_else(|| io::Error::other("it was given up"))
}
