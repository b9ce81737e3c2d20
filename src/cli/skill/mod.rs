//! `weft-lite skill`: the skills there are, what they say, what is wrong with them, and which are used.

mod approve;
mod command;
mod found;
#[cfg(feature = "package")]
mod install;
mod list;
mod named;
mod new;
mod remove;
mod revoke;
mod show;
mod switch;
mod validate;
pub(super) use command::{Skill, commands, run};
