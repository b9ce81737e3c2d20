//! Threads of the program: whether there are any to be had, and work that gets one of its own.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::Failure;

/// Threads that run at once in every command: the reactor's, that for signals, that for tasks, that
/// for work that blocks, and that which reads standard input.
const NEEDED: usize = 5;

/// Checks that the threads that everything needs can be had, and starts the reactor's. Without one it
/// would panic, or wait for ever.
///
/// # Errors
///
/// The system gives none.
pub(super) fn start() -> Result<(), Failure> {
    let mut threads: Vec<JoinHandle<()>> = Vec::with_capacity(NEEDED);
    let mut ends = Vec::with_capacity(NEEDED);
    for _ in 0..NEEDED {
        let (end, wait) = mpsc::channel::<()>();
        let thread = thread::Builder::new().spawn(move || {
            let _ = wait.recv();
        });
        threads.push(thread.map_err(|error| none(&error))?);
        ends.push(end);
    }
    drop(ends);
    for thread in threads {
        // It waits for nothing but the end of its channel.
        let _ = thread.join();
    }
    smol::block_on(async {});
    Ok(())
}

pub(super) fn none(error: &io::Error) -> Failure {
    Failure::Work {
        message: format!("the system gives this program no thread: {error}"),
        next_step: "raise its limit of processes (`ulimit -u`, `TasksMax`, pids) or of memory \
            (`ulimit -v`)"
            .into(),
    }
}

/// What `work` comes to on a thread of its own, which keeps nobody: the program ends without it.
///
/// # Errors
///
/// There is no thread to be had.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = async_channel::bounded(1);
    thread::Builder::new().spawn(move || {
        let _ = sender.try_send(work());
    })?;
    receiver.recv().await.map_err(|_| io::Error::other("it was given up"))
}
