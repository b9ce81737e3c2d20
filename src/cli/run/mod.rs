//! `weft-lite run`: loads everything and serves its channels, until they end or a signal comes.

mod arguments;
pub(super) mod changes;
mod channels;
mod command;
#[cfg(feature = "mcp")]
mod mcp;
mod once;
mod serve;
mod startup;

#[cfg(feature = "mcp")]
pub(super) use arguments::Mcp;
pub(super) use arguments::Run;
pub(super) use command::run;
