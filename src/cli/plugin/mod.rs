//! `weft-lite plugin`: lists, inspects, installs and approves plugins.

mod command;
mod inspect;
#[cfg(feature = "package")]
mod install;
mod list;
pub(super) use command::{PluginGroup, commands, run};
