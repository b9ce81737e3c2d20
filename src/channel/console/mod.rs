//! The console: lines that are typed or piped in are messages, and replies are printed.
//!
//! It does not interpret messages; its host does.

#[cfg(feature = "console")]
mod above;
mod channel;
mod editing;
#[cfg(feature = "console")]
mod editor;
mod look;

#[cfg(feature = "console")]
pub use above::AboveLine;
pub use channel::ConsoleChannel;
pub use editing::{Complete, ConsoleEditing};
pub use look::ConsoleStyle;
