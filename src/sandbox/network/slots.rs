//! The places for a plugin's open streams, in all its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use smol::lock::{Semaphore, SemaphoreGuardArc};

use crate::contract::limits;

/// The places for the streams of one plugin.
pub(in crate::sandbox) struct StreamSlots {
    free: Arc<Semaphore>,
    /// The number of the newest stream. No two streams of a plugin have the same one, so a number from an
    /// earlier call opens nothing.
    last: AtomicU32,
}

/// The right to have one stream open. Dropping it frees the place.
pub(super) struct StreamSlot {
    _place: SemaphoreGuardArc,
    pub(super) number: u32,
}

impl StreamSlots {
    /// A place. If [`limits::HTTP_STREAMS`] are taken, it waits for one without holding a thread.
    pub(super) async fn take(&self) -> StreamSlot {
        self.slot(self.free.acquire_arc().await)
    }

    /// A place, if one is free.
    pub(super) fn try_take(&self) -> Option<StreamSlot> {
        self.free.try_acquire_arc().map(|place| self.slot(place))
    }

    fn slot(&self, place: SemaphoreGuardArc) -> StreamSlot {
        let number = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        StreamSlot { _place: place, number }
    }
}

impl Default for StreamSlots {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(limits::HTTP_STREAMS)), last: AtomicU32::new(0) }
    }
}
