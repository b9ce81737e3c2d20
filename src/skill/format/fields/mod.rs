//! From the values of a frontmatter to the fields of a `SkillDocument`.
//!
//! `assemble` decides every field, and which name a skill has: the one in its frontmatter, its folder's, or one
//! derived from them. `name` has the rules for names of skills and folders. `values` converts scalars,
//! lists, tools and variables, `openclaw` reads `metadata.openclaw`, and `paragraph` takes a missing
//! description from the instructions.

mod assemble;
mod name;
mod openclaw;
mod paragraph;
mod values;

pub(super) use assemble::{SkillSource, document};
pub(crate) use name::slug;
pub use name::{FolderNameFault, check_folder_name};
