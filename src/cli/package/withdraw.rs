//! `weft-lite plugin withdraw` and `skill withdraw`: removes a release from a registry.

use std::path::PathBuf;

use argh::FromArgs;
use weft_lite::package::{PackageKind, Registry, RegistryReference};

use crate::cli::flags::Options;
use crate::cli::output::{self, AsJson};
use crate::cli::{CommandFailure, Status};

/// Take a release out of a registry, with its archive.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "withdraw",
    example = "{command_name} com.example.clock@1.2.0 --registry /media/stick",
    note = "Nobody can install it from there any more, and its version can be used again. Where it is\ninstalled already, it stays: raise the version for whoever has it."
)]
pub(in crate::cli) struct Withdraw {
    /// the release, as ID@VERSION
    #[argh(positional, arg_name = "ID@VERSION")]
    release: String,
    /// the registry's folder (default: registry in `$WEFT_HOME`)
    #[argh(option, arg_name = "DIR")]
    registry: Option<PathBuf>,
}

pub(in crate::cli) fn withdraw(
    command: &Withdraw,
    kind: PackageKind,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let text = command.release.trim_start_matches("hub:");
    let reference = RegistryReference::parse(&format!("hub:{text}"));
    let reference = reference.ok().flatten();
    let Some(RegistryReference { id, version: Some(version) }) = reference else {
        return Err(CommandFailure::usage(
            &format_args!("`{}` is no release", output::one_line(text)),
            &"name it as ID@VERSION, with the version in full",
        ));
    };
    let folder = match &command.registry {
        Some(folder) => folder.clone(),
        None => options.weft_home()?.join("registry"),
    };
    let release = Registry::withdraw(&folder, kind, &id, &version)?;
    let version = release.version.to_string();
    let fields: [(&str, &dyn AsJson); 3] =
        [("withdrawn", &id), ("version", &version), ("archive", &release.archive)];
    output::done(options.form(), &fields, &format_args!("withdrawn: {id} {version}"))
}
