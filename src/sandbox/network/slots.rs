//! The places for a plugin's open streams, in all its calls. Those who find none wait in order.

use std::collections::VecDeque;
use std::sync::Arc;

use async_channel::{Receiver, Sender, bounded};

use crate::contract::limits;
use crate::task::Lock;

/// The places for the streams of one plugin.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct StreamSlots(Arc<Lock<SlotCount>>);

#[derive(Debug, Default)]
struct SlotCount {
    taken: usize,
    /// The number of the newest stream. No two streams of a plugin have the same one, so a number from an
    /// earlier call opens nothing.
    last: u32,
    /// Those who wait for a place, in the order in which they came. Nobody waits while one is free.
    waiting: VecDeque<Sender<StreamSlot>>,
}

/// The right to have one stream open. Dropping it gives the place to the first who waits.
#[derive(Debug)]
pub(super) struct StreamSlot {
    count: Arc<Lock<SlotCount>>,
    pub(super) number: u32,
}

impl StreamSlots {
    /// A place. If [`limits::HTTP_STREAMS`] are taken, it waits for one without holding a thread.
    pub(super) async fn take(&self) -> StreamSlot {
        match self.queue().recv().await {
            Ok(slot) => slot,
            // A sender is dropped only after it has sent.
            Err(_) => std::future::pending().await,
        }
    }

    /// Where a place comes, or is already.
    fn queue(&self) -> Receiver<StreamSlot> {
        let (give, place) = bounded(1);
        let mut count = self.0.lock();
        if count.taken >= limits::HTTP_STREAMS {
            // A call that was given up waits no more.
            count.waiting.retain(|other| !other.is_closed());
            count.waiting.push_back(give);
            return place;
        }
        count.taken += 1;
        let slot = StreamSlot { count: Arc::clone(&self.0), number: count.next() };
        drop(count);
        drop(give.try_send(slot));
        place
    }
}

impl SlotCount {
    fn next(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.last
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut count = self.count.lock();
        while let Some(first) = count.waiting.pop_front() {
            if first.is_closed() {
                continue;
            }
            let slot = Self { count: Arc::clone(&self.count), number: count.next() };
            drop(count);
            // If the waiter is gone in this moment, the place comes back and is passed on.
            drop(first.try_send(slot));
            return;
        }
        count.taken -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn places_are_given_in_order() {
        let slots = StreamSlots::default();
        block_on(async {
            let mut held = Vec::new();
            for number in 1..=8 {
                let slot = slots.take().await;
                assert_eq!(slot.number, number);
                held.push(slot);
            }
            let mut first = pin!(slots.take());
            let mut second = Box::pin(slots.take());
            let mut third = pin!(slots.take());
            assert!(poll_once(&mut first).await.is_none());
            assert!(poll_once(&mut second).await.is_none());
            assert!(poll_once(&mut third).await.is_none());
            held.pop();
            // One that comes now is behind those who wait.
            let mut last = pin!(slots.take());
            assert!(poll_once(&mut last).await.is_none());
            assert!(poll_once(&mut third).await.is_none());
            let taken = poll_once(&mut first).await.unwrap();
            assert_eq!(taken.number, 9);
            // The second gives up, with a place that it has not seen yet.
            drop(taken);
            drop(second);
            assert_eq!(poll_once(&mut third).await.unwrap().number, 11);
            assert!(poll_once(&mut last).await.is_some());
            drop(held);
            assert!(poll_once(pin!(slots.take())).await.is_some());
            assert_eq!(slots.0.lock().taken, 0);
        });
    }
}
