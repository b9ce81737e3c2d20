//! `weft-lite plugin remove`: files, record and approvals of an installed plugin.

use argh::FromArgs;
use weft_lite::{PackageKind, Prompt, installed_folder, uninstall};

use super::approve::refused;
use super::not_installed;
use crate::cli::logs::{self, Verbosity};
use crate::cli::options::Options;
use crate::cli::terminal::Terminal;
use crate::cli::{Failure, Status, output};

/// Remove an installed plugin and what was approved for it.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "remove",
    example = "{command_name} com.example.clock\n{command_name} com.example.clock --yes"
)]
pub(super) struct Remove {
    /// the plugin's id
    #[argh(positional, arg_name = "ID")]
    id: String,
    /// don't ask
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &Remove, options: &Options) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    let home = options.weft_home()?;
    let id = &command.id;
    installed_folder(&home, id).ok_or_else(|| not_installed(id))?;
    if !command.yes {
        match Terminal.confirm(&format!("remove `{id}` and what was approved for it?")) {
            Some(true) => {}
            Some(false) => return Ok(Status::Failed),
            None => {
                return Err(Failure::Usage {
                    message: format!("nobody is there to ask whether to remove `{id}`"),
                    next_step: "say so with `--yes`".into(),
                });
            }
        }
    }
    if !uninstall(&home, id).map_err(|error| refused(&error))? {
        return Err(not_installed(id));
    }
    output::message(&format!("removed: {id}"));
    Ok(Status::Done)
}
