//! Work whose panic ends nothing else. The waiter gets the panic's message as an error.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};

use async_channel::{Receiver, Sender};
use futures_lite::FutureExt;
use smol::{Executor, Task};

use super::crew::has_crew;
use super::lock::Lock;
use super::mark::{Mark, Marked};
use super::worker::executor_here;
use crate::contract::BoxFuture;

/// Runs `work` to its result, or to the message of its panic. Where panics are contained, the work is a task
/// of its own. Dropping the future gives the work up.
pub(crate) async fn contained<T: Send + 'static>(work: BoxFuture<'static, T>) -> Result<T, String> {
    contained_by(executor_here(), work).await
}

/// The same for work that starts on a thread outside of the executor: its task runs on `executor`, if that
/// has a thread whose panics are contained.
pub(crate) async fn contained_on<T: Send + 'static>(
    executor: &Weak<Executor<'static>>,
    work: BoxFuture<'static, T>,
) -> Result<T, String> {
    contained_by(executor.upgrade().filter(|_| has_crew(executor)), work).await
}

async fn contained_by<T: Send + 'static>(
    executor: Option<Arc<Executor<'static>>>,
    work: BoxFuture<'static, T>,
) -> Result<T, String> {
    let result = Arc::new(Lock::new(None));
    let place = Arc::clone(&result);
    let (sender, receiver) = async_channel::bounded(1);
    let lost = sender.clone();
    let work = async move {
        let value = work.await;
        *place.lock() = Some(value);
        let _ = sender.try_send(Ok(()));
    };
    done(executor, Box::pin(work), lost, receiver).await?;
    let value = result.lock().take();
    value.ok_or_else(|| GIVEN_UP.to_owned())
}

const GIVEN_UP: &str = "it was given up";

/// Waits until the work is done, or for the message of its panic: one copy of this code for all types.
async fn done(
    executor: Option<Arc<Executor<'static>>>,
    work: BoxFuture<'static, ()>,
    lost: Sender<Result<(), String>>,
    receiver: Receiver<Result<(), String>>,
) -> Result<(), String> {
    let Some(executor) = executor else {
        let result = AssertUnwindSafe(work).catch_unwind().await;
        return result.map_err(|panic| panic_message(&*panic));
    };
    let mark = Mark::new(move |message| {
        // Sending fails when nobody waits any more.
        let _ = lost.try_send(Err(message));
    });
    let _given_up_with_this = spawn(&executor, mark, work);
    drop(executor);
    receiver.recv().await.unwrap_or_else(|_| Err(GIVEN_UP.to_owned()))
}

fn spawn(executor: &Executor<'static>, mark: Arc<Mark>, work: BoxFuture<'static, ()>) -> Task<()> {
    executor.spawn(Marked::new(mark, work))
}

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
