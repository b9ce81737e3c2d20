//! Finds the package that a command names, and the id of its approvals.

use std::path::PathBuf;

use weft_lite::package::{PackageKind, installed_folder, skill_approval_id};
use weft_lite::skill::SkillLevel;

use super::not_installed;
use crate::cli::CommandFailure;
use crate::cli::flags::Options;
use crate::cli::skill::named;

/// A package that is approved on its own: an installed one, or a skill of the workspace.
pub(super) struct ApprovalTarget {
    pub(super) folder: PathBuf,
    /// The id of its approvals.
    pub(super) approval_id: String,
    /// Whether it is a skill of the workspace. The trust in the workspace covers its text.
    pub(super) is_in_workspace: bool,
}

impl ApprovalTarget {
    /// The package of this kind and name.
    ///
    /// # Errors
    ///
    /// No such package is installed, or the skill comes with a plugin or with the program.
    pub(super) fn find(
        kind: PackageKind,
        name: &str,
        options: &Options,
    ) -> Result<Self, CommandFailure> {
        match kind {
            PackageKind::Plugin => Self::plugin(name, options),
            PackageKind::Skill => Self::skill(name, options),
        }
    }

    fn plugin(id: &str, options: &Options) -> Result<Self, CommandFailure> {
        let home = options.weft_home()?;
        let kind = PackageKind::Plugin;
        let folder =
            installed_folder(&home, kind, id).ok_or_else(|| not_installed(&home, kind, id))?;
        Ok(Self { folder, approval_id: kind.approval_id(id), is_in_workspace: false })
    }

    fn skill(name: &str, options: &Options) -> Result<Self, CommandFailure> {
        let snapshot = named::snapshot(options)?;
        let entry = named::find(&snapshot.skills, name)?;
        let Some(approval_id) = skill_approval_id(entry.level, name, &options.real_workspace())
        else {
            return Err(match entry.provider.as_deref() {
                Some(plugin) if entry.level == SkillLevel::Plugin => CommandFailure::work(
                    &format_args!("`{name}` came with the plugin `{plugin}`"),
                    &format_args!(
                        "what that may do is a matter of `weft-lite plugin approve {plugin}`"
                    ),
                ),
                _ => CommandFailure::work(
                    &format_args!("`{name}` is compiled in, and needs no approval"),
                    &format_args!("to do without it, use `weft-lite skill disable {name}`"),
                ),
            });
        };
        let folder = entry.path.as_deref().and_then(|path| path.parent());
        let folder = folder.map(ToOwned::to_owned).unwrap_or_default();
        let is_in_workspace = entry.level == SkillLevel::Workspace;
        Ok(Self { folder, approval_id, is_in_workspace })
    }
}
