//! Finds a skill by its name, and describes its place.

use std::sync::Arc;

use weft_lite::Snapshot;
use weft_lite::skill::{SkillEntry, SkillLevel, SkillRegistry};
use weft_lite::text::printable;

use crate::cli::flags::Options;
use crate::cli::{CommandFailure, suggestion};

/// The snapshot after a load.
pub(in crate::cli) fn snapshot(options: &Options) -> Result<Arc<Snapshot>, CommandFailure> {
    Ok(options.load()?.host().snapshot())
}

/// The skill of this name, in any state.
pub(in crate::cli) fn find<'r>(
    skills: &'r SkillRegistry,
    name: &str,
) -> Result<&'r Arc<SkillEntry>, CommandFailure> {
    skills.get(name).ok_or_else(|| {
        let known = skills.entries().map(|entry| &*entry.name);
        let list = "see `weft-lite skill list` for those there are, with --trust also those of the workspace";
        let next_step = suggestion(name, known, list);
        CommandFailure::work(&format_args!("there is no skill `{name}`"), &next_step)
    })
}

/// Where a skill is, in words.
pub(super) fn place(entry: &SkillEntry) -> String {
    match &entry.path {
        Some(path) => printable(&path.display().to_string()),
        None if entry.level == SkillLevel::Plugin => "provided by its plugin".into(),
        None => "compiled in".into(),
    }
}
