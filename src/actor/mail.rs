//! Mailboxes of actors. What is still in one when its actor ends, in whatever way, is dropped: whoever
//! waits for an answer hears that there will be none.
//!
//! The channel alone would keep it as long as somebody can send: a handle that outlives the executor
//! would wait for ever.

use async_channel::{Receiver, Recv, Sender};

/// The actor's end of a mailbox.
pub(crate) struct Mail<T>(Receiver<T>);

/// A mailbox in which so many messages wait before their senders do.
pub(crate) fn mailbox<T>(messages: usize) -> (Sender<T>, Mail<T>) {
    let (sender, receiver) = async_channel::bounded(messages);
    (sender, Mail(receiver))
}

impl<T> Mail<T> {
    /// The next message, or an error when there will be no more.
    pub(crate) fn recv(&self) -> Recv<'_, T> {
        self.0.recv()
    }
}

impl<T> Drop for Mail<T> {
    fn drop(&mut self) {
        self.0.close();
        while self.0.try_recv().is_ok() {}
    }
}
