//! From the bytes of a `SKILL.md` to a [`SkillDocument`] with [`Diagnostic`]s. Nothing here reads a file.
//!
//! | decision | file |
//! | --- | --- |
//! | the order of the steps, and the sizes | `parse` |
//! | the encoding of the bytes | `decode` |
//! | where the frontmatter ends | `split` |
//! | which side of a merge conflict is read | `conflict` |
//! | what YAML says, and how broken YAML is repaired | `yaml` |
//! | which key a misspelt key stands for | `spelling` |
//! | a skill's name, its description and its other fields | `fields` |
//! | whether a deviation is a warning or an error | `findings` |

mod conflict;
mod decode;
mod diagnostic;
mod document;
mod fields;
mod findings;
mod frontmatter;
mod lines;
mod parse;
mod spelling;
mod split;
mod yaml;

pub use diagnostic::{Diagnostic, ParseMode, Severity};
pub use document::{
    CommandDispatch, InstallRecipe, SkillDocument, SkillFormat, SkillRequirements, SkillVariable,
};
pub(crate) use fields::slug;
pub use fields::{FolderNameFault, check_folder_name};
pub use frontmatter::Frontmatter;
pub use parse::{FRONTMATTER_BYTES, LARGE_SKILL_BYTES, ParsedSkill, SKILL_BYTES, parse_skill};
