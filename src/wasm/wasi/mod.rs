//! The closed answer to WASI: clocks, random bytes, bounded waits, and output that goes to the log. No files, no
//! sockets, no environment, no arguments.

mod clock;
mod limits;
pub(super) mod preview1;
pub(super) mod preview2;

pub(super) use clock::time_until;
