//! The subcommands of `weft-lite plugin`.

use argh::FromArgs;
use weft_lite::package::PackageKind;

#[cfg(feature = "package")]
use super::install;
use super::{inspect, list};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
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
    Remove(package::Remove),
    Approve(package::Approve),
    Revoke(package::Revoke),
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
        Command::Remove(command) => package::remove(command, PackageKind::Plugin, options),
        Command::Approve(command) => package::approve(command, PackageKind::Plugin, options),
        Command::Revoke(command) => package::revoke(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        Command::Pack(command) => package::pack(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        Command::Sign(command) => package::sign(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        Command::Withdraw(command) => package::withdraw(command, PackageKind::Plugin, options),
    }
}
