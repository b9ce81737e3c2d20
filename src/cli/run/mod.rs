//! `weft-lite run`: everything loaded, and its channels served until they end or a signal comes.

pub(super) mod changes;
mod channels;
mod command;
#[cfg(feature = "mcp")]
mod mcp;
mod once;
mod serve;
mod startup;

pub(super) use command::{Run, run};
#[cfg(feature = "mcp")]
pub(super) use mcp::Mcp;
