//! Channels that are built in.

mod console;
mod lines;
#[cfg(feature = "socket")]
mod socket;

#[cfg(feature = "console")]
pub use console::AboveLine;
pub use console::{Complete, ConsoleChannel, ConsoleEditing, ConsoleStyle};
#[cfg(feature = "mcp")]
pub(crate) use lines::{Line, Lines};
#[cfg(feature = "socket")]
pub use socket::{SocketAddress, SocketChannel, SocketOptions, TokenSource};
