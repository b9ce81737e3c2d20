//! Mailboxes of actors. What is still in one when its actor ends, in whatever way, is dropped: whoever
//! waits for an answer hears that there will be none.
//!
//! The channel alone would keep it as long as somebody can send: a handle that outlives the executor
//! would wait for ever.
//!
//! A channel is compiled anew for every type that goes through it, at about 5 KB each. So there is one, of
//! boxes with anything in them, and a mailbox knows what is in its own.

use std::any::Any;
use std::marker::PhantomData;

use async_channel::{Receiver, Sender, WeakSender};

use super::reply::{Asker, question};

type Letter = Box<dyn Any + Send>;

/// Where messages to an actor go. Clones are the same mailbox.
pub(crate) struct Mailbox<M> {
    letters: Sender<Letter>,
    kind: PhantomData<fn(M)>,
}

/// A mailbox that does not keep its actor waiting for more.
pub(crate) struct WeakMailbox<M> {
    letters: WeakSender<Letter>,
    kind: PhantomData<fn(M)>,
}

/// The actor's end.
pub(crate) struct Inbox<M> {
    letters: Receiver<Letter>,
    kind: PhantomData<fn() -> M>,
}

/// A mailbox in which so many messages wait before their senders do.
pub(crate) fn mailbox<M>(messages: usize) -> (Mailbox<M>, Inbox<M>) {
    let (sender, receiver) = async_channel::bounded(messages);
    let inbox = Inbox { letters: receiver, kind: PhantomData };
    (Mailbox { letters: sender, kind: PhantomData }, inbox)
}

impl<M: Send + 'static> Mailbox<M> {
    /// Sends a message as soon as there is room for it. Where there is no actor any more, it is dropped.
    pub(crate) async fn send(&self, message: M) {
        let _ = self.letters.send(Box::new(message)).await;
    }

    /// Sends a message and waits for its answer; `None` where there is no actor any more.
    pub(crate) async fn ask<T>(&self, message: impl FnOnce(Asker<T>) -> M) -> Option<T> {
        let (reply, answer) = question();
        self.send(message(reply)).await;
        answer.get().await
    }

    /// Sends a message if there is room for it, and otherwise gives it back.
    pub(crate) fn try_send(&self, message: M) -> Result<(), M> {
        let unsent = self.letters.try_send(Box::new(message));
        unsent.map_err(|unsent| opened(unsent.into_inner()))
    }

    pub(crate) fn downgrade(&self) -> WeakMailbox<M> {
        WeakMailbox { letters: self.letters.downgrade(), kind: PhantomData }
    }

    /// Takes no more messages; those that wait are still read.
    pub(crate) fn close(&self) {
        self.letters.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.letters.is_closed()
    }
}

impl<M: Send + 'static> WeakMailbox<M> {
    /// Sends a message if anybody but this still can.
    pub(crate) async fn send(&self, message: M) {
        if let Some(letters) = self.letters.upgrade() {
            let _ = letters.send(Box::new(message)).await;
        }
    }
}

impl<M: 'static> Inbox<M> {
    /// The next message; `None` when there will be no more.
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

/// Also for channels of their own: nothing comes any more, and what waits is dropped.
pub(crate) fn drain<T>(letters: &Receiver<T>) {
    letters.close();
    while letters.try_recv().is_ok() {}
}

/// What is in a letter of a mailbox of `M`: nothing else gets into one.
fn opened<M: 'static>(letter: Letter) -> M {
    *letter.downcast().expect("a mailbox has messages of one type")
}
