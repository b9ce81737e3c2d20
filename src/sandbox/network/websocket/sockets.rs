//! The open sockets of one instance of a guest.
//!
//! A socket belongs to the instance that opened it. Another instance has a table of its own, so neither it nor
//! another plugin reaches the socket, and it ends with its instance.

use std::fmt;
use std::time::Duration;

use super::super::RequestError;
use super::super::permit::WebSocketPermit;
use super::super::response;
use super::super::secrets::SecretGate;
use super::super::slots::{StreamSlot, StreamSlots};
use super::super::url::Host;
use super::connection::{ReadEvent, WebSocketConnection};
use super::handshake::handshake;
use crate::contract::limits;
use crate::sandbox::{OpenedWebSocket, WebSocketMessage, WebSocketReceived};
use crate::task::{Clock, Lock, within};

/// The open sockets of one instance. Dropping it closes their connections.
#[derive(Default)]
pub(crate) struct WebSockets {
    open: Vec<OpenWebSocket>,
}

struct OpenWebSocket {
    slot: StreamSlot,
    host: Host,
    /// Never locked: a lock makes it a part of what threads share, like the budget of a call.
    connection: Lock<WebSocketConnection>,
}

impl WebSockets {
    /// Opens a socket, if the plugin has a place for one. It doesn't wait for a place: a socket may stay open for
    /// ever.
    ///
    /// # Errors
    ///
    /// `too many open streams`, the permit's, and those of [`handshake`].
    pub(in crate::sandbox) async fn open(
        &mut self,
        permit: impl Future<Output = Result<WebSocketPermit, RequestError>>,
        slots: &StreamSlots,
    ) -> Result<OpenedWebSocket, RequestError> {
        let slot = slots.try_take_lasting().ok_or(RequestError::TooManyStreams)?;
        let permit = permit.await?;
        let (host, socket) = (permit.0.host().clone(), slot.number);
        let (connection, protocol) = handshake(permit).await?;
        self.open.push(OpenWebSocket { slot, host, connection: Lock::new(connection) });
        Ok(OpenedWebSocket { socket, protocol })
    }

    /// Whether none is open.
    pub(in crate::sandbox) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The host of a socket that is open.
    pub(in crate::sandbox) fn host(&self, number: u32) -> Option<String> {
        let socket = self.open.iter().find(|socket| socket.slot.number == number);
        socket.map(|socket| socket.host.to_string())
    }

    /// Sends a message. A socket on which that fails is closed.
    ///
    /// # Errors
    ///
    /// `socket not open`, `websocket failed`, and `message too large`, with which the socket stays open.
    pub(in crate::sandbox) async fn send(
        &mut self,
        number: u32,
        message: &WebSocketMessage,
        clock: &dyn Clock,
    ) -> Result<(), RequestError> {
        let mut socket = self.take(number)?;
        if message.bytes() > limits::WEBSOCKET_MESSAGE_BYTES {
            self.open.push(socket);
            return Err(RequestError::MessageTooLarge);
        }
        // It is closed unless it is put back.
        socket.connection.get_mut().send(message, clock).await?;
        self.open.push(socket);
        Ok(())
    }

    /// The next message without secrets, and how many bytes came. A socket that has ended or failed is closed.
    ///
    /// A socket may be older than a secret, so what it brings is searched for the secrets of now.
    ///
    /// # Errors
    ///
    /// `socket not open`, `message too large`, `websocket failed`.
    pub(in crate::sandbox) async fn receive(
        &mut self,
        number: u32,
        timeout: Duration,
        secrets: &SecretGate,
        clock: &dyn Clock,
    ) -> Result<(usize, WebSocketReceived), RequestError> {
        // It is closed unless it is put back.
        let mut socket = self.take(number)?;
        let connection = socket.connection.get_mut();
        match within(clock, timeout, connection.receive()).await.transpose()? {
            None => {
                self.open.push(socket);
                Ok((0, WebSocketReceived::Nothing))
            }
            Some(ReadEvent::Message(message)) => {
                let bytes = message.bytes();
                let message =
                    response::message(message, secrets.redactor(&socket.host).await).await;
                self.open.push(socket);
                Ok((bytes, WebSocketReceived::Message(message)))
            }
            Some(ReadEvent::Closed { code, reason }) => {
                connection.answer_closing(code, clock).await;
                let reason = secrets.redactor(&socket.host).await.redact(&reason).into_owned();
                Ok((0, WebSocketReceived::Closed { code, reason }))
            }
            Some(ReadEvent::Fault(fault)) => {
                connection.answer_closing(fault.close_code(), clock).await;
                Err(fault.into())
            }
        }
    }

    /// Closes a socket, if it is open.
    pub(in crate::sandbox) async fn close(&mut self, number: u32, clock: &dyn Clock) {
        if let Ok(mut socket) = self.take(number) {
            socket.connection.get_mut().close(clock).await;
        }
    }

    fn take(&mut self, number: u32) -> Result<OpenWebSocket, RequestError> {
        let at = self.open.iter().position(|socket| socket.slot.number == number);
        Ok(self.open.swap_remove(at.ok_or(RequestError::NoSocket { number })?))
    }
}

impl fmt::Debug for WebSockets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.open.iter().map(|socket| socket.slot.number)).finish()
    }
}
