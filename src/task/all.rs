//! Several futures at the same time.

use std::future::poll_fn;
use std::task::Poll;

use crate::contract::BoxFuture;

/// A future that runs, or its value.
enum Slot<'a, T> {
    Running(BoxFuture<'a, T>),
    Done(T),
}

/// Runs the futures at the same time, and returns their values in their order. Dropping it drops all of them.
pub(crate) async fn all<T>(futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut slots: Vec<_> = futures.into_iter().map(Slot::Running).collect();
    poll_fn(|context| {
        let mut polled = Poll::Ready(());
        for slot in &mut slots {
            if let Slot::Running(future) = slot {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *slot = Slot::Done(value),
                    Poll::Pending => polled = Poll::Pending,
                }
            }
        }
        polled
    })
    .await;
    let value = |slot| match slot {
        Slot::Running(_) => None,
        Slot::Done(value) => Some(value),
    };
    slots.into_iter().filter_map(value).collect()
}
