//! One answer to one message, with one copy of the waiting for all types. The compiler would copy a channel's
//! code for every type, at about 5 KB each.

use std::sync::Arc;

use super::lock::Lock;
use crate::contract::{Cancellation, CancellationSource};

/// The end that answers. Dropping it means that no answer comes.
pub(crate) struct ReplySender<T> {
    place: Arc<Lock<Option<T>>>,
    /// Cancelled when this is dropped.
    _ends: CancellationSource,
}

/// The end that waits.
pub(crate) struct ReplyReceiver<T> {
    place: Arc<Lock<Option<T>>>,
    ended: Cancellation,
}

/// Both ends.
pub(crate) fn reply_channel<T>() -> (ReplySender<T>, ReplyReceiver<T>) {
    let (place, ends) = (Arc::new(Lock::new(None)), CancellationSource::new());
    let answer = ReplyReceiver { place: Arc::clone(&place), ended: ends.token() };
    (ReplySender { place, _ends: ends }, answer)
}

impl<T> ReplySender<T> {
    /// Answers. Returns whether somebody waits for the answer.
    pub(crate) fn send(self, answer: T) -> bool {
        *self.place.lock() = Some(answer);
        Arc::strong_count(&self.place) > 1
    }
}

impl<T> ReplyReceiver<T> {
    /// The answer, or `None` when none comes.
    pub(crate) async fn get(self) -> Option<T> {
        self.ended.cancelled().await;
        self.place.lock().take()
    }
}

#[cfg(test)]
mod tests {
    use smol::block_on;

    use super::*;

    #[test]
    fn either_side_hears_that_the_other_is_gone() {
        let (reply, answer) = reply_channel();
        assert!(reply.send(7));
        assert_eq!(block_on(answer.get()), Some(7));
        let (reply, answer) = reply_channel::<u8>();
        drop(reply);
        assert_eq!(block_on(answer.get()), None);
        let (reply, answer) = reply_channel();
        drop(answer);
        assert!(!reply.send(7), "nobody waits for it");
    }
}
