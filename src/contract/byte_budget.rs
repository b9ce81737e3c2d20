//! Bytes that a surface may hold for all its clients together: what is being read, what waits for an
//! answer, and answers that wait to be written.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_channel::{Receiver, Sender};

use super::limits::{KB, MB, SURFACE_MEMORY_MB};

/// The longest message that is not counted: those in flight are few enough.
const UNCOUNTED_BYTES: usize = 4 * KB;

/// One part in so many of the budget is kept for small messages, so that large ones can't shut them out.
const RESERVE: usize = 4;
/// Bytes of a small message.
const SMALL_BYTES: usize = 64 * KB;

/// A budget that clones share.
#[derive(Clone)]
pub(crate) struct ByteBudget(Arc<Budget>);

struct Budget {
    surface: Cow<'static, str>,
    limit: usize,
    used: AtomicUsize,
    /// Bytes of what waits for room, which is in memory all the same.
    waiting: AtomicUsize,
    /// How many wait.
    waiters: AtomicUsize,
    /// Full while somebody has the turn to wait.
    turn: (Sender<()>, Receiver<()>),
    /// Wakes whoever has it.
    given_back: (Sender<()>, Receiver<()>),
    /// It was logged that there is no room.
    is_said: AtomicBool,
}

impl ByteBudget {
    pub(crate) fn new(surface: impl Into<Cow<'static, str>>, limit: usize) -> Self {
        Self(Arc::new(Budget {
            surface: surface.into(),
            limit,
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            waiters: AtomicUsize::new(0),
            turn: async_channel::bounded(1),
            given_back: async_channel::bounded(1),
            is_said: AtomicBool::new(false),
        }))
    }

    /// A part that holds nothing yet.
    pub(crate) fn nothing(&self) -> HeldBytes {
        HeldBytes { budget: self.clone(), bytes: 0 }
    }

    /// Room for so many bytes, until it is dropped; `None` where there is none.
    pub(crate) fn hold(&self, bytes: usize) -> Option<HeldBytes> {
        let mut held = self.nothing();
        held.resize(bytes).then_some(held)
    }

    /// Waits for room for a message that does not exist yet. Up to [`UNCOUNTED_BYTES`] it holds nothing.
    pub(crate) async fn hold_when_free(&self, bytes: usize) -> HeldBytes {
        if bytes <= UNCOUNTED_BYTES {
            return self.nothing();
        }
        if let Some(held) = self.hold(bytes) {
            return held;
        }
        let _waiter = Waiter::new(self, 0);
        let _turn = self.turn().await;
        loop {
            if let Some(held) = self.hold(bytes) {
                return held;
            }
            // It never closes.
            let _ = self.0.given_back.1.recv().await;
        }
    }

    /// The same for a message that is in memory already: its bytes count while it waits. `None` if too much waits.
    pub(crate) async fn hold_while_waiting(&self, bytes: usize) -> Option<HeldBytes> {
        if bytes <= UNCOUNTED_BYTES {
            return Some(self.nothing());
        }
        if let Some(held) = self.hold(bytes) {
            return Some(held);
        }
        let Budget { limit, waiting, .. } = &*self.0;
        let bytes = bytes.min(limit / 2);
        let fits = |now: usize| now.checked_add(bytes).filter(|sum| sum <= limit);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        let _waiter = Waiter::new(self, bytes);
        Some(self.hold_when_free(bytes).await)
    }

    /// Resolves when nobody waits for room any more, for whoever would only bring more.
    #[cfg(feature = "mcp")]
    pub(crate) async fn calm(&self) {
        if self.0.waiters.load(Ordering::Relaxed) > 0 {
            drop(self.turn().await);
        }
    }

