//! Mailboxes of actors. When an actor ends, in whatever way, the messages left in its mailbox are dropped,
//! so that their senders learn that no answer comes.
//!
//! The channel alone would keep them as long as a sender exists: a handle that outlives the executor
//! would wait for ever.
//!
//! The compiler copies a channel's code for every type of message, at about 5 KB each. So all mailboxes use
//! one channel type, of boxes with anything in them, and each mailbox knows the type of its messages.

use std::any::Any;
use std::marker::PhantomData;

use async_channel::{Receiver, Sender, WeakSender};

use super::reply::{ReplySender, reply_channel};

type Letter = Box<dyn Any + Send>;

/// The senders' end of an actor's mailbox. Clones send to the same mailbox.
pub(crate) struct Mailbox<M> {
    letters: Sender<Letter>,
    kind: PhantomData<fn(M)>,
}

/// A sender that does not keep its actor waiting for more messages.
pub(crate) struct WeakMailbox<M> {
    letters: WeakSender<Letter>,
    kind: PhantomData<fn(M)>,
}

/// The actor's end.
pub(crate) struct Inbox<M> {
    letters: Receiver<Letter>,
    kind: PhantomData<fn() -> M>,
}

/// A mailbox for at most so many waiting messages: further senders wait.
pub(crate) fn mailbox<M>(messages: usize) -> (Mailbox<M>, Inbox<M>) {
    let (sender, receiver) = async_channel::bounded(messages);
    let inbox = Inbox { letters: receiver, kind: PhantomData };
    (Mailbox { letters: sender, kind: PhantomData }, inbox)
}

impl<M: Send + 'static> Mailbox<M> {
    /// Sends a message as soon as there is room for it. Drops it if the actor has ended.
    pub(crate) async fn send(&self, message: M) {
        let _ = self.letters.send(Box::new(message)).await;
    }

    /// Sends a message and waits for its answer; `None` if the actor has ended.
    pub(crate) async fn ask<T>(&self, message: impl FnOnce(ReplySender<T>) -> M) -> Option<T> {
        let (reply, answer) = reply_channel();
        self.send(message(reply)).await;
        answer.get().await
    }

    /// Sends a message if there is room for it, and otherwise returns it.
    pub(crate) fn try_send(&self, message: M) -> Result<(), M> {
        let unsent = self.letters.try_send(Box::new(message));
        unsent.map_err(|unsent| opened(unsent.into_inner()))
    }

    pub(crate) fn downgrade(&self) -> WeakMailbox<M> {
        WeakMailbox { letters: self.letters.downgrade(), kind: PhantomData }
    }

    /// Accepts no more messages; the actor still reads the waiting ones.
    pub(crate) fn close(&self) {
        self.letters.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.letters.is_closed()
    }
}

impl<M: Send + 'static> WeakMailbox<M> {
    /// Sends a message if a strong sender still exists.
    pub(crate) async fn send(&self, message: M) {
        if let Some(letters) = self.letters.upgrade() {
            let _ = letters.send(Box::new(message)).await;
        }
    }
}

impl<M: 'static> Inbox<M> {
    /// The next message; `None` when no more can come.
    pub(crate) async fn next(&self) -> Option<M> {
        self.letters.recv().await.ok().map(opened)
    }
}

impl<M> Clone for Mailbox<M> {
    fn clone(&self) -> Self {
        Self { letters: self.letters.clone(), kind: PhantomData }
    }
}

impl<M> Clone for WeakMailbox<M> {
    fn clone(&self) -> Self {
        Self { letters: self.letters.clone(), kind: PhantomData }
    }
}

impl<M> Drop for Inbox<M> {
    fn drop(&mut self) {
        drain(&self.letters);
    }
}

/// Closes a channel and drops its waiting messages. For channels outside of mailboxes too.
pub(crate) fn drain<T>(letters: &Receiver<T>) {
    letters.close();
    while letters.try_recv().is_ok() {}
}

/// The message in a letter of a mailbox of `M`, into which nothing else gets.
fn opened<M: 'static>(letter: Letter) -> M {
    *letter.downcast().expect("a mailbox has messages of one type")
}
