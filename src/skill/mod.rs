//! Skills as people write them: reads `SKILL.md`, finds skills on disk, and decides which of several with
//! the same name is effective.
//!
//! Nothing here runs anything: a skill's text is data, and a skill with code becomes a plugin
//! package that the plugin host runs like any other.
//!
//! # Trust
//!
//! The skills and the configuration of a workspace are read only if the user trusts it. `$WEFT_HOME` belongs to the user
//! and needs no trust.
//!
//! # Valid and strict
//!
//! A skill is valid if it loads. YAML that does not parse is repaired if the intention is clear, with a warning for each repair. In
//! strict mode each deviation from the Agent Skills specification is an error.
//!
//! # Control tokens
//!
//! Models read texts of strangers: skills, names, descriptions, schemas, results, errors, `SOUL.md`. Markers by which models
//! recognize speakers (`<system>`, `</user>`, `<tool_result>`, `<|im_start|>`, `<s>`, `[INST]`, `### System:`) become harmless
//! text, such as `&lt;system>`. They are recognized in any case and with invisible characters in between. Characters that
//! hide text are removed. Everything else stays byte for byte.
//!
//! # Approval
//!
//! A managed skill whose `allowed-tools` reach a shell (`Bash(git:*)`, `exec`, `run_terminal_cmd`, `*`) is pending until the
//! user approves it, also if it was copied by hand. The code beside a skill is approved like a plugin, and apart from a
//! plugin of the same name.
//!
//! # Commands
//!
//! Every active skill that people may call is a command. With `command-dispatch: tool` its text goes to one
//! tool as `{"command": "...", "commandName": NAME, "skillName": NAME}`; `allowed-tools`, if present, must name that tool.

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
