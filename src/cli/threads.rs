//! Threads of the program: whether there are any to be had, and work that gets one of its own.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

use weft_lite::CancellationSource;

use super::CommandFailure;

/// Threads that run at once in every command: the reactor's, that for signals, that for tasks, that
/// for work that blocks, and that which reads standard input.
const NEEDED: usize = 5;

/// Starts a thread for `work`, in the one copy of all that it takes.
///
/// # Errors
///
/// The system gives none.
pub(super) fn spawn(thread: Builder, work: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    thread.spawn(work)
}

/// Checks that the threads that everything needs can be had, and starts the reactor's. Without one it
/// would panic, or wait for ever.
///
/// # Errors
///
/// The system gives none.
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
    // No other value is set. Those that are there wait for nothing else.
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

/// What `work` comes to on a thread of its own, which keeps nobody: the program ends without it.
///
/// # Errors
///
/// There is no thread to be had.
pub(super) async fn apart<T: Send + Sync + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (place, ends) = (Arc::new(OnceLock::new()), CancellationSource::new());
    let (filled, ended) = (Arc::clone(&place), ends.token());
    let work = move || {
        let _ = filled.set(work());
        // The waiting side takes it out, so this side must be done with it.
        drop(filled);
        drop(ends);
    };
    spawn(Builder::new(), Box::new(work))?;
    ended.cancelled().await;
    let value = Arc::into_inner(place).and_then(OnceLock::into_inner);
    value.ok_or_else(|| io::Error::other("it was given up"))
}
