//! A connection that neither keeps its thread nor goes on for ever, whatever the server sends.
//!
//! A reader skips interim answers and empty TLS records without a pause. A server that sends only those would
//! keep the thread from the deadline and from other tasks.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite};

use super::dialer::NetworkStream;
use crate::contract::limits;

/// Successful reads in a row before other tasks get their turn.
const READS_AT_ONCE: usize = 16;
/// Far more than the longest answer in the smallest pieces.
pub(super) const MOST_BYTES: u64 = 8 * limits::HTTP_RESPONSE_BODY_BYTES as u64;

/// Writes pass through: their length is that of the request, which is bounded already.
pub(super) struct FairStream {
    stream: Box<dyn NetworkStream>,
    /// Successful reads since the last pause.
    reads: usize,
    /// What the server may still send.
    bytes_left: u64,
}

impl FairStream {
    /// The server may send so many bytes. They count from here, so they include the TLS handshake.
    pub(super) fn new(stream: Box<dyn NetworkStream>, most_bytes: u64) -> Self {
        Self { stream, reads: 0, bytes_left: most_bytes }
    }
}

impl AsyncRead for FairStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.reads == READS_AT_ONCE {
            self.reads = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) else {
            self.reads = 0;
            return Poll::Pending;
        };
        self.reads += 1;
        let bytes = read?;
        match self.bytes_left.checked_sub(bytes as u64) {
            Some(left) => self.bytes_left = left,
            None => return Poll::Ready(Err(io::Error::other("the answer has no end"))),
        }
        Poll::Ready(Ok(bytes))
    }
}

impl AsyncWrite for FairStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}
