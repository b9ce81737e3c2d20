//! One WebSocket after its handshake: messages out and in, and its end.
//!
//! It reads only while the guest receives, so a server that floods fills the buffers of the network and no memory.
//! Every step keeps what it has in the connection, so dropping a future loses nothing.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncWrite};

use super::super::RequestError;
use super::super::dialer::NetworkStream;
use super::frames::{FrameDecoder, FrameEvent, ProtocolFault, close_code, encode, opcode};
use crate::contract::limits;
use crate::sandbox::WebSocketMessage;
use crate::task::{Clock, within};

/// A connection that speaks frames. Dropping it closes it without a word.
pub(super) struct WebSocketConnection {
    stream: Box<dyn NetworkStream>,
    frames: FrameDecoder,
    /// The payload of a ping that is not answered yet.
    ping: Option<Vec<u8>>,
    /// Bytes to send; those before `written` are sent.
    output: Vec<u8>,
    written: usize,
}

/// What a read brought.
pub(super) enum ReadEvent {
    Message(WebSocketMessage),
    Closed {
        code: u16,
        reason: String,
    },
    /// The server broke a rule.
    Fault(ProtocolFault),
}

impl WebSocketConnection {
    /// The connection with the bytes that the server sent behind its handshake.
    pub(super) fn new(stream: Box<dyn NetworkStream>, read_already: Vec<u8>) -> Self {
        let frames = FrameDecoder::new(read_already);
        Self { stream, frames, ping: None, output: Vec::new(), written: 0 }
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// `websocket failed` if the connection breaks, or if the server doesn't read for
    /// [`limits::WEBSOCKET_SEND_TIME`].
    pub(super) async fn send(
        &mut self,
        message: &WebSocketMessage,
        clock: &dyn Clock,
    ) -> Result<(), RequestError> {
        match message {
            WebSocketMessage::Text(text) => self.queue(opcode::TEXT, text.as_bytes())?,
            WebSocketMessage::Binary(bytes) => self.queue(opcode::BINARY, bytes)?,
        }
        let sent = within(clock, limits::WEBSOCKET_SEND_TIME, self.flush()).await;
        let sent = sent.ok_or_else(|| RequestError::websocket("the server does not read"))?;
        sent.map_err(|error| broken(&error))
    }

    /// The next message, or the end. Answers pings on the way.
    ///
    /// # Errors
    ///
    /// `websocket failed` if the connection breaks.
    pub(super) async fn receive(&mut self) -> Result<ReadEvent, RequestError> {
        poll_fn(|context| self.poll_receive(context)).await
    }

    /// Answers the server's closing, or tells it why there is one, and waits a moment until that is sent.
    pub(super) async fn answer_closing(&mut self, code: u16, clock: &dyn Clock) {
        let bytes = code.to_be_bytes();
        let payload = if code == close_code::NONE { &[][..] } else { &bytes };
        if self.queue(opcode::CLOSE, payload).is_ok() {
            let _ = within(clock, limits::WEBSOCKET_CLOSE_TIME, self.flush()).await;
        }
    }

    /// Closes it, and waits a moment for the server's answer. Messages that come before it are dropped.
    pub(super) async fn close(&mut self, clock: &dyn Clock) {
        if self.queue(opcode::CLOSE, &close_code::NORMAL.to_be_bytes()).is_err() {
            return;
        }
        let closing = async {
            if self.flush().await.is_ok() {
                while let Ok(ReadEvent::Message(_)) = self.receive().await {}
            }
        };
        let _ = within(clock, limits::WEBSOCKET_CLOSE_TIME, closing).await;
    }

    fn queue(&mut self, opcode: u8, payload: &[u8]) -> Result<(), RequestError> {
        let frame = encode(opcode, payload)?;
        match self.output.is_empty() {
            true => self.output = frame,
            false => self.output.extend(frame),
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let rest = &self.output[self.written..];
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        (self.output, self.written) = (Vec::new(), 0);
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// The next event in the bytes that were read, and the newest ping before it.
    fn next_event(&mut self) -> Option<ReadEvent> {
        loop {
            return Some(match self.frames.next() {
                Ok(Some(FrameEvent::Ping(payload))) => {
                    self.ping = Some(payload);
                    continue;
                }
                Ok(Some(FrameEvent::Message(message))) => ReadEvent::Message(message),
                Ok(Some(FrameEvent::Closed { code, reason })) => ReadEvent::Closed { code, reason },
                Ok(None) => return None,
                Err(fault) => ReadEvent::Fault(fault),
            });
        }
    }

    /// Answers the newest ping (section 5.5.3), once for each read. A server that does not read its pongs gets no
    /// more of them, but may still send.
    fn answer_ping(&mut self, context: &mut Context<'_>) -> Result<(), RequestError> {
        while let Poll::Ready(flushed) = self.poll_flush(context) {
            flushed.map_err(|error| broken(&error))?;
            match self.ping.take() {
                Some(payload) => self.queue(opcode::PONG, &payload)?,
                None => break,
            }
        }
        Ok(())
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<ReadEvent, RequestError>> {
        loop {
            let event = self.next_event();
            let answered = self.answer_ping(context);
            if let Some(event) = event {
                return Poll::Ready(Ok(event));
            }
            answered?;
            let read = Pin::new(&mut self.stream).poll_read(context, self.frames.room());
            self.frames.filled(match &read {
                Poll::Ready(Ok(bytes)) => *bytes,
                _ => 0,
            });
            match ready!(read) {
                Ok(0) => {
                    let error = RequestError::websocket("the connection ended without a closing");
                    return Poll::Ready(Err(error));
                }
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(broken(&error))),
            }
        }
    }
}

fn broken(error: &io::Error) -> RequestError {
    RequestError::websocket(error.to_string())
}
