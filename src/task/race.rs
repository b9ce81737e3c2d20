//! Waits that end early: after a time, or when something else comes first.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use smol::Timer;

use super::Clock;
use crate::contract::BoxFuture;

/// The output of `work`, or `None` if `time` passes first. Work that is ready at once asks no clock.
pub(crate) fn within<W: Future>(clock: &dyn Clock, time: Duration, work: W) -> Within<'_, W> {
    Within { work, limit: Limit::Time(clock, time), sleep: None }
}

/// The same until a moment of the system's clock.
pub(crate) fn by_deadline<W: Future>(deadline: Instant, work: W) -> Within<'static, W> {
    Within { work, limit: Limit::Deadline(deadline), sleep: None }
}

/// The output of `work`, or `None` if `end` comes first. Work whose end is there already does not begin.
pub(crate) fn until<E: Future<Output = ()>, W: Future>(end: E, work: W) -> Until<E, W> {
    Until { end, work }
}

// Written by hand: async blocks around the work would hold it once for each block.
pin_project! {
    /// The future of [`within`].
    pub(crate) struct Within<'c, W> {
        #[pin]
        work: W,
        limit: Limit<'c>,
        // Begun when the work is not ready at once.
        sleep: Option<BoxFuture<'static, ()>>,
    }
}

pin_project! {
    /// The future of [`until`].
    pub(crate) struct Until<E, W> {
        #[pin]
        end: E,
        #[pin]
        work: W,
    }
}

/// When a wait is over.
enum Limit<'c> {
    /// This long after the first poll.
    Time(&'c dyn Clock, Duration),
    /// At this moment, however long the work took before.
    Deadline(Instant),
}

impl Limit<'_> {
    fn sleep(&self) -> BoxFuture<'static, ()> {
        match *self {
            Self::Time(clock, time) => clock.sleep(time),
            Self::Deadline(deadline) => Box::pin(async move {
                Timer::at(deadline).await;
            }),
        }
    }
}

impl<W: Future> Future for Within<'_, W> {
    type Output = Option<W::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.work.poll(context) {
            return Poll::Ready(Some(output));
        }
        let sleep = this.sleep.get_or_insert_with(|| this.limit.sleep());
        sleep.as_mut().poll(context).map(|()| None)
    }
}

impl<E: Future<Output = ()>, W: Future> Future for Until<E, W> {
    type Output = Option<W::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.end.poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => this.work.poll(context).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_lite::future::{block_on, poll_once};

    use super::super::ManualClock;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn work_in_time_has_its_output() {
        let clock = ManualClock::new();
        assert_eq!(block_on(within(&clock, Duration::ZERO, ready(1))), Some(1));
        assert_eq!(clock.advance_to_next_sleeper(), None, "it asked the clock");
    }

    #[test]
    fn late_work_has_none() {
        let clock = ManualClock::new();
        let mut work = Box::pin(within(&clock, SECOND, pending::<()>()));
        assert_eq!(block_on(poll_once(&mut work)), None);
        clock.advance(SECOND);
        assert_eq!(block_on(work), None);
    }

    #[test]
    fn work_has_none_after_its_deadline() {
        let now = Instant::now();
        assert_eq!(block_on(by_deadline(now, ready(1))), Some(1), "it was ready at once");
        assert_eq!(block_on(by_deadline(now, pending::<()>())), None);
    }

    #[test]
    fn work_after_its_end_never_begins() {
        let mut began = false;
        let work = async { began = true };
        assert_eq!(block_on(until(ready(()), work)), None);
        assert!(!began);
        assert_eq!(block_on(until(pending(), ready(1))), Some(1));
    }
}
