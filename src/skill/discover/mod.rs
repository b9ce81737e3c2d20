//! Skills on disk: which folders are skills, and which of their files are read.
//!
//! `walk` decides which folders beneath a root are skills, and `ignored` which folders and files never belong
//! to one. `reader` reads a skill's `SKILL.md`, `files` lists and reads the files beside it, `regular` opens a
//! file that must not be a pipe or a device, and `fingerprint` decides whether a file has changed.

#[cfg(feature = "mcp")]
mod files;
mod fingerprint;
mod ignored;
mod reader;
mod regular;
mod walk;

#[cfg(feature = "mcp")]
pub(crate) use files::{OpenSkill, SKILL_FILE, SKILL_TOTAL_BYTES};
pub use fingerprint::Fingerprint;
pub use ignored::is_ignored_folder;
pub(crate) use ignored::is_ignored_name;
#[cfg(feature = "package")]
pub(crate) use ignored::is_leftover;
pub use reader::SkillReader;
pub(crate) use regular::{at_most, open_regular};
pub use walk::{SKILL_FILES, SkillFiles, SkillFolder, SkillRoot};
