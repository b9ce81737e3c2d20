//! The thread that runs an executor's tasks, and its successors.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Weak};
use std::thread;

use async_channel::{Receiver, Sender};
use futures_lite::future::{block_on, or, yield_now};
use smol::Executor;

use super::lock::Lock;
use super::worker::{Worker, runs};

/// Tasks that run between two polls of timers and sockets.
pub(crate) const TASKS_BETWEEN_EVENTS: usize = 32;

/// The executors that have a crew.
static CREWS: Lock<Vec<Weak<Executor<'static>>>> = Lock::new(Vec::new());

/// One thread at work at a time. Dropping the crew ends that thread and waits for it.
pub(super) struct Crew {
    shared: Arc<CrewState>,
    stop: Sender<Infallible>,
    done: Receiver<()>,
}

/// The part that the threads of a crew share.
struct CrewState {
    executor: Weak<Executor<'static>>,
    /// Closed when the crew is dropped.
    stopped: Receiver<Infallible>,
    /// Gets a message when the thread at work ends. A thread that a panic has stopped never ends.
    done: Sender<()>,
}

impl Crew {
    pub(super) fn start(executor: &Arc<Executor<'static>>) -> io::Result<Self> {
        let (stop, stopped) = async_channel::bounded(1);
        let (ended, done) = async_channel::bounded(1);
        let executor = Arc::downgrade(executor);
        let shared = Arc::new(CrewState { executor, stopped, done: ended });
        shared.begin()?;
        set_crewed(&shared.executor, true);
        Ok(Self { shared, stop, done })
    }
}

/// Whether `executor` has a thread whose panics are contained.
pub(super) fn has_crew(executor: &Weak<Executor<'static>>) -> bool {
    CREWS.lock().iter().any(|other| Weak::ptr_eq(other, executor))
}

fn set_crewed(executor: &Weak<Executor<'static>>, is: bool) {
    let mut crews = CREWS.lock();
    crews.retain(|other| !Weak::ptr_eq(other, executor));
    if is {
        crews.push(Weak::clone(executor));
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        set_crewed(&self.shared.executor, false);
        self.stop.close();
        // A thread can't wait for itself.
        if !runs(&self.shared.executor) {
            let _ = block_on(self.done.recv());
        }
    }
}

impl CrewState {
    fn begin(self: &Arc<Self>) -> io::Result<()> {
        let shared = Arc::clone(self);
        thread::Builder::new().name("weft-tasks".into()).spawn(move || shared.work()).map(|_| ())
    }

    fn work(self: &Arc<Self>) {
        let replacing = Arc::downgrade(self);
        let replace = move || replacing.upgrade().is_some_and(|shared| shared.begin().is_ok());
        let executor = Some(Weak::clone(&self.executor));
        Worker::new(executor, Arc::new(replace)).begin();
        // A panic that unwinds this thread leaves no thread to go on.
        let ends = EndsWithAPanic;
        if let Some(executor) = self.executor.upgrade() {
            self.run(&executor);
        }
        drop(ends);
        let _ = self.done.try_send(());
    }

    fn run(&self, executor: &Executor<'static>) {
        let stopped = async {
            let _ = self.stopped.recv().await;
        };
        smol::block_on(or(stopped, async {
            let mut tasks = 0_usize;
            loop {
                executor.tick().await;
                tasks = tasks.wrapping_add(1);
                if tasks.is_multiple_of(TASKS_BETWEEN_EVENTS) {
                    yield_now().await;
                }
            }
        }));
    }
}

/// Ends the program when it is dropped by a panic that nobody contained.
struct EndsWithAPanic;

impl Drop for EndsWithAPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::abort();
        }
    }
}
