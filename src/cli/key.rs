//! `weft-lite key`: makes keys that sign packages, and manages the trusted keys.

use std::fs;
use std::path::PathBuf;

use argh::FromArgs;
use weft_lite::errors::{ActionableError, KeyError, KeyErrorKind};
use weft_lite::package::{InstallRecord, PackageKind, PrivateKey, TrustedKey, TrustedKeys};

use super::flags::Options;
use super::logs::{self, Verbosity};
use super::output::{self, AsJson};
use super::{CommandFailure, Status, suggestion};

/// Make a key to sign packages with, and say whose signatures count.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "key",
    example = "{command_name} new --out my.key\n{command_name} trust their.key.pub --name them"
)]
pub(super) struct Key {
    #[argh(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum KeyCommand {
    New(NewKey),
    Trust(TrustKey),
    List(ListKeys),
    Remove(RemoveKey),
}

/// Make a new key: a private file, to be kept, and a public one, to be given away.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "new", example = "{command_name}\n{command_name} --out my.key")]
struct NewKey {
    /// the private key's file; the public one is beside it, with `.pub` behind its name (default:
    /// signing.key in `$WEFT_HOME`)
    #[argh(option, arg_name = "FILE")]
    out: Option<PathBuf>,
}

/// Trust a key: packages of a registry that it signed may be installed.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "trust", example = "{command_name} their.key.pub --name them")]
struct TrustKey {
    /// the public key's file
    #[argh(positional, arg_name = "FILE")]
    file: PathBuf,
    /// a name for the key's owner (default: the file's name)
    #[argh(option, arg_name = "NAME")]
    name: Option<String>,
}

/// List the keys that are trusted.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "list", example = "{command_name} --json")]
struct ListKeys {}

/// Trust a key no more. What it signed and is installed stays, and is named.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "remove",
    example = "{command_name} them\n{command_name} 0f2c4a6b8d1e3f57"
)]
struct RemoveKey {
    /// what the key is called here, or its id (`weft-lite key list`)
    #[argh(positional, arg_name = "NAME")]
    name: String,
}

/// The commands of this group.
pub(super) fn commands() -> &'static [&'static argh::CommandInfo] {
    <KeyCommand as argh::SubCommands>::COMMANDS
}

pub(super) fn run(command: &Key, options: &Options) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    match &command.command {
        KeyCommand::New(command) => new(command, options),
        KeyCommand::Trust(command) => trust(command, options),
        KeyCommand::List(_) => list(options),
        KeyCommand::Remove(command) => remove(command, options),
    }
}

fn new(command: &NewKey, options: &Options) -> Result<Status, CommandFailure> {
    let path = match &command.out {
        Some(path) => path.clone(),
        None => {
            let home = options.weft_home()?;
            // If this fails, writing the key fails too and reports why.
            let _ = fs::create_dir_all(&home);
            home.join("signing.key")
        }
    };
    let key_id = PrivateKey::create(&path).map_err(|error| refused(&error))?.key_id();
    let public_path = PrivateKey::public_path(&path).display().to_string();
    let path = path.display().to_string();
    if options.json {
        let fields: [(&str, &dyn AsJson); 3] =
            [("key_id", &key_id), ("private_key", &path), ("public_key", &public_path)];
        output::record(&fields)?;
    } else {
        output::data(&key_id)?;
        output::message(&format_args!("keep {path} to yourself; give {public_path} away"));
    }
    Ok(Status::Done)
}

fn trust(command: &TrustKey, options: &Options) -> Result<Status, CommandFailure> {
    let home = options.weft_home()?;
    let trusted = TrustedKeys::trust(&home, &command.file, command.name.as_deref())
        .map_err(|error| refused(&error))?;
    let TrustedKey { name, key } = trusted;
    let key_id = key.key_id();
    let fields: [(&str, &dyn AsJson); 2] = [("key_id", &key_id), ("name", &name)];
    output::done(options.form(), &fields, &format_args!("trusted: {key_id} ({name})"))
}

fn list(options: &Options) -> Result<Status, CommandFailure> {
    let keys = TrustedKeys::read(&options.weft_home()?).map_err(|error| refused(&error))?;
    let rows: Vec<[String; 2]> =
        keys.iter().map(|TrustedKey { name, key }| [key.key_id(), name.clone()]).collect();
    if options.json {
        let keys = rows.iter().map(|[id, name]| output::object(&[("key_id", id), ("name", name)]));
        output::json(&keys.collect::<Vec<_>>())?;
    } else {
        output::table(["key", "name"], &rows)?;
    }
    Ok(Status::Done)
}

fn remove(RemoveKey { name }: &RemoveKey, options: &Options) -> Result<Status, CommandFailure> {
    let home = options.weft_home()?;
    let keys = TrustedKeys::read(&home).map_err(|error| refused(&error))?;
    let is_named = |it: &&TrustedKey| it.name == *name || it.key.key_id() == *name;
    let mut named: Vec<String> = keys.iter().filter(is_named).map(|it| it.key.key_id()).collect();
    named.dedup();
    let key_id = match named.as_slice() {
        [key_id] => key_id,
        [] => {
            let ids: Vec<String> = keys.iter().map(|it| it.key.key_id()).collect();
            let known =
                keys.iter().map(|it| it.name.as_str()).chain(ids.iter().map(String::as_str));
            let next_step = suggestion(name, known, "see `weft-lite key list` for those there are");
            return Err(CommandFailure::work(
                &format_args!("no key `{name}` is trusted"),
                &next_step,
            ));
        }
        several => {
            let next_step = format_args!("name one by its id: {}", several.join(", "));
            return Err(CommandFailure::work(
                &format_args!("several keys are called `{name}`"),
                &next_step,
            ));
        }
    };
    TrustedKeys::distrust(&home, key_id).map_err(|error| refused(&error))?;
    let mut still: Vec<(PackageKind, InstallRecord)> = Vec::new();
    for kind in [PackageKind::Plugin, PackageKind::Skill] {
        let records = InstallRecord::signed_by(&home, kind, key_id).unwrap_or_default();
        still.extend(records.into_iter().map(|record| (kind, record)));
    }
    if options.json {
        let still = still.iter().map(|(kind, it)| {
            output::object(&[("kind", &kind.as_str()), ("id", &it.id), ("version", &it.version)])
        });
        let still: Vec<_> = still.collect();
        output::record(&[("removed", key_id), ("still_installed", &still)])?;
        return Ok(Status::Done);
    }
    output::message(&format_args!("not trusted any more: {key_id}"));
    for (kind, record) in &still {
        let message = format_args!(
            "still installed, and not in service any more: the {kind} {}",
            record.name()
        );
        let next_step =
            format_args!("if it is not wanted either: `weft-lite {kind} remove {}`", record.id);
        output::advise(&message, &next_step);
    }
    Ok(Status::Done)
}

fn refused(error: &KeyError) -> CommandFailure {
    let next_step = error.next_step();
    let next_step = match error.kind {
        KeyErrorKind::Missing => {
            "check the path: the file, or the folder that it is to be in".to_owned()
        }
        KeyErrorKind::Exists => format!("{next_step} with `--out`"),
        KeyErrorKind::Name => format!("{next_step}, with `--name`"),
        _ => next_step,
    };
    CommandFailure::work(error, &next_step)
}
