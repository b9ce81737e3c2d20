//! The subcommands of `weft-lite skill`.

use argh::FromArgs;
use weft_lite::package::PackageKind;
use weft_lite::package::SkillSwitch;

#[cfg(feature = "bundled")]
use super::compile;
#[cfg(feature = "package")]
use super::install;
#[cfg(feature = "autonomous")]
use super::proposals;
use super::{list, new, show, switch, validate};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
use crate::cli::package;
use crate::cli::{CommandFailure, Status};

/// List, show, check, install and write skills.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "skill",
    example = "{command_name} list\n{command_name} install ./my-skill\n{command_name} validate ./skills --strict"
)]
pub(in crate::cli) struct SkillGroup {
    #[argh(subcommand)]
    command: SkillCommand,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum SkillCommand {
    List(list::ListSkills),
    Show(show::Show),
    Validate(validate::Validate),
    New(new::NewSkill),
    #[cfg(feature = "bundled")]
    Compile(compile::CompileSkill),
    #[cfg(feature = "package")]
    Install(install::InstallSkill),
    Remove(package::Remove),
    Enable(switch::Enable),
    Disable(switch::Disable),
    #[cfg(feature = "autonomous")]
    Pending(proposals::PendingSkills),
    #[cfg(feature = "autonomous")]
    Approve(proposals::ApproveSkill),
    #[cfg(not(feature = "autonomous"))]
    Approve(package::Approve),
    #[cfg(feature = "autonomous")]
    Reject(proposals::RejectSkill),
    #[cfg(feature = "autonomous")]
    Rollback(proposals::RollbackSkill),
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
    <SkillCommand as argh::SubCommands>::COMMANDS
}

pub(in crate::cli) fn run(
    command: &SkillGroup,
    options: &Options,
) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    match &command.command {
        SkillCommand::List(_) => list::run(options),
        SkillCommand::Show(command) => show::run(command, options),
        SkillCommand::Validate(command) => validate::run(command, options),
        SkillCommand::New(command) => new::run(command, options),
        #[cfg(feature = "bundled")]
        SkillCommand::Compile(command) => compile::run(command, options),
        #[cfg(feature = "package")]
        SkillCommand::Install(command) => install::run(command, options),
        SkillCommand::Remove(command) => package::remove(command, PackageKind::Skill, options),
        SkillCommand::Enable(command) => switch::run(&command.name, SkillSwitch::On, options),
        SkillCommand::Disable(command) => switch::run(&command.name, SkillSwitch::Off, options),
        #[cfg(feature = "autonomous")]
        SkillCommand::Pending(command) => proposals::pending(command, options),
        #[cfg(feature = "autonomous")]
        SkillCommand::Approve(command) => proposals::approve(command, options),
        #[cfg(feature = "autonomous")]
        SkillCommand::Reject(command) => proposals::reject(command, options),
        #[cfg(feature = "autonomous")]
        SkillCommand::Rollback(command) => proposals::roll_back(command, options),
        #[cfg(not(feature = "autonomous"))]
        SkillCommand::Approve(command) => package::approve(command, PackageKind::Skill, options),
        SkillCommand::Revoke(command) => package::revoke(command, PackageKind::Skill, options),
        #[cfg(feature = "package")]
        SkillCommand::Pack(command) => package::pack(command, PackageKind::Skill, options),
        #[cfg(feature = "package")]
        SkillCommand::Sign(command) => package::sign(command, PackageKind::Skill, options),
        #[cfg(feature = "package")]
        SkillCommand::Withdraw(command) => package::withdraw(command, PackageKind::Skill, options),
    }
}
