//! Detects that the peer of a stream is gone, without reading or writing.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, poll};

/// How often a silent client with running work is checked.
#[cfg(feature = "mcp")]
pub(crate) const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

/// Whether the other end is closed: of a pipe, its reader or all its writers; of a socket, both
/// directions. Of TCP this is known when writing fails, or when the kernel has looked for it in vain.
pub(crate) fn is_hung_up(fd: BorrowedFd<'_>) -> bool {
    has_any(fd, PollFlags::HUP | PollFlags::ERR, PollFlags::empty())
}

/// Whether the other end sends nothing more, although there may be something left to read.
#[cfg(feature = "mcp")]
pub(crate) fn is_read_to_its_end(fd: BorrowedFd<'_>) -> bool {
    #[cfg(target_os = "linux")]
    let half = PollFlags::RDHUP;
    #[cfg(not(target_os = "linux"))]
    let half = PollFlags::empty();
    has_any(fd, PollFlags::HUP | PollFlags::ERR | half, half)
}

/// Whether the kernel reports one of `flags` now. `asked` are those that it reports only on request.
fn has_any(fd: BorrowedFd<'_>, flags: PollFlags, asked: PollFlags) -> bool {
    let no_time = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut fds = [PollFd::from_borrowed_fd(fd, asked)];
    poll(&mut fds, Some(&no_time)).is_ok() && fds[0].revents().intersects(flags)
}
