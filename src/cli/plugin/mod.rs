//! `weft-lite plugin`: what there is, what a plugin is made of, and what may run.

mod approve;
mod inspect;
#[cfg(feature = "package")]
mod install;
mod list;
mod remove;
mod revoke;

use argh::FromArgs;
#[cfg(feature = "package")]
use weft_lite::package::PackageKind;

use super::logs::{self, Verbosity};
use super::options::Options;
#[cfg(feature = "package")]
use super::package;
use super::{Failure, Status};

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
    Pack(package::Pack),
    #[cfg(feature = "package")]
    Sign(package::Sign),
    #[cfg(feature = "package")]
    Withdraw(package::Withdraw),
}

/// The commands of this group.
pub(super) fn commands() -> &'static [&'static argh::CommandInfo] {
    <Command as argh::SubCommands>::COMMANDS
}

pub(super) fn run(command: &Plugin, options: &Options) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    match &command.command {
        Command::List(_) => list::run(options),
        Command::Inspect(command) => inspect::run(command, options),
        #[cfg(feature = "package")]
        Command::Install(command) => install::run(command, options),
        Command::Remove(command) => remove::run(command, options),
        Command::Approve(command) => approve::run(command, options),
        Command::Revoke(command) => revoke::run(command, options),
        #[cfg(feature = "package")]
        Command::Pack(command) => package::pack(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        Command::Sign(command) => package::sign(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        Command::Withdraw(command) => package::withdraw(command, PackageKind::Plugin, options),
    }
}
