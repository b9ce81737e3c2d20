//! The subcommands of `weft-lite plugin`.

use argh::FromArgs;
#[cfg(feature = "package")]
use weft_lite::package::PackageKind;

#[cfg(feature = "package")]
use super::install;
use super::{approve, inspect, list, remove, revoke};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
#[cfg(feature = "package")]
use crate::cli::package;
use crate::cli::{Failure, Status};

/// List, inspect, install and approve plugins.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "plugin",
    example = "{command_name} list\n{command_name} inspect ./my-plugin\n{command_name} install ./my-plugin"
)]
pub(in crate::cli) struct Plugin {
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
pub(in crate::cli) fn commands() -> &'static [&'static argh::CommandInfo] {
    <Command as argh::SubCommands>::COMMANDS
}

pub(in crate::cli) fn run(command: &Plugin, options: &Options) -> Result<Status, Failure> {
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
