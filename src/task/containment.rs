//! Where a panic ends: it costs its call and nothing else, also in a program that can't unwind.
//!
//! A program without unwinding is a fifth smaller, and the interpreter's frames can't unwind at all. So
//! the stack of a panic is left as it is: work that may panic runs as a marked task, and the panic hook
//! answers the task's waiter, starts another thread in place of this one, and never returns. The thread's
//! stack and everything that the task held are lost.
//!
//! A panic outside of marked work is not contained: it aborts or unwinds as any panic does. Three kinds of panic in marked work end
//! the program as well: one with a lock held, the one that takes the last of
//! [`LOST_THREADS`](super::LOST_THREADS), and one after which a quarter of the guests' memory is lost. They end it in
//! order if [`PanicContainment::at_last`] was called. If not, the first two end it at once, and the third has no effect.
//!
//! Where no [`PanicContainment`] was started and the program unwinds, panics unwind to the `catch_unwind` of the call
//! or of the pool.

use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Once};
use std::thread;

use smol::Executor;

use super::crew::Crew;
use super::lock::{self, is_any_held};
use super::losses;
use super::mark::Mark;
use super::worker::Worker;

/// A thread that runs an executor's tasks and outlives their panics. Dropping it stops the thread.
///
/// Starting one sets the process's panic hook, which calls the previous hook first. Set a hook of your own
/// before: this hook never returns from a panic that it contains, and [`panic::set_hook`] and
/// [`panic::take_hook`] would wait for it. The program's panic strategy stays as it is.
///
/// ```
/// use std::sync::Arc;
/// use weft_lite::PanicContainment;
///
/// let executor = Arc::new(smol::Executor::new());
/// let containment = PanicContainment::start(&executor)?;
/// assert_eq!(smol::future::block_on(executor.spawn(async { 6 * 7 })), 42);
/// # drop(containment);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct PanicContainment(#[expect(dead_code, reason = "dropping it stops its threads")] Crew);

impl PanicContainment {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system has no thread to give.
    pub fn start(executor: &Arc<Executor<'static>>) -> std::io::Result<Self> {
        install();
        Crew::start(executor).map(Self)
    }

    /// Calls `end` when panics have taken [`LOST_THREADS`](crate::LOST_THREADS) threads, one that held a lock, or
    /// a quarter of the guests' memory: the program should end in order, and soon. Only the first `end` of a process counts. Without
    /// one, the first two end the program at once, and the third has no effect.
    pub fn at_last(end: impl Fn() + Send + Sync + 'static) {
        losses::set_end_function(end);
    }
}

/// Contains the panics of this process's workers from now on.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            earlier(info);
            contain(info);
        }));
    });
}

/// Returns where the panic can't be contained.
fn contain(info: &PanicHookInfo<'_>) {
    // A panic while it is being contained finds nothing here, and ends the program.
    let Some(mark) = Mark::end_here() else { return };
    let Some(worker) = Worker::end_here() else { return };
    let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
    let holds_lock = is_any_held();
    if holds_lock {
        lock::lose();
    }
    let is_last = losses::lose_thread() || holds_lock || mark.holds_any();
    let end = losses::end_function();
    if (is_last && end.is_none()) || !worker.replace() {
        return;
    }
    // First, because those that hear of the loss may wait for a lock of this thread.
    if let Some(end) = end.filter(|_| is_last) {
        end();
    }
    mark.lose(message);
    if !is_last {
        losses::end_if_worn_out();
    }
    loop {
        thread::park();
    }
}
