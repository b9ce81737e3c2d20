//! Waits that end early: after a time, or when something else comes first.

use std::time::Duration;

use futures_lite::future::or;

use super::Clock;

/// The output of `work`, or `None` if `time` passes first. Work that is ready at once asks no clock.
pub(crate) async fn within<T>(
    clock: &dyn Clock,
    time: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let done = async { Some(work.await) };
    let late = async {
        clock.sleep(time).await;
        None
    };
    or(done, late).await
}

/// The output of `work`, or `None` if `end` comes first. Work whose end is there already does not begin.
pub(crate) async fn until<T>(
    end: impl Future<Output = ()>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let ended = async {
        end.await;
        None
    };
    or(ended, async { Some(work.await) }).await
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
    fn work_after_its_end_never_begins() {
        let mut began = false;
        let work = async { began = true };
        assert_eq!(block_on(until(ready(()), work)), None);
        assert!(!began);
        assert_eq!(block_on(until(pending(), ready(1))), Some(1));
    }
}
