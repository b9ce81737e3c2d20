//! The count of a plugin's open streams, in all its calls.

use std::sync::Arc;

use super::RequestError;
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
}

/// The right to have one stream open. Dropping it gives the place to another.
pub(super) struct StreamSlot {
    count: Arc<Lock<SlotCount>>,
    pub(super) number: u32,
}

impl StreamSlots {
    /// # Errors
    ///
    /// `too many open streams`, from [`limits::HTTP_STREAMS`] on.
    pub(super) fn take(&self) -> Result<StreamSlot, RequestError> {
        let mut count = self.0.lock();
        if count.taken >= limits::HTTP_STREAMS {
            return Err(RequestError::TooManyStreams);
        }
        count.taken += 1;
        count.last = count.last.wrapping_add(1);
        Ok(StreamSlot { count: Arc::clone(&self.0), number: count.last })
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        self.count.lock().taken -= 1;
    }
}