    async fn turn(&self) -> Turn<'_> {
        // It never closes.
        let _ = self.0.turn.0.send(()).await;
        Turn(&self.0)
    }

    fn take(&self, more: usize, whole: usize) -> bool {
        let Budget { surface, limit, used, is_said, .. } = &*self.0;
        let limit = if whole > SMALL_BYTES { limit - limit / RESERVE } else { *limit };
        let fits = |used: usize| used.checked_add(more).filter(|sum| *sum <= limit);
        let taken = used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits).is_ok();
        if !taken && !is_said.swap(true, Ordering::Relaxed) {
            let megabytes = self.0.limit / MB;
            let raise = match (megabytes as u64) < SURFACE_MEMORY_MB.maximum {
                true => "; if they are yours, raise `limits.surface_memory_mb` in config.yaml",
                false => "",
            };
            log::warn!(
                "{surface}: clients want more than {megabytes} MB at once, and some wait or are \
                 refused{raise}"
            );
        }
        taken
    }
}

/// Counts as waiting until it is dropped.
struct Waiter<'b> {
    budget: &'b Budget,
    bytes: usize,
}

impl<'b> Waiter<'b> {
    /// One that has so many bytes, which are counted already.
    fn new(budget: &'b ByteBudget, bytes: usize) -> Self {
        budget.0.waiters.fetch_add(1, Ordering::SeqCst);
        Self { budget: &budget.0, bytes }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.budget.waiters.fetch_sub(1, Ordering::SeqCst);
        self.budget.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The turn to wait, which goes to the next one when it is dropped.
struct Turn<'b>(&'b Budget);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let _ = self.0.turn.1.try_recv();
    }
}

/// A part of a budget, given back when it is dropped.
pub(crate) struct HeldBytes {
    budget: ByteBudget,
    bytes: usize,
}

impl HeldBytes {
    /// What it is a part of.
    pub(crate) fn budget(&self) -> ByteBudget {
        self.budget.clone()
    }

    /// Holds so many bytes instead. Without room it holds as many as before. A single message never
    /// counts as more than half of the budget, so it fits however long it is.
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        let bytes = bytes.min(self.budget.0.limit / 2);
        if bytes > self.bytes && !self.budget.take(bytes - self.bytes, bytes) {
            return false;
        }
        self.give_back(self.bytes.saturating_sub(bytes));
        self.bytes = bytes;
        true
    }

    fn give_back(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let Budget { used, waiters, given_back, .. } = &*self.budget.0;
        // Whoever waits has said so before it looked, so one of both sees the other.
        used.fetch_sub(bytes, Ordering::SeqCst);
        if waiters.load(Ordering::SeqCst) > 0 {
            let _ = given_back.0.try_send(());
        }
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_leave_room_for_small_ones() {
        let budget = ByteBudget::new("test", MB);
        let mut large = budget.hold(2 * MB).unwrap();
        let _more = budget.hold(188 * KB).unwrap();
        assert!(budget.hold(100 * KB).is_none());
        let small: Vec<_> = (0..5).map_while(|_| budget.hold(64 * KB)).collect();
        assert_eq!(small.len(), 5);
        assert!(budget.hold(64 * KB).is_none());
        assert!(large.resize(KB));
        assert!(budget.hold(64 * KB).is_some());
        drop((large, small, _more));
        assert_eq!(budget.0.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn messages_without_room_wait_in_a_bounded_queue() {
        use futures_lite::future::{block_on, poll_once};
        use std::pin::pin;

        let budget = ByteBudget::new("test", MB);
        let (first, second) = (budget.hold(500 * KB).unwrap(), budget.hold(200 * KB).unwrap());
        block_on(async {
            let mut large = pin!(budget.hold_while_waiting(400 * KB));
            assert!(poll_once(&mut large).await.is_none());
            let mut behind = pin!(budget.hold_while_waiting(400 * KB));
            assert!(poll_once(&mut behind).await.is_none());
            assert!(budget.hold_while_waiting(400 * KB).await.is_none(), "too much waits already");
            // It is not enough yet, and what is given up makes room for the next.
            drop(second);
            assert!(poll_once(&mut large).await.is_none());
            drop(first);
            let held = poll_once(&mut large).await.unwrap();
            assert!(poll_once(&mut behind).await.is_none());
            drop(held);
            assert!(poll_once(&mut behind).await.unwrap().is_some());
        });
        let Budget { used, waiting, waiters, turn, .. } = &*budget.0;
        let counts = [used, waiting, waiters].map(|count| count.load(Ordering::Relaxed));
        assert_eq!((counts, turn.0.len()), ([0; 3], 0));
    }
}
