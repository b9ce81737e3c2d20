//! `weft-lite skill revoke`: take back all that was approved.

use argh::FromArgs;
use weft_lite::package::{Approvals, Package, PackageKind};

use super::named::Own;
use crate::cli::flags::Options;
use crate::cli::{Failure, Status, output};

/// Take back all that was approved for a skill; its code goes out of service within a second.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "revoke", example = "{command_name} deploy")]
pub(super) struct Revoke {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
}

pub(super) fn run(command: &Revoke, options: &Options) -> Result<Status, Failure> {
    let name = &command.name;
    let own = Own::find(options, name)?;
    let package = Package::read(PackageKind::Skill, &own.folder, options.read_limits()?);
    if package.is_ok_and(|package| package.module.is_none() && package.permissions.is_empty()) {
        return Err(Failure::work(
            &format_args!("`{name}` is nothing but text, which needs no approval"),
            &format_args!("to do without it, use `weft-lite skill disable {name}`"),
        ));
    }
    Approvals::revoke(&options.weft_home()?, &own.approval_id)?;
    output::done(
        options.form(),
        &[("revoked", name)],
        &format_args!("revoked: {name} is not offered until it is approved again"),
    )
}
