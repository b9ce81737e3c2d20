//! The skill that a name means, and what its approvals are kept under.

use std::path::PathBuf;
use std::sync::Arc;

use weft_lite::Snapshot;
use weft_lite::package::skill_approval_id;
use weft_lite::skill::{SkillEntry, SkillLevel, SkillRegistry};
use weft_lite::text::printable;

use crate::cli::flags::Options;
use crate::cli::{Failure, suggestion};

/// Everything that is loaded.
pub(super) fn snapshot(options: &Options) -> Result<Arc<Snapshot>, Failure> {
    Ok(options.load()?.host().snapshot())
}

/// The skill of this name, in whatever state it is.
pub(super) fn find<'r>(
    skills: &'r SkillRegistry,
    name: &str,
) -> Result<&'r Arc<SkillEntry>, Failure> {
    skills.get(name).ok_or_else(|| {
        let known = skills.entries().map(|entry| &*entry.name);
        let list = "see `weft-lite skill list` for those there are, with --trust also those of the workspace";
        let next_step = suggestion(name, known, list);
        Failure::work(&format_args!("there is no skill `{name}`"), &next_step)
    })
}

/// Where a skill is, in words.
pub(super) fn place(entry: &SkillEntry) -> String {
    match &entry.path {
        Some(path) => printable(&path.display().to_string()),
        None if entry.level == SkillLevel::Plugin => "told by its plugin".into(),
        None => "compiled in".into(),
    }
}

/// A skill that is approved on its own: an installed one, or one of the workspace.
pub(super) struct Own {
    pub(super) folder: PathBuf,
    /// The id under which its approvals are kept.
    pub(super) approval_id: String,
    pub(super) level: SkillLevel,
}

impl Own {
    /// The skill that this name means.
    ///
    /// # Errors
    ///
    /// There is none, or it came with something else.
    pub(super) fn find(options: &Options, name: &str) -> Result<Self, Failure> {
        let snapshot = snapshot(options)?;
        let entry = find(&snapshot.skills, name)?;
        let Some(approval_id) = skill_approval_id(entry.level, name, &options.real_workspace())
        else {
            return Err(match entry.provider.as_deref() {
                Some(plugin) if entry.level == SkillLevel::Plugin => Failure::work(
                    &format_args!("`{name}` came with the plugin `{plugin}`"),
                    &format_args!(
                        "what that may do is a matter of `weft-lite plugin approve {plugin}`"
                    ),
                ),
                _ => Failure::work(
                    &format_args!("`{name}` is compiled in, and needs no approval"),
                    &format_args!("to do without it, use `weft-lite skill disable {name}`"),
                ),
            });
        };
        let folder = entry.path.as_deref().and_then(|path| path.parent());
        let folder = folder.map(ToOwned::to_owned).unwrap_or_default();
        Ok(Self { folder, approval_id, level: entry.level })
    }
}
