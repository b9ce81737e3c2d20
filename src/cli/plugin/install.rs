//! `weft-lite plugin install`: from a folder, an archive or a registry.

use std::path::PathBuf;

use argh::FromArgs;
use weft_lite::package::{Existing, PackageKind};

use crate::cli::flags::Options;
use crate::cli::package::{self, InstallRequest};
use crate::cli::{CommandFailure, Status};

/// Install a plugin, or another version of it.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "install",
    example = "{command_name} ./my-plugin\n{command_name} clock-1.0.0.tar.gz --yes\n{command_name} hub:com.example.clock@1.2 --registry /media/stick",
    note = "What the plugin asks for is shown and asked about on a terminal. Elsewhere --yes approves\nfiles, hosts and tools that are named, and storage; --approve all hosts (network), env, secrets,\nall tools (tools), shell, webhook and size (a module over 300 KB, of at most 2 MB); what is left makes it pending, and it does not\nrun. A package that is unsigned, older or signed by another key than the one it replaces\nneeds --approve change."
)]
pub(super) struct InstallPlugin {
    /// a plugin's folder, an archive, `hub:ID` or `hub:ID@VERSION`
    #[argh(positional, arg_name = "SOURCE")]
    source: String,
    /// the registry's folder (default: registry in `$WEFT_HOME`)
    #[argh(option, arg_name = "DIR")]
    registry: Option<PathBuf>,
    /// approve the files, hosts and tools that the plugin names, and its storage
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &InstallPlugin, options: &Options) -> Result<Status, CommandFailure> {
    let request = InstallRequest {
        kind: PackageKind::Plugin,
        source: &command.source,
        registry: command.registry.as_deref(),
        existing: Existing::Replace,
        yes: command.yes,
    };
    Ok(package::status(package::install(&request, options)?.as_ref()))
}
