//! The mailbox of a plugin. Its messages are not boxed, unlike those of the other actors.

use async_channel::{Receiver, Recv, Sender};

use crate::task::drain;

/// The actor's end of a mailbox. Dropping it drops the messages that are still in it.
pub(super) struct Mail<T>(Receiver<T>);

/// A mailbox for so many messages. If it is full, senders wait.
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
