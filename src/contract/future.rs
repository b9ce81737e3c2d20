//! Futures behind trait objects, and the token that tells long work to stop.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

/// A boxed future that can move between threads: what the dyn-compatible traits return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The side that cancels: dropping it, or calling [`cancel`](Self::cancel), wakes every
/// [`Cancellation`] made from it.
#[derive(Debug)]
pub struct CancellationSource {
    sender: async_channel::Sender<Infallible>,
    token: Cancellation,
}

/// Tells a task that its work is no longer wanted.
///
/// Clones share one state, and a cancelled token never becomes uncancelled.
#[derive(Debug, Clone)]
pub struct Cancellation {
    receiver: async_channel::Receiver<Infallible>,
}

impl CancellationSource {
    /// A source whose tokens are not cancelled.
    #[must_use]
    pub fn new() -> Self {
        let (sender, receiver) = async_channel::bounded(1);
        Self { sender, token: Cancellation { receiver } }
    }

    /// A token to hand to the work.
    #[must_use]
    pub fn token(&self) -> Cancellation {
        self.token.clone()
    }

    /// Cancels every token of this source.
    pub fn cancel(&self) {
        self.sender.close();
    }
}

impl Default for CancellationSource {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for CancellationSource {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Cancellation {
    /// Whether the work should stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.receiver.is_closed()
    }

    /// Resolves when the work should stop.
    pub async fn cancelled(&self) {
        // Nothing can be sent over this channel: the only way out is that it closes.
        if let Ok(never) = self.receiver.recv().await {
            match never {}
        }
    }
}
