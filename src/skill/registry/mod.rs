//! The skills that there are at one moment, and the state of each.
//!
//! `precedence` decides which of several skills with the same name is in effect. `plugin_skills` adds the
//! skills that plugins provide without a file. `requirements` decides whether what a skill needs is there.
//! `entry` has a skill's state, and `switched_off` which skills the user has switched off. Nothing here reads a file.

mod entry;
mod plugin_skills;
mod precedence;
mod requirements;
mod switched_off;

pub use entry::{FoundSkill, Readiness, ShadowedSkill, SkillEntry, SkillLevel, SkillState};
pub use precedence::SkillRegistry;
pub use requirements::SkillHost;
pub(crate) use switched_off::SwitchedOff;
