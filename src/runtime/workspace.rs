//! The folders and files of a workspace from which settings, skills and the prompt are read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::pipeline::SOUL_FILE;

/// The folders of a workspace's skills, in path order.
pub(super) const WORKSPACE_SKILLS: [&str; 3] = [".weft/skills", ".clawft/skills", ".agents/skills"];

/// The places in a workspace that become settings, skills or a prompt.
///
/// No plugin can write there, whether they exist yet or not: authority never flows from what a
/// guest can write.
#[must_use]
pub fn workspace_authority(workspace: &Path) -> Vec<PathBuf> {
    let skills = WORKSPACE_SKILLS.iter().map(Path::new);
    let roots = skills.clone().filter_map(Path::parent);
    roots.chain(skills).chain([Path::new(SOUL_FILE)]).map(|name| workspace.join(name)).collect()
}

/// Whether two paths are the same file or folder.
pub(super) fn same_place(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
