//! Tasks on the executor and work off it, with one copy of the code around them: both are compiled anew
//! for every type of future or closure otherwise, at about 2 KB each.

use std::sync::{Arc, Mutex, PoisonError};

use smol::{Executor, Task};

use crate::contract::BoxFuture;

/// Runs `future` beside everything else.
pub(crate) fn spawn(
    executor: &Executor<'static>,
    future: impl Future<Output = ()> + Send + 'static,
) -> Task<()> {
    spawn_boxed(executor, Box::pin(future))
}

#[inline(never)]
fn spawn_boxed(executor: &Executor<'static>, future: BoxFuture<'static, ()>) -> Task<()> {
    executor.spawn(future)
}

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
    blocking::unblock(work)
}
