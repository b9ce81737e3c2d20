//! The subcommands of `weft-lite skill`.

use argh::FromArgs;
use weft_lite::package::PackageKind;
use weft_lite::package::SkillSwitch;

#[cfg(feature = "package")]
use super::install;
use super::{list, new, show, switch, validate};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
use crate::cli::package;
use crate::cli::{Failure, Status};

/// List, show, check, install and write skills.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "skill",
    example = "{command_name} list\n{command_name} install ./my-skill\n{command_name} validate ./skills --strict"
)]
pub(in crate::cli) struct Skill {
    #[argh(subcommand)]
    command: Command,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Validate(validate::Validate),
    New(new::New),
    #[cfg(feature = "package")]
    Install(install::Install),
    Remove(package::Remove),
    Enable(switch::Enable),
    Disable(switch::Disable),
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

pub(in crate::cli) fn run(command: &Skill, options: &Options) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    match &command.command {
        Command::List(_) => list::run(options),
        Command::Show(command) => show::run(command, options),
        Command::Validate(command) => validate::run(command, options),
        Command::New(command) => new::run(command, options),
        #[cfg(feature = "package")]
        Command::Install(command) => install::run(command, options),
        Command::Remove(command) => package::remove(command, PackageKind::Skill, options),
        Command::Enable(command) => switch::run(&command.name, SkillSwitch::On, options),
        Command::Disable(command) => switch::run(&command.name, SkillSwitch::Off, options),
        Command::Approve(command) => package::approve(command, PackageKind::Skill, options),
        Command::Revoke(command) => package::revoke(command, PackageKind::Skill, options),
        #[cfg(feature = "package")]
        Command::Pack(command) => package::pack(command, PackageKind::Skill, options),
        #[cfg(feature = "package")]
        Command::Sign(command) => package::sign(command, PackageKind::Skill, options),
        #[cfg(feature = "package")]
        Command::Withdraw(command) => package::withdraw(command, PackageKind::Skill, options),
    }
}
