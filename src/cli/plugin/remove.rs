//! `weft-lite plugin remove`: files, record and approvals of an installed plugin.

use argh::FromArgs;
use weft_lite::package::{PackageKind, installed_folder};

use crate::cli::flags::Options;
use crate::cli::package;
use crate::cli::{Failure, Status};

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
    let home = options.weft_home()?;
    let id = &command.id;
    let kind = PackageKind::Plugin;
    installed_folder(&home, kind, id).ok_or_else(|| package::not_installed(&home, kind, id))?;
    let question = format!("remove `{id}` and what was approved for it?");
    package::remove(&home, kind, id, (!command.yes).then_some(question.as_str()), options)
}
