//! `weft-lite skill`: lists, shows, checks, installs and switches skills.

mod command;
#[cfg(feature = "bundled")]
mod compile;
mod elsewhere;
mod found;
#[cfg(feature = "package")]
mod install;
mod list;
pub(super) mod named;
mod new;
#[cfg(feature = "autonomous")]
mod proposals;
mod show;
mod switch;
mod validate;
pub(super) use command::{SkillGroup, commands, run};
pub(super) use elsewhere::not_removable;
pub(super) use switch::remind_of_switch;
