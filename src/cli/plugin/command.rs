//! The subcommands of `weft-lite plugin`.

use argh::FromArgs;
use weft_lite::package::PackageKind;

#[cfg(feature = "package")]
use super::install;
use super::{inspect, list};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
use crate::cli::package;
use crate::cli::{CommandFailure, Status};

/// List, inspect, install and approve plugins.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "plugin",
    example = "{command_name} list\n{command_name} inspect ./my-plugin\n{command_name} install ./my-plugin"
)]
pub(in crate::cli) struct PluginGroup {
    #[argh(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum PluginCommand {
    List(list::ListPlugins),
    Inspect(inspect::Inspect),
    #[cfg(feature = "package")]
    Install(install::InstallPlugin),
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
    <PluginCommand as argh::SubCommands>::COMMANDS
}

pub(in crate::cli) fn run(
    command: &PluginGroup,
    options: &Options,
) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    match &command.command {
        PluginCommand::List(_) => list::run(options),
        PluginCommand::Inspect(command) => inspect::run(command, options),
        #[cfg(feature = "package")]
        PluginCommand::Install(command) => install::run(command, options),
        PluginCommand::Remove(command) => package::remove(command, PackageKind::Plugin, options),
        PluginCommand::Approve(command) => package::approve(command, PackageKind::Plugin, options),
        PluginCommand::Revoke(command) => package::revoke(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        PluginCommand::Pack(command) => package::pack(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        PluginCommand::Sign(command) => package::sign(command, PackageKind::Plugin, options),
        #[cfg(feature = "package")]
        PluginCommand::Withdraw(command) => {
            package::withdraw(command, PackageKind::Plugin, options)
        }
    }
}
