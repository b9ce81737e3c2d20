//! `weft-lite skill remove`: files, record and approvals of an installed skill.

use std::path::Path;

use argh::FromArgs;
use weft_lite::package::{InstallRecord, PackageKind, installed_folder};
use weft_lite::skill::{SkillEntry, SkillLevel};

use super::{named, switch};
use crate::cli::flags::Options;
use crate::cli::{Failure, Status, package};

/// Remove an installed skill and what was approved for it.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "remove", example = "{command_name} deploy\n{command_name} deploy --yes")]
pub(super) struct Remove {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
    /// don't ask
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &Remove, options: &Options) -> Result<Status, Failure> {
    let home = options.weft_home()?;
    let (kind, name) = (PackageKind::Skill, &command.name);
    let Some(folder) = installed_folder(&home, kind, name) else {
        let snapshot = named::snapshot(options)?;
        return Err(elsewhere(named::find(&snapshot.skills, name)?));
    };
    let recorded = InstallRecord::read(&home, kind, name).is_ok_and(|record| record.is_some());
    let question = question(name, &folder, recorded);
    let question = (!command.yes).then_some(question.as_str());
    let status = package::remove(&home, kind, name, question, options)?;
    if status == Status::Done {
        switch::remind(&home, name);
    }
    Ok(status)
}

fn question(name: &str, folder: &Path, recorded: bool) -> String {
    if recorded {
        return format!("remove `{name}` and what was approved for it?");
    }
    let folder = folder.display();
    format!("`{name}` was not installed but written or copied to {folder}. delete it for good?")
}

/// Why a skill can't be removed, and how to do without it.
fn elsewhere(entry: &SkillEntry) -> Failure {
    let SkillEntry { name, level, provider, .. } = entry;
    let place = named::place(entry);
    let disable = format_args!("`weft-lite skill disable {name}`");
    match level {
        SkillLevel::Workspace => Failure::work(
            &format_args!("`{name}` belongs to the workspace: {place}"),
            &format_args!("delete its folder there, or switch it off with {disable}"),
        ),
        SkillLevel::Managed => Failure::work(
            &format_args!("`{name}` is not in a folder of its own name: {place}"),
            &format_args!("delete that folder, or switch it off with {disable}"),
        ),
        SkillLevel::Plugin => {
            let plugin = provider.as_deref().unwrap_or_default();
            Failure::work(
                &format_args!("`{name}` came with the plugin `{plugin}`: {place}"),
                &format_args!(
                    "remove that with `weft-lite plugin remove {plugin}`, or switch it off with {disable}"
                ),
            )
        }
        SkillLevel::Bundled => Failure::work(
            &format_args!("`{name}` is compiled in"),
            &format_args!("switch it off with {disable}"),
        ),
    }
}
