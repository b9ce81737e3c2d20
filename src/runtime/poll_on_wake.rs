//! A future that is polled only after its own waker was called.

use crate::task::{Held, Lock};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Polls `future` only after it was woken itself, however often other futures wake the task. A poll may be
/// expensive: that of a signal's pipe is a system call.
pub(super) struct PollOnWake<'a, F: ?Sized> {
    /// Borrowed, because it may be large and is pinned by its owner.
    future: Pin<&'a mut F>,
    flag: Arc<WakeFlag>,
    /// The waker that the future gets: it sets the flag.
    waker: Waker,
}

/// Remembers that the future was woken, and wakes the task around it.
struct WakeFlag {
    /// Whether the future was woken since its last poll. It is set at first, for a future has to be
    /// polled once.
    is_set: AtomicBool,
    /// The waker of the task at its last poll. It may be another at each poll.
    outer: Lock<Waker>,
}

impl<'a, F: ?Sized> PollOnWake<'a, F> {
    /// Wraps a future that was not polled yet.
    pub(super) fn new(future: Pin<&'a mut F>) -> Self {
        let outer = Lock::new(Waker::noop().clone());
        let flag = Arc::new(WakeFlag { is_set: AtomicBool::new(true), outer });
        let waker = Waker::from(Arc::clone(&flag));
        Self { future, flag, waker }
    }
}

impl<F: Future + ?Sized> Future for PollOnWake<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.flag.outer().clone_from(context.waker());
        // The waker is stored before the flag is read, so that a wake in between is not lost.
        if !self.flag.is_set.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let this = &mut *self;
        this.future.as_mut().poll(&mut Context::from_waker(&this.waker))
    }
}

impl WakeFlag {
    /// The waker of the task.
    fn outer(&self) -> Held<'_, Waker> {
        self.outer.lock()
    }
}

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_set.swap(true, Ordering::AcqRel) {
            let outer = self.outer().clone();
            outer.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_lite::future::{block_on, or, poll_fn, yield_now};

    use super::*;

    #[test]
    fn a_sleeping_future_is_polled_only_when_woken() {
        let (sender, receiver) = async_channel::bounded(1);
        let mut looks = 0;
        let mut received = pin!(receiver.recv());
        let waiting = poll_fn(|context| {
            looks += 1;
            received.as_mut().poll(context)
        });
        let mut waiting = pin!(waiting);
        let waiting = PollOnWake::new(waiting.as_mut());
        let beside = async {
            for _ in 0..100 {
                yield_now().await;
            }
            sender.send(7).await.unwrap();
            std::future::pending().await
        };
        assert_eq!(block_on(or(waiting, beside)), Ok(7));
        assert_eq!(looks, 2);
    }
}
