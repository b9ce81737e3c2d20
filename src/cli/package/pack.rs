//! `weft-lite plugin pack` and `skill pack`: packs a package's folder into an archive, or adds it to a registry as
//! a release.

use std::fs;
use std::path::{Path, PathBuf};

use argh::FromArgs;
use weft_lite::errors::{InstallError, SignatureError};
use weft_lite::package::{
    DigestList, Package, PackageKind, PackageSignature, PrivateKey, Registry, is_own_archive,
    pack_folder, sha256_hex,
};

use super::install::{check_module, left_out};
use crate::cli::flags::Options;
use crate::cli::{CommandFailure, Status, output};

/// Pack a package's folder into an archive that can be installed.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "pack",
    example = "{command_name} ./clock\n{command_name} ./clock -o clock.tar.gz\n{command_name} ./clock --registry /media/stick",
    note = "The same files always give the same archive. Folders of builds and histories (target,\nnode_modules, .git, what has a CACHEDIR.TAG) are left out of it, but for what the manifest\nnames. What is packed with a signature is as it was signed; --key signs it again. A release\nin a registry must be signed."
)]
pub(in crate::cli) struct Pack {
    /// the package's folder
    #[argh(positional, arg_name = "DIR")]
    folder: PathBuf,
    /// the archive (default: `<id>-<version>.tar.gz` in the current folder)
    #[argh(option, short = 'o', arg_name = "FILE")]
    output: Option<PathBuf>,
    /// add it to the registry in this folder
    #[argh(option, arg_name = "DIR")]
    registry: Option<PathBuf>,
    /// sign it first, with the private key in this file
    #[argh(option, arg_name = "FILE")]
    key: Option<PathBuf>,
}

pub(in crate::cli) fn pack(
    command: &Pack,
    kind: PackageKind,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let folder = &command.folder;
    let limits = options.read_limits()?;
    let package = Package::read(kind, folder, limits)?;
    if let Some(module) = &package.module {
        check_module(module, limits).map_err(|problem| {
            CommandFailure::work(&problem, &"see `weft-lite plugin inspect` for all that is wrong")
        })?;
    }
    if let Some(registry) = &command.registry {
        if command.output.is_some() {
            return Err(CommandFailure::usage(
                &"`--registry` names the archive itself",
                &"leave out `--output`",
            ));
        }
        if is_inside(registry, folder) || is_below(registry, folder) {
            return Err(packed_next_time(registry, "--registry"));
        }
        sign(command)?;
        let release = Registry::publish(registry, kind, folder, limits)
            .map_err(|error| unsigned(&error, folder, kind))?;
        let archive = registry.join(&release.archive);
        return report(&archive, &release.sha256, folder, options);
    }
    let archive = command.output.clone().unwrap_or_else(|| file_name(&package).into());
    let is_left_out = archive.file_name().and_then(|it| it.to_str());
    let is_left_out = is_left_out.is_some_and(|name| is_own_archive(folder, name));
    if is_inside(&archive, folder) && !(is_left_out && is_directly_inside(&archive, folder)) {
        return Err(packed_next_time(&archive, "--output"));
    }
    sign(command)?;
    as_signed(folder).map_err(|error| unsigned(&error, folder, kind))?;
    let bytes = pack_folder(folder)?;
    fs::write(&archive, &bytes).map_err(|error| {
        CommandFailure::work(
            &format_args!("{} can't be written: {error}", archive.display()),
            &"name another place with `--output`",
        )
    })?;
    report(&archive, &sha256_hex(&bytes), folder, options)
}

/// Signs the package if there is a `--key`.
fn sign(Pack { folder, key, .. }: &Pack) -> Result<(), CommandFailure> {
    let Some(key) = key else { return Ok(()) };
    let key = PrivateKey::read(key)?;
    PackageSignature::create(folder, &key)?;
    Ok(())
}

/// Refuses a signature over other files than the packed ones: nobody could install the package.
fn as_signed(folder: &Path) -> Result<(), InstallError> {
    match PackageSignature::read(folder) {
        Ok(signature) => Ok(signature.is_of(&DigestList::to_pack(folder)?)?),
        Err(SignatureError::Missing) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The next step for a missing or invalid signature is the author's.
fn unsigned(error: &InstallError, folder: &Path, kind: PackageKind) -> CommandFailure {
    match error {
        InstallError::Signature(_) => {
            let sign = format_args!("weft-lite {kind} sign {}", folder.display());
            CommandFailure::work(
                &error,
                &format_args!("sign it with `{sign}`, or add `--key FILE`"),
            )
        }
        other => CommandFailure::of(other),
    }
}

/// The default name of the archive. A skill's version may be any text.
fn file_name(Package { id, version, .. }: &Package) -> String {
    let plain = |text: &&String| {
        text.len() <= 64 && text.chars().all(|it| it.is_ascii_alphanumeric() || "._+-".contains(it))
    };
    match version.as_ref().filter(plain) {
        Some(version) => format!("{id}-{version}.tar.gz"),
        None => format!("{id}.tar.gz"),
    }
}

fn report(
    archive: &Path,
    sha256: &str,
    folder: &Path,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let path = archive.display().to_string();
    let left_out = left_out(folder);
    if options.json {
        output::record(&[("archive", &path), ("sha256", &sha256), ("left_out", &left_out)])?;
    } else {
        output::data(&path)?;
    }
    Ok(Status::Done)
}

fn packed_next_time(place: &Path, option: &str) -> CommandFailure {
    CommandFailure::usage(
        &format_args!("{} would become a part of the next archive", place.display()),
        &format_args!("name another place with `{option}`"),
    )
}

fn is_below(place: &Path, folder: &Path) -> bool {
    match (place.canonicalize(), folder.canonicalize()) {
        (Ok(place), Ok(folder)) => place.starts_with(folder),
        _ => false,
    }
}

fn is_inside(file: &Path, folder: &Path) -> bool {
    parent(file).and_then(|it| Ok(it.starts_with(folder.canonicalize()?))).unwrap_or(false)
}

fn is_directly_inside(file: &Path, folder: &Path) -> bool {
    parent(file).and_then(|it| Ok(it == folder.canonicalize()?)).unwrap_or(false)
}

fn parent(file: &Path) -> std::io::Result<PathBuf> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).canonicalize()
}
