//! The threads for work that blocks: at most 32, started when they are needed. All but one end when
//! they are idle.
//!
//! If the system has no thread to give, the thread that asks does the work itself: that keeps others
//! waiting, but nothing waits for ever.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use async_task::Runnable;

use crate::task::Worker;

/// Threads at a time.
const THREADS: usize = 32;
/// How long a thread may be idle.
const IDLE: Duration = Duration::from_millis(500);

/// One for all runtimes, since threads are the process's.
static POOL: Pool = Pool { state: Mutex::new(PoolState::EMPTY), wakes: Condvar::new() };

struct Pool {
    state: Mutex<PoolState>,
    wakes: Condvar,
}

struct PoolState {
    queue: VecDeque<Runnable>,
    /// Threads that wait for work.
    idle: usize,
    threads: usize,
}

impl PoolState {
    const EMPTY: Self = Self { queue: VecDeque::new(), idle: 0, threads: 0 };
}

/// Queues work. Starts a thread if fewer are idle than work waits, up to [`THREADS`].
pub(super) fn push(work: Runnable) {
    let mut state = POOL.state();
    state.queue.push_back(work);
    if state.idle >= state.queue.len() || state.threads >= THREADS {
        drop(state);
        POOL.wakes.notify_one();
        return;
    }
    state.threads += 1;
    drop(state);
    if begin().is_err() {
        let mut state = POOL.state();
        state.threads -= 1;
        let work = state.queue.pop_back();
        drop(state);
        if let Some(work) = work {
            run(work);
        }
    }
}

fn begin() -> io::Result<()> {
    thread::Builder::new().name("weft-blocking".into()).spawn(|| POOL.work()).map(|_| ())
}

/// Starts a thread in place of one that a panic has stopped. Returns whether that was possible.
fn replace() -> bool {
    let begun = begin().is_ok();
    if !begun {
        POOL.state().threads -= 1;
    }
    begun
}

fn run(work: Runnable) {
    // The waiter panics instead: async-task carries the panic over to it.
    let _ = catch_unwind(AssertUnwindSafe(|| work.run()));
}

impl Pool {
    fn state(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop of each thread.
    fn work(&self) {
        Worker::new(None, Arc::new(replace)).begin();
        let mut state = self.state();
        loop {
            if let Some(work) = state.queue.pop_front() {
                drop(state);
                run(work);
                state = self.state();
                continue;
            }
            state.idle += 1;
            let waited = self.wakes.wait_timeout(state, IDLE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                if state.threads > 1 {
                    state.threads -= 1;
                    return;
                }
                // The last one stays, so that there is one when the system has none to give.
                state.idle += 1;
                state = self.wakes.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }
}
