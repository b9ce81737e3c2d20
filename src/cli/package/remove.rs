//! `weft-lite plugin remove` and `skill remove`: removes an installed package with its record and approvals.

use std::path::Path;

use argh::FromArgs;
use weft_lite::package::{
    InstallRecord, PackageKind, Prompt, has_kept, installed_folder, uninstall,
};

use super::not_installed;
use crate::cli::flags::Options;
use crate::cli::skill;
use crate::cli::terminal::Terminal;
use crate::cli::{CommandFailure, Status, output};

/// Remove an installed package and its approvals.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "remove",
    example = "{command_name} com.example.clock\n{command_name} com.example.clock --yes"
)]
pub(in crate::cli) struct Remove {
    /// the plugin's id, or the skill's name
    #[argh(positional, arg_name = "ID")]
    id: String,
    /// don't ask
    #[argh(switch)]
    yes: bool,
}

pub(in crate::cli) fn remove(
    command: &Remove,
    kind: PackageKind,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let home = options.weft_home()?;
    let id = &command.id;
    let folder = installed_folder(&home, kind, id);
    if folder.is_none() && !has_kept(&home, kind, id) {
        return Err(match kind {
            PackageKind::Plugin => not_installed(&home, kind, id),
            PackageKind::Skill => skill::not_removable(id, options)?,
        });
    }
    let question = question(&home, kind, id, folder.as_deref());
    if !command.yes && !confirm(id, &question)? {
        return Ok(Status::Failed);
    }
    if !uninstall(&home, kind, id)? && folder.is_some() {
        return Err(not_installed(&home, kind, id));
    }
    output::done(options.form(), &[("removed", &id)], &format_args!("removed: {id}"))?;
    if kind == PackageKind::Skill {
        skill::remind_of_switch(&home, id);
    }
    Ok(Status::Done)
}

fn question(home: &Path, kind: PackageKind, id: &str, folder: Option<&Path>) -> String {
    let Some(folder) = folder else {
        return format!("`{id}` is not installed any more. remove what it has kept?");
    };
    let is_recorded = || InstallRecord::read(home, kind, id).is_ok_and(|record| record.is_some());
    if kind == PackageKind::Plugin || is_recorded() {
        return format!("remove `{id}`, what was approved for it and what it has kept?");
    }
    let folder = folder.display();
    format!("`{id}` was not installed but written or copied to {folder}. delete it for good?")
}

/// Asks at the terminal. Without a terminal, `--yes` is needed.
fn confirm(id: &str, question: &str) -> Result<bool, CommandFailure> {
    Terminal.confirm(question).ok_or_else(|| {
        CommandFailure::usage(
            &format_args!("nobody is there to ask whether to remove `{id}`"),
            &"say so with `--yes`",
        )
    })
}
