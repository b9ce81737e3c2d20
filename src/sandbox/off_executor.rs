//! Work off the executor, with one copy of the code around it: it is compiled anew for every type of
//! closure otherwise, at about 2 KB each.

use std::sync::{Arc, Mutex, PoisonError};

use smol::Task;

use super::pool;

/// Runs what blocks on a thread of the pool. What has not begun when nobody waits any more never does.
///
/// # Panics
///
/// Where `work` panics.
pub(crate) async fn off_executor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let result = Arc::new(Mutex::new(None));
    let place = Arc::clone(&result);
    let work = move || {
        let value = work();
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    };
    in_background(Box::new(work)).await;
    let value = result.lock().unwrap_or_else(PoisonError::into_inner).take();
    value.expect("finished work has a result")
}

/// The same for work that nobody waits for.
#[inline(never)]
pub(crate) fn in_background(work: Box<dyn FnOnce() + Send>) -> Task<()> {
    let builder = async_task::Builder::new().propagate_panic(true);
    let (runnable, task) = builder.spawn(|()| async move { work() }, pool::push);
    runnable.schedule();
    task
}
