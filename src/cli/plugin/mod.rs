//! `weft-lite plugin`: what there is, and what a plugin is made of.

mod inspect;
mod list;

use argh::FromArgs;

use super::options::Options;
use super::{Failure, Status};

/// List and inspect plugins.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "plugin",
    example = "{command_name} list\n{command_name} inspect ./my-plugin"
)]
pub(super) struct Plugin {
    #[argh(subcommand)]
    command: Command,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum Command {
    List(list::List),
    Inspect(inspect::Inspect),
}

pub(super) fn run(command: &Plugin, options: &Options) -> Result<Status, Failure> {
    match &command.command {
        Command::List(_) => list::run(options),
        Command::Inspect(command) => inspect::run(command, options),
    }
}
