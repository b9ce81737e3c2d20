//! Standard input and output as streams that wait on the reactor, where the system can. A thread between
//! them and whoever reads costs more than the call of a small tool, and it reads ahead: what it has read is
//! lost to the next start of the program ([`McpServer::finish`](crate::mcp::McpServer::finish)).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use futures_lite::AsyncRead;
#[cfg(feature = "mcp")]
use futures_lite::AsyncWrite;
use rustix::fs::OFlags;
use smol::Async;
#[cfg(feature = "mcp")]
use smol::Timer;

#[cfg(feature = "mcp")]
use super::hang_up::{LOOK, is_hung_up, is_read_to_its_end};
use super::lines::EndOnce;
use super::threaded::Threaded;

/// Standard input; one that is a socket is read by a thread.
#[must_use]
pub(crate) fn console_input() -> Box<dyn AsyncRead + Send + Unpin> {
    match pipe(io::stdin().as_fd(), "/proc/self/fd/0", OpenOptions::new().read(true)) {
        Some(stream) => Box::new(stream),
        None => Box::new(Threaded::new(EndOnce::new(io::stdin()))),
    }
}

/// Standard input, of which nobody else holds this end if it is a socket.
#[cfg(feature = "mcp")]
#[must_use]
pub(crate) fn input() -> Box<dyn AsyncRead + Send + Unpin> {
    match socket(io::stdin().as_fd()) {
        Some(stream) => Box::new(stream),
        None => console_input(),
    }
}

/// Standard output. Nothing else may write to it.
#[cfg(feature = "mcp")]
#[must_use]
pub(crate) fn output() -> Box<dyn AsyncWrite + Send + Unpin> {
    let fd = io::stdout();
    let stream = pipe(fd.as_fd(), "/proc/self/fd/1", OpenOptions::new().write(true));
    match stream.or_else(|| socket(fd.as_fd())) {
        Some(stream) => Box::new(stream),
        None => Box::new(Threaded::new(fd)),
    }
}

/// Waits until nobody can read standard output any more.
#[cfg(feature = "mcp")]
pub(crate) async fn reader_gone() {
    while !is_hung_up(io::stdout().as_fd()) {
        Timer::after(LOOK).await;
    }
}

/// Waits until nobody can write to standard input any more, also where there is something left to read.
#[cfg(feature = "mcp")]
pub(crate) async fn writer_gone() {
    while !is_read_to_its_end(io::stdin().as_fd()) {
        Timer::after(LOOK).await;
    }
}

/// The pipe. A stream for which the reactor waits must not block, and that is a property of what all
/// who have inherited it share; so it is reopened, which gives us our own file description.
fn pipe(fd: BorrowedFd<'_>, path: &str, how: &mut OpenOptions) -> Option<Async<File>> {
    let inherited = File::from(fd.try_clone_to_owned().ok()?);
    if !inherited.metadata().ok()?.file_type().is_fifo() {
        return None;
    }
    // Without this flag, opening would wait for the other end.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
    Async::new(how.custom_flags(flags).open(path).ok()?).ok()
}

/// The socket, which can't be reopened, but no other process uses this end of it.
#[cfg(feature = "mcp")]
fn socket(fd: BorrowedFd<'_>) -> Option<Async<File>> {
    let inherited = File::from(fd.try_clone_to_owned().ok()?);
    let is_socket = inherited.metadata().ok()?.file_type().is_socket();
    is_socket.then(|| Async::new(inherited).ok()).flatten()
}
