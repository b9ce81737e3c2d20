//! `weft-lite plugin approve` and `skill approve`: approves the permissions of an installed package.

use argh::FromArgs;
use weft_lite::Approval;
use weft_lite::package::{Package, PackageKind};

use super::ask::{ApprovalRequest, approved, ask};
use super::target::ApprovalTarget;
use crate::cli::flags::Options;
use crate::cli::{CommandFailure, Status};

/// Approve what an installed package asks for; exits with 1 while something is left.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "approve",
    example = "{command_name} com.example.clock\n{command_name} com.example.clock --yes --approve env,secrets",
    note = "On a terminal, each permission is asked about. Elsewhere --yes approves files, hosts\nand tools that are named, and storage; --approve all hosts (network), env, secrets, all tools\n(tools), shell, webhook and size (a large module).\nIf the content has changed, the command shows the changes and approves them."
)]
pub(in crate::cli) struct Approve {
    /// the plugin's id, or the skill's name
    #[argh(positional, arg_name = "ID")]
    pub(in crate::cli) id: String,
    /// approve the files, hosts and tools that it names, and its storage
    #[argh(switch)]
    pub(in crate::cli) yes: bool,
}

pub(in crate::cli) fn approve(
    command: &Approve,
    kind: PackageKind,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let id = &command.id;
    let target = ApprovalTarget::find(kind, id, options)?;
    let package = Package::read(kind, &target.folder, options.read_limits()?)?;
    // The trust in a workspace covers the texts of its skills.
    let waiting = if target.is_in_workspace && package.module.is_none() {
        Vec::new()
    } else {
        let asking = ApprovalRequest {
            kind,
            name: id,
            approval_id: &target.approval_id,
            folder: &target.folder,
            version: package.version.as_deref(),
            permissions: &package.permissions,
            // The command approves the current content.
            given: Approval { change: true, ..options.given(command.yes) },
        };
        ask(&options.weft_home()?, &asking)?
    };
    approved(kind, id, &waiting, options)
}
