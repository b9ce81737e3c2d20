//! `weft-lite plugin approve`: say yes to what an installed plugin asks for.

use argh::FromArgs;
use weft_lite::Approval;
use weft_lite::package::{Package, PackageKind, installed_folder};

use crate::cli::flags::Options;
use crate::cli::package::{Asking, approved, ask, not_installed};
use crate::cli::{Failure, Status};

/// Approve what an installed plugin asks for; exits with 1 while something is left.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "approve",
    example = "{command_name} com.example.clock\n{command_name} com.example.clock --yes --approve env,secrets",
    note = "On a terminal, each permission is asked about. Elsewhere --yes approves files and hosts\nthat are named, and --approve all hosts (network), env, secrets, shell and size (a large module).\nThe command itself is a yes to content that changed, which it shows."
)]
pub(super) struct Approve {
    /// the plugin's id
    #[argh(positional, arg_name = "ID")]
    id: String,
    /// approve the files and hosts that it names
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &Approve, options: &Options) -> Result<Status, Failure> {
    let home = options.weft_home()?;
    let id = &command.id;
    let kind = PackageKind::Plugin;
    let folder = installed_folder(&home, kind, id).ok_or_else(|| not_installed(&home, kind, id))?;
    let package = Package::read(kind, &folder, options.read_limits()?)?;
    let asking = Asking {
        kind,
        name: id,
        approval_id: &kind.approval_id(id),
        folder: &folder,
        version: package.version.as_deref(),
        permissions: &package.permissions,
        // The command is the yes to what is there now.
        given: Approval { change: true, ..options.given(command.yes) },
    };
    let waiting = ask(&home, &asking)?;
    approved(kind, id, &waiting, options)
}
