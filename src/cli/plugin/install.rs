//! `weft-lite plugin install`: from a folder, an archive or a registry.

use std::path::PathBuf;

use argh::FromArgs;
use serde_json::json;
use weft_lite::{
    Approval, CompiledModule, InstallError, InstallSource, Installed, Installer, ReadLimits,
};

use super::approve::ask;
use crate::cli::logs::{self, Verbosity};
use crate::cli::options::Options;
use crate::cli::{Failure, Status, failed, output};

/// Install a plugin, or another version of it.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "install",
    example = "{command_name} ./my-plugin\n{command_name} clock-1.0.0.tar.gz --yes\n{command_name} hub:com.example.clock@1.2 --registry /media/stick",
    note = "What the plugin asks for is shown and asked about on a terminal. Elsewhere --yes approves\nfiles and hosts that are named, and --approve all hosts (network), env, secrets and shell;\nwhat is left makes it pending, and it does not run."
)]
pub(super) struct Install {
    /// a plugin's folder, an archive, `hub:ID` or `hub:ID@VERSION`
    #[argh(positional, arg_name = "SOURCE")]
    source: String,
    /// the registry's folder (default: registry in `$WEFT_HOME`)
    #[argh(option, arg_name = "DIR")]
    registry: Option<PathBuf>,
    /// approve the files and hosts that the plugin names
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &Install, options: &Options) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    let home = options.weft_home()?;
    let source = InstallSource::parse(&command.source).map_err(|error| refused(&error))?;
    let limits = options.read_limits()?;
    let check = |module: &[u8]| check_module(module, limits);
    let mut installer = Installer::new(&home, &check).limits(limits);
    if let Some(registry) = &command.registry {
        installer = installer.registry(registry);
    }
    let installed = installer.install(&source).map_err(|error| refused(&error))?;
    tell(&installed);
    let id = &installed.manifest.id;
    let asked = &installed.manifest.permissions;
    let waiting = ask(&home, id, asked, options.given(command.yes))?;
    if options.json {
        output::json(&json!({
            "id": id,
            "version": installed.manifest.version.to_string(),
            "replaced": installed.replaced.as_ref().map(ToString::to_string),
            "signed_by": installed.signed_by,
            "warnings": installed.warnings,
            "pending": waiting,
        }))?;
    }
    Ok(Status::Done)
}

/// What keeps a module from running.
pub(super) fn check_module(module: &[u8], limits: ReadLimits) -> Result<(), String> {
    let compiled = CompiledModule::with_limit(module, limits.module_bytes);
    compiled.map(|_| ()).map_err(|error| error.to_string())
}

/// What was installed, and what it asks for.
fn tell(installed: &Installed) {
    let Installed { manifest, replaced, signed_by, warnings, .. } = installed;
    let (id, version) = (&manifest.id, &manifest.version);
    let instead = replaced.as_ref().map(|old| format!(", in place of {old}")).unwrap_or_default();
    let signer = signed_by.as_ref().map(|name| format!(", signed by {name}")).unwrap_or_default();
    output::message(&format!("installed: {id} {version}{instead}{signer}"));
    for warning in warnings {
        output::message(&format!("warning: {warning}"));
    }
    for permission in Approval::NONE.missing(&manifest.permissions) {
        output::message(&format!("  asks for {permission}"));
    }
}

pub(super) fn refused(error: &InstallError) -> Failure {
    failed(error, error.next_step())
}
