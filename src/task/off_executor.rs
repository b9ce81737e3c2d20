//! Work off the executor, with one copy of the code around it. The compiler would otherwise copy that code for
//! every type of closure, at about 2 KB each.

use std::panic::panic_any;
use std::sync::Arc;

use async_channel::Sender;
use futures_lite::future::{or, pending};
use smol::Task;

use super::pool;
use super::{Lock, Mark, Marked, end_at_next_wait};

/// Runs blocking work on a thread of the pool. Work that has not begun when its waiter is gone never begins.
///
/// # Panics
///
/// When `work` panics and panics are not contained. Where they are, it costs only the pool's thread.
pub(crate) async fn off_executor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let result = Arc::new(Lock::new(None));
    let place = Arc::clone(&result);
    let work = move || {
        let value = work();
        *place.lock() = Some(value);
    };
    run(Box::new(work)).await;
    let value = result.lock().take();
    value.expect("finished work has a result")
}

/// The one copy.
#[expect(clippy::panic, reason = "the panic of the work goes on where it is waited for")]
async fn run(work: Box<dyn FnOnce() + Send>) {
    let (lost, panicked) = async_channel::bounded(1);
    let done = begin(work, Some(lost));
    let panicked = async {
        // Otherwise it is done, and never panicked.
        if let Ok(message) = panicked.recv().await
            && let Err(message) = end_at_next_wait(message)
        {
            panic_any(message);
        }
        pending::<()>().await;
    };
    or(done, panicked).await;
}

/// Runs blocking work that has no waiter.
pub(crate) fn in_background(work: Box<dyn FnOnce() + Send>) -> Task<()> {
    begin(work, None)
}

/// The waiter learns of a panic by `lost` where panics are contained, and otherwise by the task.
#[inline(never)]
fn begin(work: Box<dyn FnOnce() + Send>, lost: Option<Sender<String>>) -> Task<()> {
    let builder = async_task::Builder::new().propagate_panic(true);
    let mark = Mark::new(move |message| {
        if let Some(lost) = &lost {
            // It is full when nobody waits.
            let _ = lost.try_send(message);
        }
    });
    let work = Marked::new(mark, Box::pin(async move { work() }));
    let (runnable, task) = builder.spawn(|()| work, pool::push);
    runnable.schedule();
    task
}
