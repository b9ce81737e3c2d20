//! Skills as people write them: reading `SKILL.md`, finding skills on disk, and which of two with
//! the same name is meant.
//!
//! Nothing here runs anything: a skill's text is data, and a skill with code becomes a plugin
//! package that the plugin host runs like any other.

mod diagnostic;
mod document;
mod entry;
mod registry;
mod requirements;

pub use diagnostic::{Diagnostic, Severity};
pub use document::{
    CommandDispatch, InstallRecipe, SkillDocument, SkillFormat, SkillRequirements, SkillVariable,
};
pub use entry::{FoundSkill, Readiness, ShadowedSkill, SkillEntry, SkillLevel, SkillState};
pub use registry::SkillRegistry;
pub use requirements::SkillSurroundings;
