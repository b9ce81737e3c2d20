//! `weft-lite skill approve`: say yes to what a skill asks for.

use argh::FromArgs;
use weft_lite::Approval;
use weft_lite::package::{Package, PackageKind};
use weft_lite::skill::SkillLevel;

use super::named::Own;
use crate::cli::flags::Options;
use crate::cli::package::{Asking, approved, ask};
use crate::cli::{Failure, Status};

/// Approve what a skill's code and its `allowed-tools` ask for; exits with 1 while something is left.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "approve",
    example = "{command_name} deploy\n{command_name} deploy --approve shell",
    note = "On a terminal, each permission is asked about. Elsewhere --yes approves files and hosts\nthat are named, and --approve all hosts (network), env, secrets, shell and size (a large module).\nThe command itself is a yes to content that changed, which it shows."
)]
pub(super) struct Approve {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
    /// approve the files and hosts that it names
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &Approve, options: &Options) -> Result<Status, Failure> {
    let name = &command.name;
    let own = Own::find(options, name)?;
    let kind = PackageKind::Skill;
    let package = Package::read(kind, &own.folder, options.read_limits()?)?;
    // The words of a workspace are covered by the trust in it.
    let waiting = if own.level == SkillLevel::Workspace && package.module.is_none() {
        Vec::new()
    } else {
        let asking = Asking {
            kind,
            name,
            approval_id: &own.approval_id,
            folder: &own.folder,
            version: package.version.as_deref(),
            permissions: &package.permissions,
            // The command is the yes to what is there now.
            given: Approval { change: true, ..options.given(command.yes) },
        };
        ask(&options.weft_home()?, &asking)?
    };
    approved(kind, name, &waiting, options)
}
