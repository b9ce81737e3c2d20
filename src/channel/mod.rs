//! Channels that are built in.

mod console;
#[cfg(any(feature = "socket", feature = "mcp"))]
mod hang_up;
mod lines;
#[cfg(feature = "socket")]
mod socket;
pub(crate) mod standard;
mod threaded;

#[cfg(feature = "console")]
pub use console::AboveLine;
pub use console::{Complete, ConsoleChannel, ConsoleEditing, ConsoleStyle};
#[cfg(feature = "serve")]
pub(crate) use hang_up::{LOOK, is_read_to_its_end};
#[cfg(feature = "mcp")]
pub(crate) use lines::{Line, Lines};
#[cfg(feature = "socket")]
pub use socket::{SocketAddress, SocketChannel, SocketOptions, TokenSource};
