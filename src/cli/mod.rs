//! The command line: one file for each command, and the one place that decides the exit status.
//!
//! 0 is success, even if the reader of the output has gone; 1 means that the work failed, 2 that the command line
//! was wrong. `call`, `run --message` and questions for a line end with 130 when they are interrupted. Commands that serve end with 130
//! when they are interrupted during the load or a second time.

mod arguments;
mod audit;
#[cfg(feature = "autonomous")]
mod autonomous;
mod call;
mod clock;
mod dispatch;
mod exit;
mod failure;
mod flags;
mod interrupts;
#[cfg(feature = "package")]
mod key;
mod logs;
#[cfg(feature = "net")]
mod model;
mod output;
mod package;
mod panics;
mod plugin;
mod program;
mod report;
mod restart;
mod run;
mod secret;
mod session;
mod skill;
mod status;
#[cfg(feature = "store")]
mod store;
mod suggestion;
mod synonyms;
mod terminal;
mod threads;
mod tools;
mod trust;

pub(crate) use dispatch::main;
use failure::CommandFailure;
use status::Status;
use suggestion::suggestion;
