//! The console: what is typed or piped in is messages, what they come to is printed.
//!
//! It knows nothing of what messages mean; that is its host's business.

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
