//! `weft-lite plugin`: what there is, what a plugin is made of, and what may run.

mod approve;
mod inspect;
#[cfg(feature = "package")]
mod install;
mod list;
#[cfg(feature = "package")]
mod pack;
mod remove;
mod revoke;
#[cfg(feature = "package")]
mod sign;

use argh::FromArgs;

use super::options::Options;
use super::{Failure, Status, failed};

/// List, inspect, install and approve plugins.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "plugin",
    example = "{command_name} list\n{command_name} inspect ./my-plugin\n{command_name} install ./my-plugin"
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
    #[cfg(feature = "package")]
    Install(install::Install),
    Remove(remove::Remove),
    Approve(approve::Approve),
    Revoke(revoke::Revoke),
    #[cfg(feature = "package")]
    Pack(pack::Pack),
    #[cfg(feature = "package")]
    Sign(sign::Sign),
}

pub(super) fn run(command: &Plugin, options: &Options) -> Result<Status, Failure> {
    match &command.command {
        Command::List(_) => list::run(options),
        Command::Inspect(command) => inspect::run(command, options),
        #[cfg(feature = "package")]
        Command::Install(command) => install::run(command, options),
        Command::Remove(command) => remove::run(command, options),
        Command::Approve(command) => approve::run(command, options),
        Command::Revoke(command) => revoke::run(command, options),
        #[cfg(feature = "package")]
        Command::Pack(command) => pack::run(command, options),
        #[cfg(feature = "package")]
        Command::Sign(command) => sign::run(command, options),
    }
}

fn not_installed(id: &str) -> Failure {
    let next_step = "see `weft-lite plugin list` for those there are".to_owned();
    failed(&format!("no plugin `{id}` is installed"), next_step)
}
