//! The mailbox of a plugin. Calls go through it as they are: the other actors have boxes in theirs.

use async_channel::{Receiver, Recv, Sender};

use crate::task::drain;

/// The actor's end of a mailbox, with which what is still in it is dropped.
pub(super) struct Mail<T>(Receiver<T>);

/// A mailbox in which so many messages wait before their senders do.
pub(super) fn mailbox<T>(messages: usize) -> (Sender<T>, Mail<T>) {
    let (sender, receiver) = async_channel::bounded(messages);
    (sender, Mail(receiver))
}

impl<T> Mail<T> {
    /// The next message, or an error when there will be no more.
    pub(super) fn recv(&self) -> Recv<'_, T> {
        self.0.recv()
    }
}

impl<T> Drop for Mail<T> {
    fn drop(&mut self) {
        drain(&self.0);
    }
}
