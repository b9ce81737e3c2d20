//! `weft-lite plugin sign` and `skill sign`: signs every file of a package's folder.

use std::path::PathBuf;

use argh::FromArgs;
use weft_lite::package::{Package, PackageKind, PackageSignature, PrivateKey, SIGNATURE_FILE};

use super::install::left_out;
use crate::cli::flags::Options;
use crate::cli::output::{self, AsJson};
use crate::cli::{CommandFailure, Status};

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
) -> Result<Status, CommandFailure> {
    let folder = &command.folder;
    let path = match &command.key {
        Some(path) => path.clone(),
        None => options.weft_home()?.join("signing.key"),
    };
    let key = PrivateKey::read(&path)?;
    Package::read(kind, folder, options.read_limits()?)?;
    let signature = PackageSignature::create(folder, &key)?;
    let left_out = left_out(folder);
    let PackageSignature { key_id, signature, .. } = &signature;
    let file = folder.join(SIGNATURE_FILE);
    let fields: [(&str, &dyn AsJson); 3] =
        [("key_id", key_id), ("signature", signature), ("left_out", &left_out)];
    let sentence = format_args!("signed by {key_id}: {}", file.display());
    output::done(options.form(), &fields, &sentence)
}
