//! `weft-lite plugin`: what there is, what a plugin is made of, and what may run.

mod command;
mod inspect;
#[cfg(feature = "package")]
mod install;
mod list;
pub(super) use command::{PluginGroup, commands, run};
