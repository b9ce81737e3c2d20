//! Skills as people write them: reading `SKILL.md`, finding skills on disk, and which of two with
//! the same name is meant.
//!
//! Nothing here runs anything: a skill's text is data, and a skill with code becomes a plugin
//! package that the plugin host runs like any other.

#[cfg(feature = "bundled")]
mod bundled;
mod conflict;
mod decode;
mod diagnostic;
mod discover;
mod document;
mod entry;
mod fields;
#[cfg(feature = "mcp")]
mod files;
mod findings;
mod fingerprint;
mod frontmatter;
mod ignored;
mod json5;
mod keys;
mod lines;
mod mend;
mod name;
mod nesting;
mod openclaw;
mod paragraph;
mod parse;
mod read;
mod registry;
mod regular;
mod render;
mod requirements;
mod shell;
mod spelling;
mod split;
mod told;
mod values;
mod yaml;

#[cfg(feature = "bundled")]
pub use bundled::BUNDLED_SKILLS;
pub use diagnostic::{Diagnostic, Severity};
pub use discover::{SKILL_FILES, SkillFiles, SkillFolder, SkillRoot};
pub use document::{
    CommandDispatch, InstallRecipe, SkillDocument, SkillFormat, SkillRequirements, SkillVariable,
};
pub use entry::{FoundSkill, Readiness, ShadowedSkill, SkillEntry, SkillLevel, SkillState};
#[cfg(feature = "mcp")]
pub(crate) use files::{OpenSkill, SKILL_FILE, SKILL_TOTAL_BYTES};
pub use fingerprint::Fingerprint;
pub use frontmatter::Frontmatter;
pub use ignored::is_ignored_folder;
pub(crate) use ignored::is_ignored_name;
#[cfg(feature = "package")]
pub(crate) use ignored::is_leftover;
pub(crate) use name::slug;
pub use name::{FolderNameFault, check_folder_name};
pub use parse::{
    FRONTMATTER_BYTES, LARGE_SKILL_BYTES, ParseMode, ParsedSkill, SKILL_BYTES, parse_skill,
};
pub use read::SkillReader;
pub use registry::SkillRegistry;
pub(crate) use regular::{at_most, open_regular};
pub use render::MissingVariables;
pub use requirements::SkillSurroundings;
