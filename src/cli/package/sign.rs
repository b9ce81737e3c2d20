//! `weft-lite plugin sign` and `skill sign`: a signature over every file of a package's folder.

use std::path::PathBuf;

use argh::FromArgs;
use serde_json::json;
use weft_lite::{Package, PackageKind, PackageSignature, PrivateKey, SIGNATURE_FILE};

use super::install::{left_out, refused};
use crate::cli::logs::{self, Verbosity};
use crate::cli::options::Options;
use crate::cli::{Failure, Status, failed, output};

/// Sign a package's folder; whatever changes afterwards in what is packed of it breaks the signature.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "sign",
    example = "{command_name} ./clock\n{command_name} ./clock --key my.key"
)]
pub(in crate::cli) struct Sign {
    /// the package's folder
    #[argh(positional, arg_name = "DIR")]
    folder: PathBuf,
    /// the private key's file (default: signing.key in `$WEFT_HOME`)
    #[argh(option, arg_name = "FILE")]
    key: Option<PathBuf>,
}

pub(in crate::cli) fn sign(
    command: &Sign,
    kind: PackageKind,
    options: &Options,
) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    let folder = &command.folder;
    let path = match &command.key {
        Some(path) => path.clone(),
        None => options.weft_home()?.join("signing.key"),
    };
    let key = PrivateKey::read(&path).map_err(|error| failed(&error, error.next_step()))?;
    Package::read(kind, folder, options.read_limits()?)
        .map_err(|error| failed(&error, error.next_step()))?;
    let signature = PackageSignature::create(folder, &key).map_err(|error| refused(&error))?;
    let left_out = left_out(folder);
    if options.json {
        let PackageSignature { key_id, signature, .. } = &signature;
        output::json(&json!({ "key_id": key_id, "signature": signature, "left_out": left_out }))?;
    } else {
        let file = folder.join(SIGNATURE_FILE);
        output::message(&format!("signed by {}: {}", signature.key_id, file.display()));
    }
    Ok(Status::Done)
}
