//! `weft-lite skill`: the skills there are, what they say, what is wrong with them, and which are used.

mod command;
mod elsewhere;
mod found;
#[cfg(feature = "package")]
mod install;
mod list;
pub(super) mod named;
mod new;
mod show;
mod switch;
mod validate;
pub(super) use command::{SkillGroup, commands, run};
pub(super) use elsewhere::not_removable;
pub(super) use switch::remind_of_switch;
