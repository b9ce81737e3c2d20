//! A stream whose reader may not take for ever: a write that nobody reads ends the connection.
//!
//! A client that connects, asks for much and reads nothing would otherwise keep an answer in memory for
//! ever. The time counts from when a write began to wait, and any byte that gets through starts it
//! again.

use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncWrite, FutureExt};
use hyper::rt::{Read, ReadBufCursor, Write};
use smol::{Async, Timer};

/// Bytes that are read at once.
const PART_BYTES: usize = 8 << 10;

/// A stream that fails when nothing can be written for too long.
///
/// Reading has no timeout here: the time for a head is hyper's, and the time for a body is measured in
/// `service`.
pub(super) struct WriteTimeout {
    /// Shared with the check whether the client is still there.
    stream: Arc<Async<TcpStream>>,
    /// How long one write may wait.
    write_timeout: Duration,
    /// Runs while a write waits.
    waiting: Option<Timer>,
}

impl WriteTimeout {
    /// A stream whose writes may wait for `write_timeout` each.
    pub(super) fn new(stream: Arc<Async<TcpStream>>, write_timeout: Duration) -> Self {
        Self { stream, write_timeout, waiting: None }
    }

    /// Passes on the outcome of a write. One that waits starts the timer, one that is done stops it.
    ///
    /// # Errors
    ///
    /// `TimedOut`, when the timer fires before the write is done.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let timer = self.waiting.get_or_insert_with(|| Timer::after(write_timeout));
        match timer.poll(context) {
            Poll::Ready(_) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Read for WriteTimeout {
    /// Reads by way of the stack: a buffer that waits for a client would be written to its end
    /// otherwise, and then takes memory as long as the client is idle.
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut part = [0; PART_BYTES];
        let room = buffer.remaining().min(PART_BYTES);
        let read = ready!(Pin::new(&mut &*self.stream).poll_read(context, &mut part[..room]))?;
        buffer.put_slice(&part[..read]);
        Poll::Ready(Ok(()))
    }
}

impl Write for WriteTimeout {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut &*self.stream).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut &*self.stream).poll_write_vectored(context, parts);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut &*self.stream).poll_flush(context);
        self.bounded(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut &*self.stream).poll_close(context);
        self.bounded(context, closed)
    }
}
