//! Skills as people write them: reads `SKILL.md`, finds skills on disk, and decides which of several with
//! the same name is effective.
//!
//! Nothing here runs anything: a skill's text is data, and a skill with code becomes a plugin
//! package that the plugin host runs like any other.
//!
//! | question | folder |
//! | --- | --- |
//! | Which folders are skills, and which of their files are read? | `discover` |
//! | What does a `SKILL.md` say? What is the skill's name? | `format`, the name in `format/fields` |
//! | Which skill of a name is in effect, and in what state is it? | `registry` |
//! | What does its prompt say, and which of its tools reach a shell? | `prompt` |
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
mod discover;
mod format;
mod prompt;
mod registry;

#[cfg(feature = "bundled")]
pub use bundled::BUNDLED_SKILLS;
#[cfg(feature = "package")]
pub(crate) use discover::is_leftover;
pub use discover::{
    Fingerprint, SKILL_FILES, SkillFiles, SkillFolder, SkillReader, SkillRoot, is_ignored_folder,
};
#[cfg(feature = "mcp")]
pub(crate) use discover::{OpenSkill, SKILL_FILE, SKILL_TOTAL_BYTES};
pub(crate) use discover::{at_most, is_ignored_name, open_regular};
pub(crate) use format::slug;
pub use format::{
    CommandDispatch, Diagnostic, FRONTMATTER_BYTES, FolderNameFault, Frontmatter, InstallRecipe,
    LARGE_SKILL_BYTES, ParseMode, ParsedSkill, SKILL_BYTES, Severity, SkillDocument, SkillFormat,
    SkillRequirements, SkillVariable, check_folder_name, parse_skill,
};
pub use prompt::MissingVariables;
pub(crate) use registry::SwitchedOff;
pub use registry::{
    FoundSkill, Readiness, ShadowedSkill, SkillEntry, SkillHost, SkillLevel, SkillRegistry,
    SkillState,
};
