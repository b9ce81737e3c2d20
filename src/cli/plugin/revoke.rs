//! `weft-lite plugin revoke`: take back all that was approved.

use argh::FromArgs;
use weft_lite::package::{Approvals, PackageKind, installed_folder};

use crate::cli::flags::Options;
use crate::cli::package::not_installed;
use crate::cli::{Failure, Status, output};

/// Take back all that was approved; a plugin in service goes out of it at once.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "revoke", example = "{command_name} com.example.clock")]
pub(super) struct Revoke {
    /// the plugin's id
    #[argh(positional, arg_name = "ID")]
    id: String,
}

pub(super) fn run(command: &Revoke, options: &Options) -> Result<Status, Failure> {
    let home = options.weft_home()?;
    let id = &command.id;
    installed_folder(&home, PackageKind::Plugin, id)
        .ok_or_else(|| not_installed(&home, PackageKind::Plugin, id))?;
    Approvals::revoke(&home, id)?;
    output::done(
        options.form(),
        &[("revoked", id)],
        &format_args!("revoked: {id} does not run until it is approved again"),
    )
}
