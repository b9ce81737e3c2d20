//! Channels that are built in.

mod console;
mod lines;

pub use console::ConsoleChannel;
