//! `weft-lite plugin withdraw` and `skill withdraw`: a release leaves a registry.

use std::path::PathBuf;

use argh::FromArgs;
use serde_json::json;
use weft_lite::{PackageKind, Registry, RegistryReference};

use super::install::refused;
use crate::cli::logs::{self, Verbosity};
use crate::cli::options::Options;
use crate::cli::{Failure, Status, output};

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
) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    let text = command.release.trim_start_matches("hub:");
    let reference = RegistryReference::parse(&format!("hub:{text}"));
    let reference = reference.ok().flatten();
    let Some(RegistryReference { id, version: Some(version) }) = reference else {
        return Err(Failure::Usage {
            message: format!("`{}` is no release", output::one_line(text)),
            next_step: "name it as ID@VERSION, with the version in full".into(),
        });
    };
    let folder = match &command.registry {
        Some(folder) => folder.clone(),
        None => options.weft_home()?.join("registry"),
    };
    let release = Registry::withdraw(&folder, kind, &id, &version).map_err(|it| refused(&it))?;
    if options.json {
        let version = release.version.to_string();
        output::json(&json!({ "withdrawn": id, "version": version, "archive": release.archive }))?;
    } else {
        output::message(&format!("withdrawn: {id} {}", release.version));
    }
    Ok(Status::Done)
}
