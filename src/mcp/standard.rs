//! Standard input and output as streams that wait on the reactor, where the system can: a thread
//! between them and the server would cost more than the call of a small tool.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use futures_lite::{AsyncRead, AsyncWrite};
use rustix::fs::OFlags;
use smol::{Async, Timer};

use crate::channel::{LOOK, Threaded, is_hung_up, is_read_to_its_end};

/// Standard input.
#[must_use]
pub(super) fn input() -> Box<dyn AsyncRead + Send + Unpin> {
    match pollable(io::stdin().as_fd(), "/proc/self/fd/0", OpenOptions::new().read(true)) {
        Some(stream) => Box::new(stream),
        None => Box::new(Threaded::new(io::stdin())),
    }
}

/// Standard output. Nothing else may write to it.
#[must_use]
pub(super) fn output() -> Box<dyn AsyncWrite + Send + Unpin> {
    match pollable(io::stdout().as_fd(), "/proc/self/fd/1", OpenOptions::new().write(true)) {
        Some(stream) => Box::new(stream),
        None => Box::new(Threaded::new(io::stdout())),
    }
}

/// Waits until nobody can read standard output any more.
pub(super) async fn reader_gone() {
    while !is_hung_up(io::stdout().as_fd()) {
        Timer::after(LOOK).await;
    }
}

/// Waits until nobody can write to standard input any more, also where there is something left to read.
pub(super) async fn writer_gone() {
    while !is_read_to_its_end(io::stdin().as_fd()) {
        Timer::after(LOOK).await;
    }
}

/// The stream, if the reactor can wait for it: a pipe or a socket.
///
/// Such a stream must not block, and that is a property of what all who have inherited it share. So a
/// pipe is opened anew, which makes one of our own; a socket can't be, but nobody reads or writes this
/// end of it beside us. Files and terminals stay as they are.
fn pollable(fd: BorrowedFd<'_>, path: &str, how: &mut OpenOptions) -> Option<Async<File>> {
    let inherited = File::from(fd.try_clone_to_owned().ok()?);
    let kind = inherited.metadata().ok()?.file_type();
    if kind.is_fifo() {
        // Without this flag, opening would wait for the other end.
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
        return Async::new(how.custom_flags(flags).open(path).ok()?).ok();
    }
    kind.is_socket().then(|| Async::new(inherited).ok()).flatten()
}
