//! The error of `skill remove` for a skill that exists and is not installed.

use weft_lite::skill::{SkillEntry, SkillLevel};

use super::named;
use crate::cli::CommandFailure;
use crate::cli::flags::Options;

/// Why a skill that is not installed can't be removed, and the next step.
///
/// # Errors
///
/// There is no skill of this name.
pub(in crate::cli) fn not_removable(
    name: &str,
    options: &Options,
) -> Result<CommandFailure, CommandFailure> {
    let snapshot = named::snapshot(options)?;
    named::find(&snapshot.skills, name).map(|entry| elsewhere(entry))
}

fn elsewhere(entry: &SkillEntry) -> CommandFailure {
    let SkillEntry { name, level, provider, .. } = entry;
    let place = named::place(entry);
    let disable = format_args!("`weft-lite skill disable {name}`");
    match level {
        SkillLevel::Workspace => CommandFailure::work(
            &format_args!("`{name}` belongs to the workspace: {place}"),
            &format_args!("delete its folder there, or switch it off with {disable}"),
        ),
        SkillLevel::Managed => CommandFailure::work(
            &format_args!("`{name}` is not in a folder of its own name: {place}"),
            &format_args!("delete that folder, or switch it off with {disable}"),
        ),
        SkillLevel::Plugin => {
            let plugin = provider.as_deref().unwrap_or_default();
            CommandFailure::work(
                &format_args!("`{name}` came with the plugin `{plugin}`: {place}"),
                &format_args!(
                    "remove that with `weft-lite plugin remove {plugin}`, or switch it off with {disable}"
                ),
            )
        }
        SkillLevel::Bundled => CommandFailure::work(
            &format_args!("`{name}` is compiled in"),
            &format_args!("switch it off with {disable}"),
        ),
    }
}
