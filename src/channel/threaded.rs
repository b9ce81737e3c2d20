//! A stream that blocks, read or written by a thread of the pool: standard input that is a file or a
//! terminal, for instance.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncWrite, FutureExt};
use smol::Task;

use crate::task::{Lock, in_background};

/// Bytes that are read or written at once.
const PART_BYTES: usize = 64 << 10;

/// `stream` as one that does not block.
pub(crate) struct Threaded<T> {
    /// `None` while a thread has it.
    idle: Option<Box<IdleWriter<T>>>,
    running: Option<WorkingThread<T>>,
}

/// A running thread, and the place for its result.
type WorkingThread<T> = (Task<()>, Arc<Lock<Option<(Box<IdleWriter<T>>, io::Result<()>)>>>);

/// The stream while no thread uses it, with its bytes.
struct IdleWriter<T> {
    stream: T,
    /// What was read, and how much of it was handed on; or what is to be written.
    bytes: Vec<u8>,
    start: usize,
}

impl<T: Send + 'static> Threaded<T> {
    pub(crate) fn new(stream: T) -> Self {
        let idle = IdleWriter { stream, bytes: Vec::new(), start: 0 };
        Self { idle: Some(Box::new(idle)), running: None }
    }

    /// Hands the stream to a thread of the pool for one read or write.
    fn begin(&mut self, work: impl FnOnce(&mut IdleWriter<T>) -> io::Result<()> + Send + 'static) {
        let Some(mut idle) = self.idle.take() else { return };
        let place = Arc::new(Lock::new(None));
        let given_back = Arc::clone(&place);
        let task = in_background(Box::new(move || {
            let result = work(&mut idle);
            *place.lock() = Some((idle, result));
        }));
        self.running = Some((task, given_back));
    }

    /// Waits for the thread, if there is one.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((task, given_back)) = &mut self.running else { return Poll::Ready(Ok(())) };
        ready!(task.poll(context));
        let given_back = given_back.lock().take();
        self.running = None;
        match given_back {
            Some((idle, result)) => {
                self.idle = Some(idle);
                Poll::Ready(result)
            }
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

impl<T: Read + Send + Unpin + 'static> AsyncRead for Threaded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.running.is_none() {
            if let Some(idle) = &mut this.idle
                && idle.start < idle.bytes.len()
            {
                return Poll::Ready(Ok(idle.take(buffer)));
            }
            let most = buffer.len().min(PART_BYTES);
            this.begin(move |idle| idle.fill(most));
        }
        ready!(this.poll_idle(context))?;
        Poll::Ready(Ok(this.idle.as_mut().map_or(0, |idle| idle.take(buffer))))
    }
}

impl<T: Write + Send + Unpin + 'static> AsyncWrite for Threaded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_idle(context))?;
        let part = bytes[..bytes.len().min(PART_BYTES)].to_vec();
        let length = part.len();
        self.begin(move |idle| {
            idle.stream.write_all(&part)?;
            idle.stream.flush()
        });
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_idle(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

impl<T: Read> IdleWriter<T> {
    /// Reads no more than is asked for.
    fn fill(&mut self, most: usize) -> io::Result<()> {
        (self.start, self.bytes) = (0, vec![0; most]);
        let read = self.stream.read(&mut self.bytes);
        self.bytes.truncate(*read.as_ref().unwrap_or(&0));
        read.map(|_| ())
    }
}

impl<T> IdleWriter<T> {
    /// Hands on what was read; what that took is given back.
    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let rest = &self.bytes[self.start..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.start += length;
        if self.start == self.bytes.len() {
            (self.start, self.bytes) = (0, Vec::new());
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::AsyncReadExt;

    use super::*;

    #[test]
    fn no_more_is_read_than_asked_for() {
        let mut stream = Threaded::new(io::Cursor::new(*b"one two"));
        let mut buffer = [0; 3];
        smol::block_on(stream.read_exact(&mut buffer)).unwrap();
        assert_eq!(&buffer, b"one");
        let idle = stream.idle.unwrap();
        assert_eq!(idle.stream.position(), 3, "the rest is for whoever reads next");
    }
}
