//! `weft-lite plugin revoke` and `skill revoke`: revokes all approvals of a package.

use argh::FromArgs;
use weft_lite::package::{Approvals, Package, PackageKind};

use super::target::ApprovalTarget;
use crate::cli::flags::Options;
use crate::cli::{CommandFailure, Status, output};

/// Take back all approvals; a running weft-lite stops using the code within a second.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "revoke", example = "{command_name} com.example.clock")]
pub(in crate::cli) struct Revoke {
    /// the plugin's id, or the skill's name
    #[argh(positional, arg_name = "ID")]
    id: String,
}

pub(in crate::cli) fn revoke(
    command: &Revoke,
    kind: PackageKind,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let id = &command.id;
    let target = ApprovalTarget::find(kind, id, options)?;
    let consequence = match kind {
        PackageKind::Plugin => "does not run",
        PackageKind::Skill => {
            check_needs_approval(id, &target, options)?;
            "is not offered"
        }
    };
    Approvals::revoke(&options.weft_home()?, &target.approval_id)?;
    output::done(
        options.form(),
        &[("revoked", id)],
        &format_args!("revoked: {id} {consequence} until it is approved again"),
    )
}

/// Refuses a skill that is only text, because it has no approvals.
fn check_needs_approval(
    name: &str,
    target: &ApprovalTarget,
    options: &Options,
) -> Result<(), CommandFailure> {
    let package = Package::read(PackageKind::Skill, &target.folder, options.read_limits()?);
    if package.is_ok_and(|package| package.module.is_none() && package.permissions.is_empty()) {
        return Err(CommandFailure::work(
            &format_args!("`{name}` is nothing but text, which needs no approval"),
            &format_args!("to do without it, use `weft-lite skill disable {name}`"),
        ));
    }
    Ok(())
}
