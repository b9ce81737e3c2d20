//! The places for a plugin's open streams and sockets, in all its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use smol::lock::{Semaphore, SemaphoreGuardArc};

use crate::contract::limits;

/// The places for the streams and sockets of one plugin.
pub(in crate::sandbox) struct StreamSlots {
    free: Arc<Semaphore>,
    /// Shared by the places of sockets, to count them.
    lasting: Arc<()>,
    /// The number of the newest stream. No two streams of a plugin have the same one, so a number from an
    /// earlier call opens nothing.
    last: AtomicU32,
}

/// The right to have one stream or socket open. Dropping it frees the place.
pub(super) struct StreamSlot {
    _place: SemaphoreGuardArc,
    _lasting: Option<Arc<()>>,
    pub(super) number: u32,
}

impl StreamSlots {
    /// A place. If [`limits::HTTP_STREAMS`] are taken, it waits for one without holding a thread; `None` if
    /// sockets have taken all, because they end with no call.
    pub(super) async fn take(&self) -> Option<StreamSlot> {
        if Arc::strong_count(&self.lasting) > limits::HTTP_STREAMS {
            return None;
        }
        Some(self.slot(self.free.acquire_arc().await))
    }

    /// A place, if one is free.
    pub(super) fn try_take(&self) -> Option<StreamSlot> {
        self.free.try_acquire_arc().map(|place| self.slot(place))
    }

    /// A place for a socket, if one is free.
    #[cfg(feature = "websocket")]
    pub(super) fn try_take_lasting(&self) -> Option<StreamSlot> {
        let slot = self.try_take()?;
        Some(StreamSlot { _lasting: Some(Arc::clone(&self.lasting)), ..slot })
    }

    fn slot(&self, place: SemaphoreGuardArc) -> StreamSlot {
        let number = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        StreamSlot { _place: place, _lasting: None, number }
    }
}

impl Default for StreamSlots {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits::HTTP_STREAMS)),
            lasting: Arc::default(),
            last: AtomicU32::new(0),
        }
    }
}
