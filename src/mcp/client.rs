//! The client behind a request, and messages that wait to be written to it.

use std::time::Duration;

use async_channel::Sender;

use super::message::{RequestId, RpcError};
use crate::contract::{ByteBudget, Cancellation, HeldBytes};
use crate::task::{SystemClock, within};

/// How long a request or an answer may wait for room.
pub(super) const ROOM_PATIENCE: Duration = Duration::from_secs(30);

/// A message to a client, which is counted until it is written.
pub(super) struct HeldText {
    /// The message, without a line feed at its end.
    pub(super) text: String,
    /// Its room in the budget, given back when it is dropped.
    pub(super) held: HeldBytes,
}

/// The client behind one request: where messages to it go, and within which bounds.
#[derive(Clone)]
pub(super) struct ClientHandle {
    /// Where messages go that come before the answer.
    pub(super) outbox: Sender<HeldText>,
    /// What the clients of this transport may hold together.
    pub(super) budget: ByteBudget,
    /// Fires when the connection ends in good order: a subscription then gives its last answer.
    pub(super) ends: Cancellation,
    /// Who asks, as far as the transport knows: the number of a connection, or 0.
    pub(super) caller: u64,
}

impl ClientHandle {
    /// Sends a message to the client when there is room for it. If the client is gone, the message is
    /// dropped.
    ///
    /// It waits as long as it takes.
    pub(super) async fn send(&self, text: String) {
        let held = self.budget.hold_when_free(text.len()).await;
        let _ = self.outbox.send(HeldText { text, held }).await;
    }

    /// Sends the answer to the request `id`, or an error if there is no memory for it.
    ///
    /// An answer that waits longer than [`ROOM_PATIENCE`] is dropped, and the client gets an error in
    /// its place.
    pub(super) async fn send_answer(&self, id: &RequestId, text: String) {
        let room = self.budget.hold_while_waiting(text.len());
        let message = match within(&SystemClock, ROOM_PATIENCE, room).await.flatten() {
            Some(held) => HeldText { text, held },
            None => {
                let (text, held) = (RpcError::no_room().answer(Some(id)), self.budget.nothing());
                HeldText { text, held }
            }
        };
        let _ = self.outbox.send(message).await;
    }
}
